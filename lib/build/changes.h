/// \file
/// `--change` of commit and import: single Dockerfile instructions on a finished image.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "oci/image.h"

namespace suit::build {

/// Applies \p changes, one instruction each, to the config of an image.
/// \errors 0 in the parser's words, with the instruction's place; 0 for instructions that would run
/// or copy something
Result<void> apply_changes(oci::ImageConfig& config, const std::vector<std::string>& changes);

}  // namespace suit::build
