/// \file
/// The stages of a file and what they take from where, as a picture.

#pragma once

#include <string>

#include "dockerfile/stage.h"

namespace suit::dockerfile {

/// A list: every stage with its base, what it copies and mounts, and whether the target needs it.
std::string graph_text(const Dockerfile& file, const Resolution& resolution);

/// For `dot`. \source the DOT language of Graphviz
std::string graph_dot(const Dockerfile& file, const Resolution& resolution);

/// A drawing of its own: stages from left to right, each behind what it needs. Bases are full
/// lines, copies dashed, mounts dotted; what the target does not need is grey.
/// \source SVG 1.1
std::string graph_svg(const Dockerfile& file, const Resolution& resolution);

}  // namespace suit::dockerfile
