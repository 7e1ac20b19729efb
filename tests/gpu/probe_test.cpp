#include "gpu/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "fake_host.h"
#include "gpu/elf.h"
#include "gpu/ld_cache.h"
#include "os/process.h"

namespace suit::gpu {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Probe, FindsNothingInAnEmptyRoot) {
  Tree host;
  const Host found = probe(host.root());
  EXPECT_TRUE(found.pci.empty() && found.nodes.empty() && found.nvidia.files.empty());
  EXPECT_THAT(describe(found), HasSubstr("no GPU"));
}

TEST(Probe, ReadsAHostWithTwoGpus) {
  Tree host;
  add_nvidia(host);
  const Host found = probe(host.root());
  EXPECT_EQ(found.of_vendor(kNvidia).size(), 2U);
  EXPECT_EQ(found.pci[0].driver, "nvidia");
  EXPECT_EQ(found.majors.at("nvidia-uvm"), 510U);
  EXPECT_EQ(found.nvidia.module_version, kVersion);
  EXPECT_TRUE(found.nvidia.open_module);
  EXPECT_EQ(found.nvidia.library_version(), kVersion);
  ASSERT_EQ(found.nvidia.gpus.size(), 2U);
  EXPECT_EQ(found.nvidia.gpus[1].uuid, "GPU-bbbb");
  EXPECT_EQ(found.nvidia.gpus[1].minor, 1U);
  ASSERT_EQ(found.nvidia.files.size(), 4U);
  EXPECT_EQ(found.nvidia.files[0].path, "/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.03");
  EXPECT_EQ(found.nvidia.files[0].capability, "compute");
  EXPECT_THAT(found.nvidia.files[0].names, ElementsAre("libcuda.so", "libcuda.so.1"));
  EXPECT_EQ(found.nvidia.files[3].path, "/usr/bin/nvidia-smi");
  EXPECT_EQ(oci::parse_json(to_value(found).dump())->find("nvidia")->string_or("cudaVersion"),
            "13.0");
}

// Wherever a host keeps its driver.
TEST(Probe, FindsTheDriverInOtherPlaces) {
  for (const char* dir : {"/usr/lib64", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib",
                          "/usr/lib/x86_64-linux-gnu/nvidia/current"}) {
    Tree host;
    add_nvidia(host, dir);
    host.remove("/usr/bin/nvidia-smi");
    host.file("/usr/local/nvidia/bin/nvidia-smi", "#!/bin/sh\n", 0755);
    host.file("/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json", "{}");
    const Host found = probe(host.root());
    ASSERT_EQ(found.nvidia.dirs.size(), 1U) << dir;
    EXPECT_EQ(found.nvidia.dirs[0].path, dir);
    std::vector<std::string> paths;
    for (const DriverFile& file : found.nvidia.files)
      paths.push_back(file.path);
    EXPECT_THAT(paths, Contains("/usr/local/nvidia/bin/nvidia-smi"));
    EXPECT_THAT(paths, Contains("/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json"));
  }
}

TEST(Probe, PrefersTheLibrariesOfTheLoadedModule) {
  Tree host;
  add_nvidia(host);
  add_library(host, "/usr/lib64", "libcuda", "550.54.15");
  const Host found = probe(host.root());
  ASSERT_EQ(found.nvidia.dirs.size(), 2U);
  EXPECT_EQ(found.nvidia.dirs[0].version, kVersion);
  EXPECT_EQ(found.nvidia.dirs[1].version, "550.54.15");
}

TEST(Probe, FindsSlices) {
  Tree host;
  add_nvidia(host);
  host.file("/proc/driver/nvidia-caps/mig-minors",
            "config 1\ngpu0/gi7/access 66\ngpu0/gi7/ci0/access 67\ngpu0/gi8/access 75\n");
  host.file("/proc/driver/nvidia/capabilities/gpu0/mig/gi7/ci0/access", "DeviceFileMinor: 67\n");
  const Host found = probe(host.root());
  ASSERT_EQ(found.nvidia.gpus[0].mig.size(), 1U);
  EXPECT_EQ(found.nvidia.gpus[0].mig[0].gpu_cap, 66U);
  EXPECT_EQ(found.nvidia.gpus[0].mig[0].compute_cap, 67U);
}

TEST(Probe, KnowsWslByItsDevice) {
  SUIT_NEEDS_ROOT();
  Tree host;
  host.node("/dev/dxg", 10, 125).file("/usr/lib/wsl/lib/libcuda.so.1").dir("/usr/lib/wsl/drivers");
  host.file("/usr/lib/wsl/lib/nvidia-smi", "", 0755);
  const Host found = probe(host.root());
  EXPECT_TRUE(found.is_wsl);
  ASSERT_EQ(found.nvidia.files.size(), 2U);
  EXPECT_EQ(found.nvidia.files[1].path, "/usr/lib/wsl/lib/nvidia-smi");
}

TEST(Probe, StaysInItsRoot) {
  Tree outside;
  outside.file("/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  1.2.3  x\n");
  Tree host;
  host.link("/proc/driver/nvidia/version", outside.path() + "/version");
  host.link("/sys/bus/pci/devices", "/../../../../../../../../sys/bus/pci/devices");
  const Host found = probe(host.root());
  EXPECT_TRUE(found.nvidia.module_version.empty());
  EXPECT_TRUE(found.pci.empty());
}

TEST(ProbeCorpora, ReadsTheFormatsOfProc) {
  SUIT_NEEDS_CORPORA();
  std::ifstream in(std::string(SUIT_CORPORA) + "/gpu/proc-fixtures.json");
  const nlohmann::json table = nlohmann::json::parse(in, nullptr, false);
  const nlohmann::json& files = table["files"];
  const nlohmann::json& expect = table["expect"];
  corpora::Tally tally("gpu/proc-fixtures.json");
  const auto count = [&](bool ok, const std::string& what) {
    EXPECT_TRUE(ok) << what;
    tally.count(ok);
  };
  for (const auto& [name, file] : files.items()) {
    const auto text = file.get<std::string>();
    if (name.starts_with("/proc/devices")) {
      const auto majors = parse_proc_devices(text);
      bool ok = true;
      for (const auto& [key, major] : expect["major"].items())
        ok = ok && majors.contains(key) && majors.at(key) == major.get<unsigned>();
      count(ok && !majors.contains("loop"), name);
    } else if (name.starts_with("/proc/driver/nvidia/version")) {
      const auto version = parse_driver_version(text);
      count(version && version->first == expect["version"].get<std::string>() &&
                version->second == (name.find("open") != std::string::npos),
            name);
    } else if (name.ends_with("params")) {
      const std::string shown = params_for_container(text);
      count(shown.find(expect["params_in_container"].get<std::string>() + "\n") !=
                    std::string::npos &&
                shown.find("DeviceFileMode: 438\n") != std::string::npos,
            name);
    } else if (name.ends_with("information")) {
      const auto gpu = parse_gpu_information(text);
      count(gpu && gpu->uuid == expect["gpu"]["uuid"].get<std::string>() &&
                gpu->bus == expect["gpu"]["bus"].get<std::string>() &&
                gpu->minor == expect["gpu"]["minor"].get<unsigned>(),
            name);
    } else {
      const auto minors = parse_mig_minors(text);
      bool ok = true;
      for (const auto& [key, path] : expect["mig"].items())
        ok = ok && "/dev/nvidia-caps/nvidia-cap" + std::to_string(minors.at(key)) ==
                       path.get<std::string>();
      count(ok, name);
    }
  }
}

TEST(Elf, ReadsALibrarysNames) {
  const auto facts = read_elf(*os::open_at(os::FdRef::cwd(), SUIT_FAKE_CUDA, O_RDONLY));
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->soname, "libcuda.so.1");
  EXPECT_EQ(facts->machine, own_machine());
}

TEST(Elf, ReadsVersionsOfTheCLibrary) {
  const std::string path = "/usr/lib/" + own_multiarch() + "/libc.so.6";
  auto file = os::open_at(os::FdRef::cwd(), path, O_RDONLY);
  if (!file) GTEST_SKIP() << "needs glibc in " << path;
  const auto facts = read_elf(*file);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->soname, "libc.so.6");
  EXPECT_THAT(facts->version_defs, Contains("GLIBC_2.34"));
  ASSERT_FALSE(facts->version_needs.empty());
  EXPECT_TRUE(facts->version_needs[0].second.starts_with("GLIBC_"));
}

// Cut anywhere, or with any byte of its headers changed, a library is read or refused: no more.
TEST(Elf, SurvivesBrokenFiles) {
  const std::string good = *os::read_file(SUIT_FAKE_CUDA);
  Tree tree;
  const auto reads = [&](const std::string& bytes) {
    tree.file("/lib", bytes);
    const auto file = os::open_at(os::FdRef::cwd(), tree.path() + "/lib", O_RDONLY);
    (void)read_elf_section(*file, ".note.x", 4096);
    return read_elf(*file).has_value();
  };
  EXPECT_FALSE(reads(""));
  EXPECT_FALSE(
      reads("\x7f"
            "ELF"));
  for (std::size_t size = 16; size < good.size(); size += 97)
    (void)reads(good.substr(0, size));
  for (std::size_t at = 0; at < 1024; at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0xff);
    (void)reads(bad);
  }
}

TEST(LdCache, AgreesWithLdconfig) {
  const auto bytes = os::read_file("/etc/ld.so.cache");
  const auto told = os::run_and_capture({"/sbin/ldconfig", "-p"});
  if (!bytes || !told) GTEST_SKIP() << "needs ldconfig and its cache";
  const auto entries = parse_ld_cache(*bytes);
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_FALSE(entries->empty());
  for (const CachedLibrary& library : *entries)
    EXPECT_THAT(told->out, HasSubstr("\t" + library.name + " (libc6")) << library.path;
  EXPECT_FALSE(parse_ld_cache(bytes->substr(0, 60)));
  EXPECT_FALSE(parse_ld_cache("glibc-ld.so.cache1.1"));
}

}  // namespace
}  // namespace suit::gpu
