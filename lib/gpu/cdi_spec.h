/// \file
/// A CDI specification: what a container needs in order to use a device, as a file says it.
///
///     cdiVersion: 0.5.0
///     kind: nvidia.com/gpu
///     devices: [{name: "0", containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}}]
///     containerEdits: {mounts: [{hostPath: …, containerPath: …}]}
///
/// \source CDI specification 1.1 (cncf-tags/container-device-interface, SPEC.md)

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"

namespace suit::gpu {

struct CdiDeviceNode {
  std::string path = {};       ///< in the container
  std::string host_path = {};  ///< empty: the same
  std::string type = {};       ///< b, c, u, p; empty: the host node's
  std::int64_t major = 0;      ///< 0 with minor 0: the host node's
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode = {};
  std::string permissions = {};  ///< of `rwm`; empty: all; `none`
  std::optional<std::uint32_t> uid = {}, gid = {};
  friend bool operator==(const CdiDeviceNode&, const CdiDeviceNode&) = default;
};

struct CdiMount {
  std::string host_path = {};
  std::string container_path = {};
  std::vector<std::string> options = {};
  std::string type = {};
  friend bool operator==(const CdiMount&, const CdiMount&) = default;
};

struct CdiHook {
  std::string name = {};  ///< `createContainer` and its five siblings
  std::string path = {};
  std::vector<std::string> args = {};
  std::vector<std::string> env = {};
  std::optional<std::int64_t> timeout_s = {};
  friend bool operator==(const CdiHook&, const CdiHook&) = default;
};

struct CdiNetDevice {
  std::string host_interface = {};
  std::string name = {};
  friend bool operator==(const CdiNetDevice&, const CdiNetDevice&) = default;
};

/// Cache and bandwidth of a processor; kept as written but for the name that becomes a directory.
struct CdiIntelRdt {
  std::string clos_id = {};
  oci::Json members = oci::Json::object();  ///< all of it, `closID` too
  friend bool operator==(const CdiIntelRdt&, const CdiIntelRdt&) = default;
};

struct ContainerEdits {
  std::vector<std::string> env = {};  ///< \shape `NAME=value`
  std::vector<CdiDeviceNode> device_nodes = {};
  std::vector<CdiNetDevice> net_devices = {};
  std::vector<CdiHook> hooks = {};
  std::vector<CdiMount> mounts = {};
  std::optional<CdiIntelRdt> intel_rdt = {};
  std::vector<std::uint32_t> additional_gids = {};
  bool empty() const;
  /// Adds what \p other asks for behind what is here.
  void append(const ContainerEdits& other);
  friend bool operator==(const ContainerEdits&, const ContainerEdits&) = default;
};

struct CdiDevice {
  std::string name = {};
  std::map<std::string, std::string> annotations = {};
  ContainerEdits edits = {};
};

struct CdiSpec {
  std::string version = {};  ///< \shape `0.5.0`
  std::string kind = {};     ///< \shape `nvidia.com/gpu`
  std::map<std::string, std::string> annotations = {};
  std::vector<CdiDevice> devices = {};
  ContainerEdits edits = {};  ///< for whoever uses any of the devices
};

enum class CdiFormat { Json, Yaml };

/// Reads and checks a whole specification. Strict: an unknown member is refused, since it may be a
/// misspelt one; so are duplicate keys, YAML aliases, and a version too old for what is used.
/// \errors 0 with the JSON pointer of the member at fault, or line:column for broken syntax
Result<CdiSpec> parse_cdi(std::string_view text, CdiFormat format);

/// The lowest version that has all that \p spec uses: older engines pass newer files over in
/// silence, so a generator should claim no more than it needs.
std::string_view minimum_version(const CdiSpec& spec);

oci::Json to_value(const CdiSpec& spec);
oci::Json to_value(const ContainerEdits& edits);

}  // namespace suit::gpu
