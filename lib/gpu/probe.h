/// \file
/// What a host has for computing on a GPU: read, not asked. No driver is called, nothing is run.
///
/// Everything is read below a root, so that a test is a directory, and a driver that is kept in
/// another tree (/run/nvidia/driver) is found the same way.
/// \see tutorial 12

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/json.h"
#include "os/root.h"

namespace suit::gpu {

inline constexpr std::uint16_t kNvidia = 0x10de;
inline constexpr std::uint16_t kAmd = 0x1002;
inline constexpr std::uint16_t kIntel = 0x8086;

/// A display controller or accelerator on the PCI bus.
struct PciGpu {
  std::string address;  ///< \shape `0000:06:00.0`
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint32_t class_ = 0;      ///< \shape 0x030200
  std::string driver;            ///< bound to it: `nvidia`, `nouveau`, `vfio-pci`; empty: none
  std::vector<std::string> drm;  ///< \shape `/dev/dri/renderD128`
};

struct DeviceNode {
  std::string path;
  char type = 'c';
  unsigned major = 0;
  unsigned minor = 0;
  mode_t mode = 0;
  gid_t gid = 0;
};

/// A slice of a GPU that is one by itself (multi-instance GPU).
struct MigDevice {
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
  unsigned gpu_cap = 0;      ///< /dev/nvidia-caps/nvidia-capN of the GPU instance
  unsigned compute_cap = 0;  ///< and of the compute instance
};

struct NvidiaGpu {
  std::string bus;   ///< \shape `0000:06:00.0`
  std::string uuid;  ///< \shape `GPU-…`; empty: the driver does not say
  std::string model;
  unsigned minor = 0;  ///< of /dev/nvidiaN
  std::vector<MigDevice> mig;
};

enum class FileKind { Library, Program, Data, Firmware, Socket };

/// A file of the driver's user-space part.
struct DriverFile {
  std::string path;  ///< below the root
  FileKind kind = FileKind::Library;
  std::string capability;          ///< that needs it: `compute`, …; empty: all do
  std::vector<std::string> names;  ///< of a library, beside its own: `libcuda.so.1`
};

/// A directory with driver libraries, and their version.
struct DriverDir {
  std::string path;
  std::string version;  ///< \shape `580.159.03`
};

struct NvidiaDriver {
  std::string module_version;  ///< of the kernel module that is loaded; empty: none
  bool open_module = false;
  std::string params;           ///< /proc/driver/nvidia/params
  std::vector<NvidiaGpu> gpus;  ///< in the order of their indices: PCI bus order
  std::vector<DriverDir> dirs;  ///< the first is the one to use
  std::vector<DriverFile> files;
  std::string library_version() const { return dirs.empty() ? "" : dirs[0].version; }
};

struct Host {
  std::vector<PciGpu> pci;
  std::map<std::string, unsigned> majors;   ///< character devices: `nvidia-uvm` → 510
  std::map<std::string, DeviceNode> nodes;  ///< GPU nodes below /dev, by path
  std::vector<std::string> modules;         ///< loaded, of those that concern us: `nvidia_uvm`
  NvidiaDriver nvidia;
  bool is_wsl = false;  ///< Windows' own driver behind /dev/dxg
  const DeviceNode* node(const std::string& path) const;
  /// GPUs of a vendor on the bus.
  std::vector<const PciGpu*> of_vendor(std::uint16_t vendor) const;
};

Host probe(const os::Root& root);

/// For `suit gpu probe --json`, and tests.
oci::Json to_value(const Host& host);
/// A few lines for people.
std::string describe(const Host& host);

// Formats of /proc, each alone.

/// \source /proc/devices; the first name counts when a major has two
std::map<std::string, unsigned> parse_proc_devices(std::string_view text);
/// "NVRM version: …  580.159.03  …" → version and whether the module is the open one.
std::optional<std::pair<std::string, bool>> parse_driver_version(std::string_view text);
/// /proc/driver/nvidia/gpus/BUS/information
std::optional<NvidiaGpu> parse_gpu_information(std::string_view text);
/// /proc/driver/nvidia-caps/mig-minors: `gpu0/gi7/access` → 66
std::map<std::string, unsigned> parse_mig_minors(std::string_view text);
/// The text that a container is shown: the driver must make no nodes in there by itself.
std::string params_for_container(std::string_view params);
/// CUDA version that a driver of \p version can run, from NVIDIA's release notes; "" if unknown.
std::string cuda_of_driver(std::string_view version);

}  // namespace suit::gpu
