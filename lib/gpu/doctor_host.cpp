// The host's side: GPU, kernel module, nodes, files.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "gpu/cdi_registry.h"
#include "gpu/doctor_internal.h"
#include "gpu/nodes_internal.h"
#include "os/process.h"

namespace suit::gpu {

bool is_nvidia(const Patient& p) {
  const bool has_other = !p.host.of_vendor(kAmd).empty() || !p.host.of_vendor(kIntel).empty();
  return p.host.is_wsl || !p.host.of_vendor(kNvidia).empty() || !p.host.nvidia.gpus.empty() ||
         !has_other;
}

Check check_gpu(const Patient& p) {
  Check check = begin("H1", "a GPU", Side::Host);
  if (!p.readable) return skip(std::move(check), "neither /proc nor /sys can be seen here");
  if (p.host.is_wsl) return pass(std::move(check), "/dev/dxg: Windows passes its GPU on");
  for (const std::uint16_t vendor : {kNvidia, kAmd, kIntel})
    for (const PciGpu* gpu : p.host.of_vendor(vendor))
      check.evidence.push_back(fmt::format("/sys/bus/pci/devices/{}: {:04x}:{:04x}", gpu->address,
                                           gpu->vendor, gpu->device));
  for (const NvidiaGpu& gpu : p.host.nvidia.gpus)
    if (check.evidence.empty() || p.host.of_vendor(kNvidia).empty())
      check.evidence.push_back(fmt::format("/proc/driver/nvidia/gpus/{}: {}", gpu.bus, gpu.model));
  check.verdict = Verdict::Pass;
  if (!check.evidence.empty()) return check;
  return failed(std::move(check),
                "/sys/bus/pci/devices: no display or 3D controller of NVIDIA, AMD or Intel",
                "put in a GPU, or pass one to this virtual machine; to learn without one: "
                "--device suit.dev/softgpu=0");
}

namespace {

Check without_module(const Patient& p, Check check) {
  for (const PciGpu* gpu : p.host.of_vendor(kNvidia)) {
    const std::string where = fmt::format("/sys/bus/pci/devices/{}/driver: {}", gpu->address,
                                          gpu->driver.empty() ? "none" : gpu->driver);
    if (gpu->driver == "nouveau")
      return failed(std::move(check), where + ", which cannot run CUDA",
                    "install NVIDIA's driver, blacklist nouveau, reboot");
    if (gpu->driver == "vfio-pci")
      return failed(std::move(check), where + ", which keeps it for a virtual machine",
                    "give the device back to the nvidia driver");
    check.evidence.push_back(where);
  }
  return failed(std::move(check), "/proc/driver/nvidia/version: not there",
                "modprobe nvidia; if there is no such module, install the driver");
}

Check check_other_module(const Patient& p, Check check) {
  for (const char* module : {"amdgpu", "xe", "i915"})
    if (has_word(p.host.modules, module))
      return pass(std::move(check), fmt::format("/sys/module/{}", module));
  return failed(std::move(check), "/sys/module: neither amdgpu, xe nor i915",
                "modprobe amdgpu (or xe, i915)");
}

}  // namespace

Check check_module(const Patient& p) {
  Check check = begin("H2", "the driver is loaded", Side::Host);
  if (!p.readable) return skip(std::move(check), "see H1");
  if (p.host.is_wsl) return skip(std::move(check), "the driver is Windows'");
  if (!is_nvidia(p)) return check_other_module(p, std::move(check));
  const NvidiaDriver& driver = p.host.nvidia;
  if (driver.module_version.empty()) return without_module(p, std::move(check));
  if (driver.gpus.empty())
    return failed(std::move(check), "/proc/driver/nvidia/gpus: empty",
                  "the module has found no GPU; see `dmesg | grep NVRM`");
  return pass(std::move(check),
              fmt::format("/proc/driver/nvidia/version: {}{}", driver.module_version,
                          driver.open_module ? ", open modules" : ""));
}

namespace {

// What the errno of open(2) says; measured with nodes of drivers that were not there.
std::string meaning_of(int code) {
  switch (code) {
    case ENXIO:
      return "no driver answers";
    case EPERM:
      return "a device cgroup forbids it";
    case EACCES:
      return "the file system is mounted nodev, or the mode forbids it";
    case EIO:
      return "the GPU does not answer";
    default:
      return "";
  }
}

std::optional<std::string> cannot_open(const Patient& p, const std::string& path) {
  if (!p.input.host_is_live) return std::nullopt;
  const auto opened = p.input.host->open_in(path, O_RDWR | O_NONBLOCK | O_NOCTTY);
  if (opened) return std::nullopt;
  return fmt::format("{}: {}: {}", path, opened.error().message(),
                     meaning_of(opened.error().code()));
}

Check check_drm_nodes(const Patient& p, Check check) {
  for (const PciGpu& gpu : p.host.pci)
    for (const DeviceNode* node : drm_nodes(p.host, gpu.address))
      check.evidence.push_back(fmt::format("{} {}:{}", node->path, node->major, node->minor));
  const bool needs_kfd = !p.host.of_vendor(kAmd).empty();
  if (needs_kfd && !p.host.node("/dev/kfd"))
    return failed(std::move(check), "/dev/kfd: not there", "modprobe amdgpu; ROCm needs this node");
  if (check.evidence.empty())
    return failed(std::move(check), "/dev/dri: no node of a GPU", "load the driver, or run udev");
  check.verdict = Verdict::Pass;
  return check;
}

}  // namespace

Check check_nodes(const Patient& p) {
  Check check = begin("H3", "device nodes", Side::Host);
  if (p.host.is_wsl) return pass(std::move(check), "/dev/dxg");
  if (!is_nvidia(p)) return check_drm_nodes(p, std::move(check));
  if (p.host.nvidia.gpus.empty()) return skip(std::move(check), "the driver knows no GPU (H2)");
  if (!p.host.majors.contains("nvidia-uvm"))
    return failed(std::move(check), "/proc/devices: no nvidia-uvm, so no unified memory",
                  "modprobe nvidia_uvm");
  std::vector<ExpectedNode> wanted = control_nodes(p.host, {"compute"});
  for (const NvidiaGpu& gpu : p.host.nvidia.gpus)
    wanted.push_back(gpu_node(p.host, gpu));
  for (const ExpectedNode& node : wanted) {
    if (!p.host.node(node.path))
      return failed(std::move(check), node.path + ": not there",
                    "nvidia-modprobe -u -c 0 makes the nodes");
    if (auto checked = check_node(p.host, node); !checked)
      return failed(std::move(check), checked.error().what(), checked.error().hint());
    if (auto why = cannot_open(p, node.path))
      return failed(std::move(check), *why, "see `dmesg | grep NVRM` and the node's mode");
    check.evidence.push_back(fmt::format("{} {}:{}", node.path, node.major, node.minor));
  }
  check.verdict = Verdict::Pass;
  return check;
}

Check check_driver_files(const Patient& p) {
  Check check = begin("H4", "driver libraries", Side::Host);
  if (!p.readable) return skip(std::move(check), "see H1");
  if (!is_nvidia(p)) return skip(std::move(check), "AMD's and Intel's are in the image");
  const NvidiaDriver& driver = p.host.nvidia;
  if (p.host.is_wsl)
    return driver.files.empty()
               ? failed(std::move(check), "/usr/lib/wsl/lib: empty", "update Windows' driver")
               : pass(std::move(check), "/usr/lib/wsl/lib");
  if (driver.dirs.empty())
    return failed(std::move(check),
                  "no libcuda.so.<version> in any library directory, nor in /usr/local/nvidia",
                  "install the user-space part of the driver (libcuda1, libnvidia-ml1)");
  const DriverDir& dir = driver.dirs[0];
  const std::string where = fmt::format("{}: {}", dir.path, dir.version);
  if (!driver.module_version.empty() && dir.version != driver.module_version)
    return failed(std::move(check),
                  fmt::format("{}, but /proc/driver/nvidia/version: {} "
                              "(\"Driver/library version mismatch\")",
                              where, driver.module_version),
                  "the driver was updated while loaded: reboot, or unload and load its modules");
  for (const char* name : {"libcuda.so.", "libnvidia-ml.so."})
    if (std::ranges::none_of(driver.files, [&](const DriverFile& file) {
          return base_name(file.path).starts_with(name);
        }))
      return failed(std::move(check), fmt::format("{}: no {}{}", dir.path, name, dir.version),
                    "reinstall the user-space part of the driver");
  return pass(std::move(check),
              fmt::format("{}, CUDA up to {}", where, cuda_of_driver(dir.version)));
}

namespace {

// Files that a specification mounts and that are not there any more.
std::optional<std::string> stale_mount(const Patient& p, const CdiSpec& spec) {
  for (const CdiMount& mount : spec.edits.mounts)
    if (mount.host_path.starts_with('/') && !p.host_view.has(mount.host_path))
      return mount.host_path;
  return std::nullopt;
}

}  // namespace

Check check_toolkit(const Patient& p) {
  Check check = begin("H5", "container toolkit, CDI files", Side::Host);
  check.verdict = Verdict::Pass;
  for (const char* program : {"nvidia-ctk", "nvidia-cdi-hook", "nvidia-container-runtime-hook"})
    if (p.host_view.has(fmt::format("/usr/bin/{}", program)))
      check.evidence.push_back(fmt::format("/usr/bin/{}", program));
  const CdiRegistry registry = CdiRegistry::load(*p.input.host, default_cdi_dirs());
  for (const CdiProblem& problem : registry.problems())
    return warned(std::move(check), fmt::format("{}: {}", problem.path, problem.error.message()),
                  "mend or remove the file; --gpus does not use it");
  for (const std::string& name : registry.devices()) {
    const auto found = registry.find(name);
    if (const auto gone = stale_mount(p, *found->spec))
      return warned(std::move(check),
                    fmt::format("{} mounts {}, which is not there any more", found->path, *gone),
                    "make it again: suit cdi generate --output " + found->path);
    check.evidence.push_back(fmt::format("{}: {}", found->path, name));
  }
  if (check.evidence.empty()) check.evidence.emplace_back("none is there, and suit needs none");
  return check;
}

Result<std::string> run_nvidia_smi(const std::string& program) {
  // A driver in trouble keeps its callers waiting for ever.
  constexpr os::CaptureLimits kLimits = {1U << 16, std::chrono::seconds(10)};
  SUIT_LET(const os::Captured run, os::run_and_capture({program, "-L"}, {}, {}, kLimits));
  const std::string said = run.out.empty() ? run.err : run.out;
  if (run.status.shell_code() == 0) return said;
  return fail(0, fmt::format("exit {}: {}", run.status.shell_code(),
                             said.substr(0, std::min<std::size_t>(said.find('\n'), 200))));
}

Check check_smi(const Patient& p) {
  Check check = begin("H6", "nvidia-smi on the host", Side::Host);
  if (!is_nvidia(p)) return skip(std::move(check), "no GPU of NVIDIA");
  const auto program = std::ranges::find_if(p.host.nvidia.files, [](const DriverFile& file) {
    return base_name(file.path) == "nvidia-smi";
  });
  if (p.host.nvidia.files.empty()) return skip(std::move(check), "no driver files (H4)");
  if (program == p.host.nvidia.files.end())
    return failed(std::move(check), "no nvidia-smi beside the driver",
                  "install the driver's utilities (nvidia-smi)");
  if (!p.input.host_is_live)
    return skip(std::move(check), program->path + ": not run, since this is another root");
  const auto said = run_nvidia_smi(program->path);
  if (!said)
    return failed(std::move(check), fmt::format("{}: {}", program->path, said.error().message()),
                  "mend the host first: no container can do better");
  return pass(std::move(check), said->substr(0, said->find('\n')));
}

Check check_device_rules(const Patient& p) {
  Check check = begin("H7", "device rules", Side::Host);
  for (const char* path : {"/sys/fs/cgroup/devices", "/sys/fs/cgroup/cgroup.controllers"})
    if (p.host_view.has(path)) return pass(std::move(check), path);
  if (!p.input.host_is_live) return skip(std::move(check), "no cgroups in this root");
  return warned(std::move(check), "/sys/fs/cgroup: neither v1 devices nor v2",
                "nothing but capabilities keeps containers from other devices; mount cgroup2");
}

}  // namespace suit::gpu
