// A probe as JSON and as text.

#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gpu/probe.h"

namespace suit::gpu {
namespace {

using oci::Json;

std::string_view name_of(FileKind kind) {
  switch (kind) {
    case FileKind::Library:
      return "library";
    case FileKind::Program:
      return "program";
    case FileKind::Data:
      return "data";
    case FileKind::Firmware:
      return "firmware";
    case FileKind::Socket:
      return "socket";
  }
  return "unknown";
}

std::string_view vendor_name(std::uint16_t vendor) {
  return vendor == kNvidia  ? "NVIDIA"
         : vendor == kAmd   ? "AMD"
         : vendor == kIntel ? "Intel"
                            : "other";
}

Json pci_of(const Host& host) {
  Json out = Json::array();
  for (const PciGpu& gpu : host.pci) {
    Json one = Json::object();
    one.set("address", gpu.address).set("vendor", fmt::format("{:#06x}", gpu.vendor));
    one.set("device", fmt::format("{:#06x}", gpu.device));
    one.set("class", fmt::format("{:#08x}", gpu.class_)).set("driver", gpu.driver);
    out.push(one.set("drm", gpu.drm));
  }
  return out;
}

Json gpus_of(const NvidiaDriver& driver) {
  Json out = Json::array();
  for (const NvidiaGpu& gpu : driver.gpus) {
    Json mig = Json::array();
    for (const MigDevice& slice : gpu.mig) {
      Json one = Json::object();
      one.set("gpuInstance", slice.gpu_instance).set("computeInstance", slice.compute_instance);
      mig.push(one.set("gpuCap", slice.gpu_cap).set("computeCap", slice.compute_cap));
    }
    Json one = Json::object();
    one.set("bus", gpu.bus).set("uuid", gpu.uuid).set("model", gpu.model).set("minor", gpu.minor);
    out.push(one.set("mig", std::move(mig)));
  }
  return out;
}

Json nvidia_of(const NvidiaDriver& driver) {
  Json dirs = Json::array();
  for (const DriverDir& dir : driver.dirs) {
    Json one = Json::object();
    dirs.push(one.set("path", dir.path).set("version", dir.version));
  }
  Json files = Json::array();
  for (const DriverFile& file : driver.files) {
    Json one = Json::object();
    one.set("path", file.path).set("kind", name_of(file.kind));
    files.push(one.set("capability", file.capability).set("names", file.names));
  }
  Json out = Json::object();
  out.set("moduleVersion", driver.module_version).set("openModule", driver.open_module);
  out.set("libraryVersion", driver.library_version());
  out.set("cudaVersion", cuda_of_driver(driver.library_version()));
  out.set("gpus", gpus_of(driver)).set("dirs", std::move(dirs));
  return out.set("files", std::move(files));
}

void describe_nvidia(const NvidiaDriver& driver, std::string& out) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "NVIDIA module    {}\n",
                 driver.module_version.empty()
                     ? "not loaded"
                     : driver.module_version + (driver.open_module ? " (open)" : ""));
  for (const DriverDir& dir : driver.dirs)
    fmt::format_to(to, "driver files     {} in {}, for CUDA up to {}\n", dir.version, dir.path,
                   cuda_of_driver(dir.version));
  if (driver.dirs.empty()) out += "driver files     none\n";
  for (std::size_t i = 0; i < driver.gpus.size(); ++i) {
    const NvidiaGpu& gpu = driver.gpus[i];
    fmt::format_to(to, "GPU {}            {} {} {} /dev/nvidia{}\n", i, gpu.bus, gpu.model,
                   gpu.uuid, gpu.minor);
    for (std::size_t j = 0; j < gpu.mig.size(); ++j)
      fmt::format_to(to, "  slice {}:{}      GPU instance {}, compute instance {}\n", i, j,
                     gpu.mig[j].gpu_instance, gpu.mig[j].compute_instance);
  }
}

}  // namespace

Json to_value(const Host& host) {
  Json majors = Json::object();
  for (const auto& [name, major] : host.majors)
    if (name.starts_with("nvidia") || name == "drm" || name == "kfd") majors.set(name, major);
  Json nodes = Json::array();
  for (const auto& [path, node] : host.nodes) {
    Json one = Json::object();
    one.set("path", path).set("major", node.major).set("minor", node.minor);
    nodes.push(one.set("mode", fmt::format("{:04o}", node.mode)));
  }
  Json out = Json::object();
  out.set("pci", pci_of(host)).set("modules", host.modules).set("majors", std::move(majors));
  out.set("nodes", std::move(nodes)).set("wsl", host.is_wsl);
  return out.set("nvidia", nvidia_of(host.nvidia));
}

std::string describe(const Host& host) {
  std::string out;
  auto to = std::back_inserter(out);
  if (host.pci.empty()) out += "PCI bus          no GPU\n";
  for (const PciGpu& gpu : host.pci)
    fmt::format_to(to, "PCI bus          {} {} {:04x}:{:04x}, driver {}\n", gpu.address,
                   vendor_name(gpu.vendor), gpu.vendor, gpu.device,
                   gpu.driver.empty() ? "none" : gpu.driver);
  if (host.is_wsl) out += "WSL              /dev/dxg, the driver is Windows'\n";
  describe_nvidia(host.nvidia, out);
  for (const auto& [path, node] : host.nodes)
    fmt::format_to(to, "{:<16} c {}:{} {:04o}\n", path, node.major, node.minor, node.mode);
  return out;
}

}  // namespace suit::gpu
