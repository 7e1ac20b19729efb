/// \file
/// `--volume` and `--mount`: what to show inside a container, in Docker's two grammars.
/// \source docker/cli opts/mount.go and compose-go's short syntax

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/volumes.h"
#include "oci/spec.h"

namespace suit::cli {

/// A mount as it was asked for, supported or not.
struct MountRequest {
  std::string type = "volume";  ///< `bind`, `volume`, `tmpfs`, `image`, …
  std::string source;
  std::string target;
  bool read_only = false;
  std::string propagation;  ///< `rprivate`, `slave`, …; empty: the default
  std::string recursive;    ///< of a bind: `enabled`, `disabled`, `writable`, `readonly`, or empty
  bool create_source = false;
  bool no_copy = false;  ///< of a volume
  std::map<std::string, std::string> labels;
  std::string driver;
  std::map<std::string, std::string> driver_options;
  std::string subpath;
  std::optional<std::uint64_t> tmpfs_size_bytes;
  std::optional<std::uint32_t> tmpfs_mode;
};

/// `SRC:DST[:OPTIONS]`; a source that starts with `/`, `.` or `~` is a bind.
Result<MountRequest> parse_volume(std::string_view text);

/// `type=bind,source=/a,target=/b,readonly`. A relative source is below \p cwd, an absolute path.
Result<MountRequest> parse_mount(std::string_view text, const std::string& cwd);

/// A request of type `volume`; without a source it is a new one without a name.
/// \errors 0 for drivers and options that we do not have
Result<engine::VolumeRequest> to_volume_request(const MountRequest& request);

/// The request as the runtime mounts it.
/// \errors 0 for kinds that we do not have yet
Result<oci::SpecMount> to_spec_mount(const MountRequest& request, const std::string& cwd);

}  // namespace suit::cli
