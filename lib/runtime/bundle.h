/// \file
/// A bundle: a directory with config.json, and the paths that it means.
/// \source OCI runtime-spec, bundle.md

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/spec.h"

namespace suit::runtime {

/// A bundle as it was read.
struct Bundle {
  std::string path;  ///< absolute
  std::string text;  ///< of config.json
  oci::Spec spec;    ///< its paths are absolute, its environment has HOME
};

/// Reads `config.json` of the directory \p path, or the file \p config.
/// \errors those of open(2); 0 with the JSON pointer of the member at fault
Result<Bundle> load_bundle(const std::string& path, const std::string& config = "");

/// The spec that \p text means in the bundle \p path.
Result<oci::Spec> bundle_spec(std::string_view text, const std::string& path);

/// Adds HOME of the user's entry in the root's /etc/passwd, where the environment has none.
void add_home(oci::Process& process, const std::string& rootfs);

}  // namespace suit::runtime
