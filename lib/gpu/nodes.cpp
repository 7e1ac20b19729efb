#include <algorithm>

#include <fmt/format.h>

#include "gpu/nodes_internal.h"

namespace suit::gpu {
namespace {

constexpr unsigned kNvidiaMajor = 195;  // registered: Documentation/admin-guide/devices.txt
constexpr unsigned kControlMinor = 255;
constexpr unsigned kModesetMinor = 254;

unsigned nvidia_major(const Host& host) {
  const auto found = host.majors.find("nvidia");
  return found == host.majors.end() ? kNvidiaMajor : found->second;
}

}  // namespace

bool has_word(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::vector<ExpectedNode> control_nodes(const Host& host,
                                        const std::vector<std::string>& capabilities) {
  if (host.is_wsl) return {};
  const unsigned major = nvidia_major(host);
  std::vector<ExpectedNode> out = {{"/dev/nvidiactl", major, kControlMinor}};
  // Its major is given out anew at every boot.
  const auto uvm = host.majors.find("nvidia-uvm");
  if (uvm != host.majors.end() && has_word(capabilities, "compute")) {
    out.push_back({"/dev/nvidia-uvm", uvm->second, 0});
    out.push_back({"/dev/nvidia-uvm-tools", uvm->second, 1});
  }
  const bool shows = has_word(capabilities, "display") || has_word(capabilities, "graphics");
  if (shows && host.node("/dev/nvidia-modeset"))
    out.push_back({"/dev/nvidia-modeset", major, kModesetMinor});
  return out;
}

ExpectedNode gpu_node(const Host& host, const NvidiaGpu& gpu) {
  return {fmt::format("/dev/nvidia{}", gpu.minor), nvidia_major(host), gpu.minor};
}

std::vector<ExpectedNode> slice_nodes(const Host& host, const MigDevice& slice) {
  const auto caps = host.majors.find("nvidia-caps");
  if (caps == host.majors.end()) return {};
  std::vector<ExpectedNode> out;
  for (unsigned cap : {slice.gpu_cap, slice.compute_cap})
    out.push_back({fmt::format("/dev/nvidia-caps/nvidia-cap{}", cap), caps->second, cap});
  return out;
}

std::vector<const DeviceNode*> drm_nodes(const Host& host, const std::string& bus) {
  std::vector<const DeviceNode*> out;
  // /proc writes 0000:06:00.0, sysfs too; case may differ in the letters of a number.
  for (const PciGpu& gpu : host.pci) {
    if (gpu.address != bus) continue;
    for (const std::string& path : gpu.drm)
      if (const DeviceNode* node = host.node(path)) out.push_back(node);
  }
  return out;
}

Result<void> check_node(const Host& host, const ExpectedNode& expected) {
  const DeviceNode* node = host.node(expected.path);
  if (!node || (node->major == expected.major && node->minor == expected.minor)) return {};
  return fail(0,
              fmt::format("\"{}\" is device {}:{}, not {}:{}", expected.path, node->major,
                          node->minor, expected.major, expected.minor),
              "remove it; nvidia-modprobe -c 0 makes the right one");
}

}  // namespace suit::gpu
