/// \file
/// A host with two NVIDIA GPUs, as files; and images to put them into.

#pragma once

#include <string>

#include "tree.h"

namespace suit::gpu {

inline constexpr const char* kVersion = "580.159.03";

inline std::string information(const std::string& bus, unsigned minor, const std::string& uuid) {
  return "Model: \t\t Test GPU 80GB\nIRQ:   \t\t 408\nGPU UUID: \t " + uuid +
         "\nBus Type: \t PCIe\nBus Location: \t " + bus + "\nDevice Minor: \t " +
         std::to_string(minor) + "\nGPU Excluded:\t No\n";
}

inline void add_pci(Tree& host, const std::string& bus, const std::string& vendor,
                    const std::string& driver) {
  const std::string dir = "/sys/bus/pci/devices/" + bus;
  host.file(dir + "/class", "0x030200\n").file(dir + "/vendor", vendor + "\n");
  host.file(dir + "/device", "0x2330\n");
  if (!driver.empty()) host.link(dir + "/driver", "../../../../bus/pci/drivers/" + driver);
}

inline void add_library(Tree& host, const std::string& dir, const std::string& name,
                        const std::string& version) {
  // One real library is enough: it says what it is called.
  host.file(dir + "/" + name + ".so." + version,
            name == "libcuda" ? *os::read_file(SUIT_FAKE_CUDA) : "");
}

/// Everything in its place, nodes apart.
inline void add_nvidia(Tree& host, const std::string& library_dir = "/usr/lib/x86_64-linux-gnu",
                       const std::string& version = kVersion) {
  add_pci(host, "0000:06:00.0", "0x10de", "nvidia");
  add_pci(host, "0000:07:00.0", "0x10de", "nvidia");
  host.file("/proc/devices",
            "Character devices:\n  1 mem\n195 nvidia\n195 nvidiactl\n236 nvidia-caps\n"
            "510 nvidia-uvm\n\nBlock devices:\n  7 loop\n");
  host.file("/proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  " + version +
                "  Release Build  (builder@host)  Thu Jan  1 00:00:00 UTC 2026\nGCC version:\n");
  host.file("/proc/driver/nvidia/params", "ResmanDebugLevel: 4\nModifyDeviceFiles: 1\n");
  const std::string gpus = "/proc/driver/nvidia/gpus/";
  host.file(gpus + "0000:06:00.0/information", information("0000:06:00.0", 0, "GPU-aaaa"));
  host.file(gpus + "0000:07:00.0/information", information("0000:07:00.0", 1, "GPU-bbbb"));
  for (const char* module : {"nvidia", "nvidia_uvm"})
    host.dir(std::string("/sys/module/") + module);
  for (const char* name : {"libcuda", "libnvidia-ml", "libnvidia-glcore"})
    add_library(host, library_dir, name, version);
  host.link(library_dir + "/libcuda.so.1", "libcuda.so." + version);
  host.file("/usr/bin/nvidia-smi", "#!/bin/sh\n", 0755);
}

inline void add_nvidia_nodes(Tree& host) {
  host.node("/dev/nvidia0", 195, 0).node("/dev/nvidia1", 195, 1).node("/dev/nvidiactl", 195, 255);
  host.node("/dev/nvidia-uvm", 510, 0).node("/dev/nvidia-uvm-tools", 510, 1);
}

/// An image with glibc, or what stands for it.
inline void add_debian(Tree& image) {
  image.file("/usr/lib/x86_64-linux-gnu/libc.so.6").link("/lib", "usr/lib");
  image.file("/etc/os-release", "ID=debian\n");
}

}  // namespace suit::gpu

#define SUIT_NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make device nodes"
