/// \file
/// An image as a picture: layers as wide as they are large, files as tiles in them.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/layers.h"

namespace suit::cli {

/// The picture alone. Tiles of files that later layers replace or delete are hatched.
/// \param titles one a layer: its instruction
std::string treemap_svg(const std::vector<store::LayerReport>& layers,
                        const std::vector<std::string>& titles);

/// A page with the picture and a table; it needs nothing from the network.
std::string treemap_html(std::string_view image, const std::vector<store::LayerReport>& layers,
                         const std::vector<std::string>& titles);

}  // namespace suit::cli
