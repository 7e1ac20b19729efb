// What the kernel shows: the bus, modules, device numbers, nodes.

#include "gpu/probe.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/split.h"
#include "gpu/probe_internal.h"
#include "gpu/view_internal.h"

namespace suit::gpu {
namespace {

std::optional<unsigned> number(std::string_view text, int base = 10) {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  unsigned value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// PCI base classes: 0x03 display controllers (00 VGA, 02 3D), 0x12 processing accelerators.
bool computes(std::uint32_t class_code) {
  return class_code >> 16 == 0x03 || class_code >> 16 == 0x12;
}

std::vector<PciGpu> probe_pci(const View& host) {
  const std::string bus = "/sys/bus/pci/devices";
  std::vector<PciGpu> out;
  for (const std::string& address : host.names(bus)) {
    const std::string dir = bus + "/" + address;
    const auto read = [&](const char* file) {
      return number(host.line(dir + "/" + file), 16).value_or(0);
    };
    PciGpu gpu;
    gpu.address = address;
    gpu.class_ = read("class");
    if (!computes(gpu.class_)) continue;
    gpu.vendor = static_cast<std::uint16_t>(read("vendor"));
    gpu.device = static_cast<std::uint16_t>(read("device"));
    gpu.driver = base_name(host.link(dir + "/driver"));
    for (const std::string& name : host.names(dir + "/drm"))
      if (name.starts_with("card") || name.starts_with("renderD"))
        gpu.drm.push_back("/dev/dri/" + name);
    out.push_back(std::move(gpu));
  }
  return out;
}

bool is_gpu_node(std::string_view name) {
  return name.starts_with("nvidia") || name == "kfd" || name == "dxg" || name.starts_with("gdrdrv");
}

void probe_nodes(const View& host, const std::string& dir, Host& out) {
  for (const std::string& name : host.names(dir)) {
    const std::string path = dir + "/" + name;
    if (dir == "/dev" && !is_gpu_node(name) && name != "dri") continue;
    const auto info = host.link_info(path);
    if (!info) continue;
    if (S_ISDIR(info->st_mode) && dir == "/dev") probe_nodes(host, path, out);
    if (!S_ISCHR(info->st_mode)) continue;
    out.nodes[path] = {
        path,        'c', major(info->st_rdev), minor(info->st_rdev), info->st_mode & 07777U,
        info->st_gid};
  }
}

// The slices that exist, with the numbers of their capabilities.
std::vector<MigDevice> probe_mig(const View& host, unsigned gpu_minor,
                                 const std::map<std::string, unsigned>& minors) {
  std::vector<MigDevice> out;
  const std::string dir = fmt::format("/proc/driver/nvidia/capabilities/gpu{}/mig", gpu_minor);
  for (const std::string& gi : host.names(dir)) {
    const auto gpu_instance =
        number(std::string_view(gi).substr(std::min<std::size_t>(2, gi.size())));
    if (!gi.starts_with("gi") || !gpu_instance) continue;
    for (const std::string& ci : host.names(dir + "/" + gi)) {
      const auto compute = number(std::string_view(ci).substr(std::min<std::size_t>(2, ci.size())));
      const std::string key = fmt::format("gpu{}/{}", gpu_minor, gi);
      const auto gpu_cap = minors.find(key + "/access");
      const auto compute_cap = minors.find(key + "/" + ci + "/access");
      if (!ci.starts_with("ci") || !compute || gpu_cap == minors.end() ||
          compute_cap == minors.end())
        continue;
      out.push_back({*gpu_instance, *compute, gpu_cap->second, compute_cap->second});
    }
  }
  std::ranges::sort(out, {}, [](const MigDevice& mig) {
    return std::pair(mig.gpu_instance, mig.compute_instance);
  });
  return out;
}

void probe_module(const View& host, Host& out) {
  NvidiaDriver& driver = out.nvidia;
  if (const auto version = parse_driver_version(host.text("/proc/driver/nvidia/version")))
    std::tie(driver.module_version, driver.open_module) = *version;
  driver.params = host.text("/proc/driver/nvidia/params");
  const auto minors = parse_mig_minors(host.text("/proc/driver/nvidia-caps/mig-minors"));
  for (const std::string& bus : host.names("/proc/driver/nvidia/gpus")) {
    auto gpu = parse_gpu_information(host.text("/proc/driver/nvidia/gpus/" + bus + "/information"));
    if (!gpu) continue;
    if (gpu->bus.empty()) gpu->bus = bus;
    gpu->mig = probe_mig(host, gpu->minor, minors);
    driver.gpus.push_back(*std::move(gpu));
  }
  std::ranges::sort(driver.gpus, {}, &NvidiaGpu::bus);
}

}  // namespace

const DeviceNode* Host::node(const std::string& path) const {
  const auto found = nodes.find(path);
  return found == nodes.end() ? nullptr : &found->second;
}

std::vector<const PciGpu*> Host::of_vendor(std::uint16_t vendor) const {
  std::vector<const PciGpu*> out;
  for (const PciGpu& gpu : pci)
    if (gpu.vendor == vendor) out.push_back(&gpu);
  return out;
}

Host probe(const os::Root& root) {
  const View host(root);
  Host out;
  out.pci = probe_pci(host);
  out.majors = parse_proc_devices(host.text("/proc/devices"));
  probe_nodes(host, "/dev", out);
  for (const char* module : {"nvidia", "nvidia_uvm", "nvidia_modeset", "nvidia_drm", "nouveau",
                             "amdgpu", "i915", "xe", "vfio_pci"})
    if (host.is_dir(fmt::format("/sys/module/{}", module))) out.modules.emplace_back(module);
  out.is_wsl = out.node("/dev/dxg") != nullptr;
  probe_module(host, out);
  probe_driver_files(host, out);
  return out;
}

std::map<std::string, unsigned> parse_proc_devices(std::string_view text) {
  std::map<std::string, unsigned> out;
  bool characters = false;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.ends_with(':')) characters = line == "Character devices:";
    const std::size_t space = line.find(' ');
    const auto major = number(line.substr(0, space));
    if (!characters || !major || space == std::string_view::npos) continue;
    std::string name(trim(line.substr(space)));
    // What drivers called it before 550.40.
    if (name == "nvidia-frontend") name = "nvidia";
    out.emplace(std::move(name), *major);
  }
  return out;
}

std::optional<std::pair<std::string, bool>> parse_driver_version(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  if (!line.starts_with("NVRM version:")) return std::nullopt;
  for (std::string_view word : split(line, ' ')) {
    const bool is_version = word.find('.') != std::string_view::npos && word.size() >= 5 &&
                            word.find_first_not_of("0123456789.") == std::string_view::npos;
    if (is_version)
      return std::pair(std::string(word),
                       line.find("Open Kernel Module") != std::string_view::npos);
  }
  return std::nullopt;
}

std::optional<NvidiaGpu> parse_gpu_information(std::string_view text) {
  NvidiaGpu gpu;
  bool has_minor = false;
  for (std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "Model") gpu.model = value;
    if (key == "GPU UUID" && value.find('?') == std::string_view::npos) gpu.uuid = value;
    if (key == "Bus Location") gpu.bus = value;
    if (const auto minor = number(value); key == "Device Minor" && minor) {
      gpu.minor = *minor;
      has_minor = true;
    }
  }
  return has_minor ? std::optional(std::move(gpu)) : std::nullopt;
}

std::map<std::string, unsigned> parse_mig_minors(std::string_view text) {
  std::map<std::string, unsigned> out;
  for (std::string_view line : split(text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    if (const auto minor = number(trim(line.substr(space))))
      out.emplace(line.substr(0, space), *minor);
  }
  return out;
}

std::string params_for_container(std::string_view params) {
  std::string out;
  for (std::string_view line : split(params, '\n')) {
    if (line.empty()) continue;
    out += line.starts_with("ModifyDeviceFiles:") ? "ModifyDeviceFiles: 0" : line;
    out += '\n';
  }
  return out;
}

std::string cuda_of_driver(std::string_view version) {
  // Driver branch and the newest CUDA that it runs. \source CUDA Toolkit Release Notes, table 3
  constexpr std::array<std::pair<unsigned, std::string_view>, 22> kBranches = {
      {{590, "13.1"}, {580, "13.0"}, {575, "12.9"}, {570, "12.8"}, {565, "12.7"}, {560, "12.6"},
       {555, "12.5"}, {550, "12.4"}, {545, "12.3"}, {535, "12.2"}, {530, "12.1"}, {525, "12.0"},
       {520, "11.8"}, {515, "11.7"}, {510, "11.6"}, {495, "11.5"}, {470, "11.4"}, {465, "11.3"},
       {460, "11.2"}, {455, "11.1"}, {450, "11.0"}, {440, "10.2"}}};
  const auto branch = number(version.substr(0, version.find('.')));
  if (!branch) return "";
  for (const auto& [least, cuda] : kBranches)
    if (*branch >= least) return std::string(cuda);
  return "";
}

}  // namespace suit::gpu
