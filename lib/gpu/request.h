/// \file
/// What a container asks for: `--gpus`, `--device` and the NVIDIA_* variables, understood.
///
/// A request comes from the command line alone. An image can set NVIDIA_VISIBLE_DEVICES=all in its
/// own environment, and CUDA's images do; who runs it has not asked for a GPU by that.
/// \source docker/cli opts/gpus.go; NVIDIA container toolkit, internal/config/image

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"

namespace suit::gpu {

/// One `--gpus`, as Docker's API calls it.
struct DeviceRequest {
  std::string driver;
  int count = 0;  ///< -1: all
  std::vector<std::string> device_ids = {};
  std::vector<std::vector<std::string>> capabilities = {};  ///< any of these sets
  std::map<std::string, std::string> options = {};
};

/// The grammar alone: Docker accepts here what its daemon refuses later.
/// \param text \shape `all`, `2`, `"device=0,1"`, `driver=nvidia,"capabilities=compute,utility"`
/// \errors 0 in Docker's words
Result<DeviceRequest> parse_gpus_flag(std::string_view text);
/// What the grammar lets pass and nobody can mean.
/// \errors 0: `cannot set both Count and DeviceIDs on device request`, with what to write instead
Result<void> check_request(const DeviceRequest& request);

/// `--device /dev/fuse:/dev/fuse:rw`
struct PlainDevice {
  std::string host_path;
  std::string path;         ///< in the container
  std::string permissions;  ///< of `rwm`
};
/// \errors 0 in Docker's words
Result<PlainDevice> parse_plain_device(std::string_view text);

/// Everything a container asks for; recorded with it, looked up again at every start.
struct Request {
  std::vector<DeviceRequest> gpus = {};
  std::vector<std::string> devices = {};  ///< qualified names, `nvidia.com/gpu=0`
  std::vector<PlainDevice> plain = {};
  std::vector<std::string> spec_dirs = {};       ///< of CDI files; empty: the default ones
  std::string driver_root = {};                  ///< below which the driver is; empty: `/`
  std::optional<std::string> capabilities = {};  ///< NVIDIA_DRIVER_CAPABILITIES of `-e`
  bool empty() const { return gpus.empty() && devices.empty() && plain.empty(); }
};

/// Adds what `-e NVIDIA_VISIBLE_DEVICES=…` and `-e NVIDIA_DRIVER_CAPABILITIES=…` ask for.
Result<void> add_variables(Request& request, const std::vector<std::string>& env);

oci::Json to_value(const Request& request);
Request request_of(const oci::Json& value);

/// Which GPUs NVIDIA_VISIBLE_DEVICES means.
struct VisibleDevices {
  enum class Kind { Nothing, DriverOnly, All, Listed };
  Kind kind = Kind::Nothing;
  std::vector<std::string> ids = {};
};
/// An image that was made before NVIDIA_REQUIRE_CUDA and means `all` when it says nothing.
enum class LegacyImage { No, Yes };
VisibleDevices parse_visible_devices(std::optional<std::string_view> value,
                                     LegacyImage legacy = LegacyImage::No);
bool is_legacy_image(const std::vector<std::string>& env);

/// The driver's parts, by the words of NVIDIA_DRIVER_CAPABILITIES, in their order.
/// \errors 0 naming the words that are none
Result<std::vector<std::string>> parse_driver_capabilities(std::optional<std::string_view> value,
                                                           LegacyImage legacy = LegacyImage::No);

}  // namespace suit::gpu
