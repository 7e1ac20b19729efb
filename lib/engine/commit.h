/// \file
/// What a container changed: listed, or made an image.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "layer/layer.h"
#include "naming/reference.h"
#include "store/store.h"

namespace suit::engine {

/// What differs from the image, in the order of a layer; directories that hold a change are among
/// them.
Result<std::vector<layer::Change>> changes_of(Engine& engine, const Status& container);

struct CommitOptions {
  std::string author;
  std::string message;
  std::vector<naming::Reference> names;  ///< none: the image is listed without a name
  bool pause = true;                     ///< its processes stand still meanwhile, where they can
  /// Last word on the config (`--change`).
  std::function<Result<void>(oci::ImageConfig&)> adjust;
};

/// The image of the container with one layer more: its changes.
Result<store::Image> commit(Engine& engine, const Status& container, const CommitOptions& options);

}  // namespace suit::engine
