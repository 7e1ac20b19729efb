// The user-space half of NVIDIA's driver: where a host keeps it, and what belongs to it.
//
// A library of the driver carries the driver's version in its file name, libcuda.so.580.159.03. So
// a directory with such a file for libcuda or libnvidia-ml is a driver directory, and every file in
// it with that ending is the driver's: no list of names to keep up to date.

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "gpu/elf.h"
#include "gpu/ld_cache.h"
#include "gpu/probe_internal.h"

namespace suit::gpu {
namespace {

constexpr std::string_view kWslDir = "/usr/lib/wsl/lib";

// Directories in the order in which a loader would look, then those of hosts that keep the driver
// apart: data-centre images, NixOS, driver containers.
std::vector<std::string> candidate_dirs(const View& host) {
  const std::string arch = own_multiarch();
  std::vector<std::string> dirs = {"/usr/lib64",
                                   "/usr/lib/" + arch,
                                   "/usr/lib/" + arch + "/nvidia/current",
                                   "/lib64",
                                   "/lib/" + arch,
                                   "/lib/" + arch + "/nvidia/current",
                                   "/usr/lib",
                                   "/usr/lib64/nvidia",
                                   "/usr/local/nvidia/lib64",
                                   "/usr/local/nvidia/lib",
                                   "/run/opengl-driver/lib",
                                   "/opt/nvidia/lib64",
                                   std::string(kWslDir)};
  const auto cache = parse_ld_cache(host.text("/etc/ld.so.cache", 8U << 20));
  if (cache)
    for (const CachedLibrary& library : *cache)
      if (library.name == "libcuda.so.1" || library.name == "libnvidia-ml.so.1")
        dirs.push_back(dir_name(library.path));
  return dirs;
}

bool is_version(std::string_view text) {
  return text.find('.') != std::string_view::npos && text.size() >= 3 &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::vector<DriverDir> find_dirs(const View& host, const std::string& module_version) {
  std::vector<DriverDir> out;
  std::set<std::pair<dev_t, ino_t>> seen;  // /lib is often a link to /usr/lib
  for (const std::string& dir : candidate_dirs(host)) {
    const auto info = host.info(dir);
    if (!info || !seen.emplace(info->st_dev, info->st_ino).second) continue;
    std::set<std::string, std::less<>> versions;
    for (const std::string& name : host.names(dir))
      for (std::string_view library : {"libcuda.so.", "libnvidia-ml.so."})
        if (const std::string_view version = version_in(name, library); !version.empty())
          versions.emplace(version);
    for (const std::string& version : versions)
      out.push_back({dir, version});
  }
  // Two versions side by side: the one that talks to the loaded module.
  std::ranges::stable_partition(
      out, [&](const DriverDir& dir) { return dir.version == module_version; });
  return out;
}

struct Belongs {
  std::string_view name;
  std::string_view capability;
};

// What is not here goes with every capability.
constexpr std::array kLibraries = std::to_array<Belongs>({
    {"libnvidia-ml.so", "utility"},
    {"libnvidia-cfg.so", "utility"},
    {"libnvidia-nscq.so", "utility"},
    {"libcuda.so", "compute"},
    {"libcudadebugger.so", "compute"},
    {"libnvidia-opencl.so", "compute"},
    {"libnvidia-gpucomp.so", "compute"},
    {"libnvidia-ptxjitcompiler.so", "compute"},
    {"libnvidia-fatbinaryloader.so", "compute"},
    {"libnvidia-allocator.so", "compute"},
    {"libnvidia-compiler.so", "compute"},
    {"libnvidia-pkcs11.so", "compute"},
    {"libnvidia-pkcs11-openssl3.so", "compute"},
    {"libnvidia-nvvm.so", "compute"},
    {"libnvidia-nvvm70.so", "compute"},
    {"libnvidia-tileiras.so", "compute"},
    {"libvdpau_nvidia.so", "video"},
    {"libnvidia-encode.so", "video"},
    {"libnvidia-opticalflow.so", "video"},
    {"libnvcuvid.so", "video"},
    {"libnvidia-eglcore.so", "graphics"},
    {"libnvidia-glcore.so", "graphics"},
    {"libnvidia-tls.so", "graphics"},
    {"libnvidia-glsi.so", "graphics"},
    {"libnvidia-fbc.so", "graphics"},
    {"libnvidia-ifr.so", "graphics"},
    {"libnvidia-rtcore.so", "graphics"},
    {"libnvoptix.so", "graphics"},
    {"libGLX_nvidia.so", "graphics"},
    {"libEGL_nvidia.so", "graphics"},
    {"libGLESv2_nvidia.so", "graphics"},
    {"libGLESv1_CM_nvidia.so", "graphics"},
    {"libnvidia-glvkspirv.so", "graphics"},
    {"libnvidia-cbl.so", "graphics"},
    {"libnvidia-egl-gbm.so", "graphics"},
    {"libnvidia-egl-wayland.so", "graphics"},
    {"libnvidia-egl-xcb.so", "graphics"},
    {"libnvidia-egl-xlib.so", "graphics"},
    {"libnvidia-ngx.so", "ngx"},
});

constexpr std::array kPrograms = std::to_array<Belongs>({
    {"nvidia-smi", "utility"},
    {"nvidia-debugdump", "utility"},
    {"nvidia-persistenced", "utility"},
    {"nv-fabricmanager", "utility"},
    {"nvidia-imex", "utility"},
    {"nvidia-imex-ctl", "utility"},
    {"nvidia-cuda-mps-control", "compute"},
    {"nvidia-cuda-mps-server", "compute"},
});

constexpr std::array kData = std::to_array<Belongs>({
    {"glvnd/egl_vendor.d/10_nvidia.json", "graphics"},
    {"egl/egl_external_platform.d/10_nvidia_wayland.json", "graphics"},
    {"egl/egl_external_platform.d/15_nvidia_gbm.json", "graphics"},
    {"vulkan/icd.d/nvidia_icd.json", "graphics"},
    {"vulkan/icd.d/nvidia_layers.json", "graphics"},
    {"vulkan/implicit_layer.d/nvidia_layers.json", "graphics"},
    {"nvidia/nvoptix.bin", "graphics"},
    {"OpenCL/vendors/nvidia.icd", "compute"},
});

constexpr std::array kSockets = std::to_array<Belongs>({
    {"/run/nvidia-persistenced/socket", "utility"},
    {"/run/nvidia-fabricmanager/socket", "utility"},
    {"/tmp/nvidia-mps", "compute"},
});

std::string_view library_stem(std::string_view name) {
  const std::size_t end = name.find(".so");
  return end == std::string_view::npos ? name : name.substr(0, end + 3);
}

std::string capability_of(std::string_view name) {
  const auto* found = std::ranges::find(kLibraries, library_stem(name), &Belongs::name);
  return found == kLibraries.end() ? "" : std::string(found->capability);
}

// Under which other names the library is asked for: its SONAME, and the links that lead to it.
std::vector<std::string> names_of(const View& host, const std::string& path,
                                  const std::map<std::string, std::set<std::string>>& links) {
  const std::string file = base_name(path);
  std::set<std::string> names;
  if (const auto linked = links.find(file); linked != links.end()) names = linked->second;
  if (const auto opened = host.root().open_in(path, O_RDONLY | O_NONBLOCK)) {
    const auto elf = read_elf(*opened);
    // A name with a slash in it would be a path of the library's choosing.
    if (elf && !elf->soname.empty() && elf->soname.find('/') == std::string::npos)
      names.insert(elf->soname);
  }
  // The driver opens these by a name that nothing leads to. \source internal/discover/symlinks.go
  const std::string_view stem = library_stem(file);
  if (stem == "libcuda.so") names.insert({"libcuda.so", "libcuda.so.1"});
  if (stem == "libnvidia-ml.so") names.insert("libnvidia-ml.so.1");
  if (stem == "libnvidia-opticalflow.so") names.insert("libnvidia-opticalflow.so");
  if (stem == "libGLX_nvidia.so") names.insert("libGLX_indirect.so.0");
  names.erase(file);
  return {names.begin(), names.end()};
}

void add_libraries(const View& host, const std::string& dir, const std::string& version,
                   std::vector<DriverFile>& out) {
  const std::string ending = ".so." + version;
  std::map<std::string, std::set<std::string>> links;
  const std::vector<std::string> names = host.names(dir);
  for (const std::string& name : names)
    if (const std::string target = host.link(dir + "/" + name);
        !target.empty() && target.find('/') == std::string::npos)
      links[target].insert(name);
  for (const std::string& name : names) {
    const bool is_drivers = name.ends_with(ending) || name.starts_with("libnvidia-nvvm70.so.");
    const std::string path = dir + "/" + name;
    if (!name.starts_with("lib") || !is_drivers || !host.is_file(path)) continue;
    out.push_back({path, FileKind::Library, capability_of(name), names_of(host, path, links)});
  }
}

// Windows keeps its driver in one directory, under names of its own.
void add_wsl(const View& host, std::vector<DriverFile>& out) {
  const std::string dir(kWslDir);
  for (const std::string& name : host.names(dir)) {
    const bool is_library = name.starts_with("lib") && name.find(".so") != std::string::npos;
    if (is_library && host.is_file(dir + "/" + name))
      out.push_back({dir + "/" + name, FileKind::Library, capability_of(name), {}});
  }
}

void add_first(const View& host, std::span<const std::string> dirs, const Belongs& wanted,
               FileKind kind, std::vector<DriverFile>& out) {
  for (const std::string& dir : dirs) {
    const std::string path = fmt::format("{}/{}", dir, wanted.name);
    if (!host.is_file(path)) continue;
    out.push_back({path, kind, std::string(wanted.capability), {}});
    return;
  }
}

// Those that are there, each once: /bin is often a link to /usr/bin. What is not there need not be
// asked for every file.
std::vector<std::string> existing(const View& host, const std::vector<std::string>& dirs) {
  std::vector<std::string> out;
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const std::string& dir : dirs) {
    const auto info = host.info(dir);
    if (info && S_ISDIR(info->st_mode) && seen.emplace(info->st_dev, info->st_ino).second)
      out.push_back(dir);
  }
  return out;
}

void add_firmware(const View& host, const std::string& version, std::vector<DriverFile>& out) {
  for (const char* root : {"/lib/firmware/updates", "/lib/firmware", "/usr/lib/firmware"}) {
    const std::string dir = fmt::format("{}/nvidia/{}", root, version);
    for (const std::string& name : host.names(dir))
      if (name.starts_with("gsp") && name.ends_with(".bin"))
        out.push_back({dir + "/" + name, FileKind::Firmware, "", {}});
    if (!out.empty() && out.back().kind == FileKind::Firmware) return;
  }
}

}  // namespace

std::string_view version_in(std::string_view name, std::string_view library) {
  if (!name.starts_with(library)) return {};
  const std::string_view version = name.substr(library.size());
  return is_version(version) ? version : std::string_view();
}

void probe_driver_files(const View& host, Host& out) {
  NvidiaDriver& driver = out.nvidia;
  driver.dirs = find_dirs(host, driver.module_version);
  if (out.is_wsl && host.is_dir(std::string(kWslDir))) {
    add_wsl(host, driver.files);
  } else if (!driver.dirs.empty()) {
    const DriverDir& use = driver.dirs[0];
    add_libraries(host, use.path, use.version, driver.files);
    add_libraries(host, use.path + "/vdpau", use.version, driver.files);
    add_firmware(host, use.version, driver.files);
  }
  if (driver.files.empty()) return;
  // A driver that is kept apart has its programs and data beside its libraries.
  const std::string beside = dir_name(dir_name(driver.files[0].path));
  const std::vector<std::string> programs =
      existing(host, {"/usr/bin", "/usr/sbin", "/bin", "/sbin", "/run/current-system/sw/bin",
                      "/usr/local/nvidia/bin", std::string(kWslDir), beside + "/bin"});
  const std::vector<std::string> data =
      existing(host, {"/etc", "/usr/share", "/run/opengl-driver/share", "/usr/local/nvidia/share",
                      beside + "/share"});
  for (const Belongs& wanted : kPrograms)
    add_first(host, programs, wanted, FileKind::Program, driver.files);
  for (const Belongs& wanted : kData)
    add_first(host, data, wanted, FileKind::Data, driver.files);
  for (const Belongs& wanted : kSockets)
    if (host.has(std::string(wanted.name)))
      driver.files.push_back(
          {std::string(wanted.name), FileKind::Socket, std::string(wanted.capability), {}});
}

}  // namespace suit::gpu
