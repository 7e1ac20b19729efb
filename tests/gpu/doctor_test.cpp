// A well host and a well image, and every way in which one of the prerequisites can be missing.

#include "gpu/doctor.h"

#include <algorithm>
#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/split.h"
#include "fake_host.h"

namespace suit::gpu {
namespace {

using ::testing::HasSubstr;

void add_torch(Tree& image, const std::string& cuda) {
  image.file("/usr/local/lib/python3.12/site-packages/torch/version.py",
             "__version__ = '2.5.1'\ncuda: Optional[str] = " + cuda + "\nhip = None\n");
}

void add_cuda(Tree& image) {
  image.file("/usr/local/cuda/version.json", R"({"cuda":{"name":"CUDA SDK","version":"12.4.1"}})");
}

void make_nouveau(Tree& host) {
  host.remove("/proc/driver").remove("/sys/module/nvidia");
  for (const char* bus : {"0000:06:00.0", "0000:07:00.0"}) {
    const std::string link = std::string("/sys/bus/pci/devices/") + bus + "/driver";
    host.remove(link).link(link, "../../../../bus/pci/drivers/nouveau");
  }
}

constexpr const char* kLibraries = "/usr/lib/x86_64-linux-gnu";

struct Row {
  const char* name;
  std::function<void(Tree& host, Tree& image, DoctorInput& input)> breaks;
  const char* ids;  // of the checks that fail, in order; a warning has a question mark
  int exit_code;
  const char* evidence;  // somewhere in theirs
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"nothing", [](Tree&, Tree&, DoctorInput&) {}, "", 0, ""},
      {"no GPU",
       [](Tree& host, Tree&, DoctorInput&) { host.remove("/sys/bus").remove("/proc/driver"); },
       "H1 H2", 1, "no display or 3D controller"},
      {"no module", [](Tree& host, Tree&, DoctorInput&) { host.remove("/proc/driver"); }, "H2", 1,
       "/proc/driver/nvidia/version: not there"},
      {"nouveau", [](Tree& host, Tree&, DoctorInput&) { make_nouveau(host); }, "H2", 1,
       "nouveau, which cannot run CUDA"},
      {"no uvm",
       [](Tree& host, Tree&, DoctorInput&) {
         host.file("/proc/devices", "Character devices:\n195 nvidia\n");
       },
       "H3", 1, "no nvidia-uvm"},
      {"a node is missing", [](Tree& host, Tree&, DoctorInput&) { host.remove("/dev/nvidia1"); },
       "H3", 1, "/dev/nvidia1: not there"},
      {"a node is another device",
       [](Tree& host, Tree&, DoctorInput&) {
         host.remove("/dev/nvidia0").node("/dev/nvidia0", 1, 3);
       },
       "H3", 1, "1:3, not 195:0"},
      {"driver updated while loaded",
       [](Tree& host, Tree&, DoctorInput&) {
         host.file("/proc/driver/nvidia/version",
                   "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Thu\n");
       },
       "H4", 1, "Driver/library version mismatch"},
      {"no driver files",
       [](Tree& host, Tree&, DoctorInput&) {
         host.remove(kLibraries).remove("/usr/bin/nvidia-smi");
       },
       "H4", 1, "no libcuda.so.<version>"},
      {"no libnvidia-ml",
       [](Tree& host, Tree&, DoctorInput&) {
         host.remove(std::string(kLibraries) + "/libnvidia-ml.so." + kVersion);
       },
       "H4", 1, "no libnvidia-ml.so."},
      {"stale specification",
       [](Tree& host, Tree&, DoctorInput&) {
         host.file("/etc/cdi/nvidia.yaml",
                   "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: all\n  "
                   "containerEdits: {env: [A=B]}\ncontainerEdits:\n  mounts:\n  - hostPath: "
                   "/usr/lib/libcuda.so.550.1\n    containerPath: /x\n");
       },
       "H5?", 0, "which is not there any more"},
      {"broken specification",
       [](Tree& host, Tree&, DoctorInput&) { host.file("/etc/cdi/nvidia.json", "{"); }, "H5?", 0,
       "/etc/cdi/nvidia.json: invalid JSON at"},
      {"no nvidia-smi", [](Tree& host, Tree&, DoctorInput&) { host.remove("/usr/bin/nvidia-smi"); },
       "H6", 1, "no nvidia-smi"},
      {"plain image", [](Tree&, Tree& image, DoctorInput&) { image.remove("/usr/local"); }, "I1", 2,
       "no /usr/local/cuda"},
      {"torch for processors", [](Tree&, Tree& image, DoctorInput&) { add_torch(image, "None"); },
       "I2", 2, "cuda = None"},
      {"tensorflow for processors",
       [](Tree&, Tree& image, DoctorInput&) {
         image.file(
             "/opt/conda/lib/python3.11/site-packages/tensorflow/python/platform/build_info.py",
             "build_info = OrderedDict([('is_cuda_build', False)])\n");
       },
       "I2", 2, "is_cuda_build False"},
      {"jax without its plugin",
       [](Tree&, Tree& image, DoctorInput&) {
         image.dir("/usr/lib/python3/dist-packages/jaxlib-0.4.30.dist-info");
       },
       "I2", 2, "jaxlib-0.4.30.dist-info"},
      {"onnxruntime for processors",
       [](Tree&, Tree& image, DoctorInput& input) {
         input.env.emplace_back("VIRTUAL_ENV=/srv/v");
         image.dir("/srv/v/lib/python3.12/site-packages/onnxruntime-1.20.dist-info");
       },
       "I2", 2, "onnxruntime-1.20.dist-info"},
      {"requirement not met",
       [](Tree&, Tree&, DoctorInput& input) { input.env = {"NVIDIA_REQUIRE_CUDA=cuda>=13.5"}; },
       "I3", 2, "unsatisfied condition: cuda>=13.5"},
      {"driver in the image",
       [](Tree&, Tree& image, DoctorInput&) {
         image.link(std::string(kLibraries) + "/libcuda.so.1", "libcuda.so.535.1");
         image.file(std::string(kLibraries) + "/libcuda.so.535.1");
       },
       "I4?", 0, "libcuda.so.535.1"},
      {"stubs on the path",
       [](Tree&, Tree& image, DoctorInput& input) {
         image.file("/usr/local/cuda/lib64/stubs/libcuda.so");
         input.env = {"LD_LIBRARY_PATH=/usr/local/cuda/lib64:/usr/local/cuda/lib64/stubs"};
       },
       "I4", 2, "LD_LIBRARY_PATH leads to /usr/local/cuda/lib64/stubs/libcuda.so"},
      {"musl",
       [](Tree&, Tree& image, DoctorInput&) {
         image.remove(kLibraries).remove("/lib").file("/lib/ld-musl-x86_64.so.1");
       },
       "I5", 2, "musl"},
      {"hidden by a variable",
       [](Tree&, Tree&, DoctorInput& input) { input.env = {"CUDA_VISIBLE_DEVICES="}; }, "I6", 2,
       "hides every GPU"},
      {"nothing is asked for", [](Tree&, Tree&, DoctorInput& input) { input.request = Request{}; },
       "R1", 4, "nothing asks for a GPU"},
      {"the image asks",
       [](Tree&, Tree&, DoctorInput& input) {
         input.request = Request{};
         input.env = {"NVIDIA_VISIBLE_DEVICES=all"};
       },
       "R1", 4, "none on an image's word"},
      {"no such GPU",
       [](Tree&, Tree&, DoctorInput& input) {
         input.request = Request{.gpus = {*parse_gpus_flag("device=7")}};
       },
       "R1", 4, "no GPU \"7\""},
      {"quotes forgotten",
       [](Tree&, Tree&, DoctorInput& input) {
         input.request = Request{.gpus = {*parse_gpus_flag("device=0,1")}};
       },
       "R1", 4, "cannot set both"},
      {"both sides",
       [](Tree& host, Tree& image, DoctorInput&) {
         host.remove("/dev/nvidia1");
         add_torch(image, "None");
       },
       "H3 I2", 3, "cuda = None"},
      {"nothing can be seen",
       [](Tree& host, Tree&, DoctorInput&) { host.remove("/proc").remove("/sys"); }, "", 5, ""},
  };
  return all;
}

std::string failing(const Diagnosis& diagnosis, std::string& evidence) {
  std::string out;
  for (const Check& check : diagnosis.checks) {
    if (check.verdict != Verdict::Fail && check.verdict != Verdict::Warn) continue;
    out += (out.empty() ? "" : " ") + check.id + (check.verdict == Verdict::Warn ? "?" : "");
    for (const std::string& line : check.evidence)
      evidence += line + "\n";
    EXPECT_FALSE(check.fix.empty()) << check.id;
  }
  return out;
}

TEST(Doctor, NamesTheBrokenPrerequisiteAndNoOther) {
  SUIT_NEEDS_ROOT();
  for (const Row& row : rows()) {
    Tree host;
    Tree image;
    add_nvidia(host);
    add_nvidia_nodes(host);
    add_debian(image);
    add_cuda(image);
    DoctorInput input;
    row.breaks(host, image, input);
    const os::Root host_root = host.root();
    const os::Root image_root = image.root();
    input.host = &host_root;
    input.image = &image_root;
    const Diagnosis diagnosis = diagnose(input);
    std::string evidence;
    EXPECT_EQ(failing(diagnosis, evidence), row.ids) << row.name << "\n" << describe(diagnosis);
    EXPECT_EQ(diagnosis.exit_code(), row.exit_code) << row.name;
    EXPECT_THAT(evidence, HasSubstr(row.evidence)) << row.name;
  }
}

// One row for each prerequisite that can be taken away alone.
const std::vector<std::string_view>& prerequisites() {
  static const std::vector<std::string_view> all = {"no GPU",
                                                    "no module",
                                                    "no uvm",
                                                    "a node is missing",
                                                    "no libnvidia-ml",
                                                    "no nvidia-smi",
                                                    "plain image",
                                                    "torch for processors",
                                                    "stubs on the path",
                                                    "musl",
                                                    "hidden by a variable",
                                                    "requirement not met",
                                                    "no such GPU"};
  return all;
}

const Row& row_named(std::string_view name) {
  return *std::ranges::find_if(rows(), [&](const Row& row) { return row.name == name; });
}

// What both rows say, each check once, in the order of the list. What cannot be looked at while
// another prerequisite is missing stands here with the reason.
std::string expected_of_both(const Row& a, const Row& b) {
  std::set<std::string> ids;
  for (const Row* row : {&a, &b})
    for (std::string_view id : split(row->ids, ' '))
      ids.emplace(id);
  // The loaded module is who says which nodes there must be: without it they cannot be judged.
  if (ids.contains("H2")) ids.erase("H3");
  std::string out;
  for (const char* id : {"H1", "H2", "H3", "H4", "H6", "I1", "I2", "I3", "I4", "I5", "I6", "R1"})
    if (ids.contains(id)) out += (out.empty() ? "" : " ") + std::string(id);
  return out;
}

int exit_code_of(const std::string& ids) {
  const bool host = ids.find('H') != std::string::npos;
  const bool image = ids.find('I') != std::string::npos;
  if (host && image) return 3;
  if (host) return 1;
  return image ? 2 : 4;
}

TEST(Doctor, NamesBothOfTwoBrokenPrerequisites) {
  SUIT_NEEDS_ROOT();
  for (std::size_t i = 0; i < prerequisites().size(); ++i) {
    for (std::size_t k = i + 1; k < prerequisites().size(); ++k) {
      const Row& first = row_named(prerequisites()[i]);
      const Row& second = row_named(prerequisites()[k]);
      Tree host;
      Tree image;
      add_nvidia(host);
      add_nvidia_nodes(host);
      add_debian(image);
      add_cuda(image);
      DoctorInput input;
      first.breaks(host, image, input);
      DoctorInput other;
      second.breaks(host, image, other);
      input.env.insert(input.env.end(), other.env.begin(), other.env.end());
      if (other.request) input.request = other.request;
      const os::Root host_root = host.root();
      const os::Root image_root = image.root();
      input.host = &host_root;
      input.image = &image_root;
      const Diagnosis diagnosis = diagnose(input);
      std::string evidence;
      const std::string both = std::string(first.name) + " and " + second.name;
      EXPECT_EQ(failing(diagnosis, evidence), expected_of_both(first, second)) << both;
      EXPECT_EQ(diagnosis.exit_code(), exit_code_of(expected_of_both(first, second))) << both;
    }
  }
}

TEST(Doctor, LeavesTheImageOutWhenThereIsNone) {
  Tree host;
  add_nvidia(host);
  const os::Root root = host.root();
  const Diagnosis diagnosis = diagnose({.host = &root});
  for (const Check& check : diagnosis.checks)
    EXPECT_TRUE(check.side != Side::Image || check.verdict == Verdict::Skip) << check.id;
}

TEST(Doctor, CannotTellWhatItCannotSee) {
  Tree nothing;
  nothing.file("/usr/bin/nvidia-smi");
  const os::Root root = nothing.root();
  const Diagnosis diagnosis = diagnose({.host = &root});
  EXPECT_EQ(diagnosis.exit_code(), 5) << describe(diagnosis);
}

TEST(Doctor, GlibcTooOldForTheDriver) {
  SUIT_NEEDS_ROOT();
  const std::string libc = std::string(kLibraries) + "/libc.so.6";
  const std::string mathematics = std::string(kLibraries) + "/libm.so.6";
  const auto real = os::read_file(mathematics);
  if (!real || !os::exists(libc)) GTEST_SKIP() << "needs glibc in " << kLibraries;
  Tree host;
  Tree image;
  add_nvidia(host);
  add_nvidia_nodes(host);
  add_debian(image);
  add_cuda(image);
  // libm needs versions of libc that this "libc", a library with no such versions, has not.
  host.file(std::string(kLibraries) + "/libcuda.so." + kVersion, *real);
  image.file(libc, *real);
  const os::Root host_root = host.root();
  const os::Root image_root = image.root();
  const Diagnosis diagnosis = diagnose({.host = &host_root, .image = &image_root});
  std::string evidence;
  const auto versions = failing(diagnosis, evidence);
  EXPECT_TRUE(versions == "I5" || versions.empty()) << versions << evidence;
  image.file(libc, *os::read_file(libc));
  EXPECT_EQ(diagnose({.host = &host_root, .image = &image_root}).exit_code(), 0);
}

TEST(Doctor, DriverOlderThanTheImagesCuda) {
  SUIT_NEEDS_ROOT();
  Tree host;
  Tree image;
  add_nvidia(host, kLibraries, "470.82.01");
  add_nvidia_nodes(host);
  add_debian(image);
  add_cuda(image);
  const os::Root host_root = host.root();
  const os::Root image_root = image.root();
  const DoctorInput input{.host = &host_root, .image = &image_root};
  std::string evidence;
  EXPECT_EQ(failing(diagnose(input), evidence), "I3");
  EXPECT_THAT(evidence, HasSubstr("CUDA 12.4.1 wants driver 525, here is 470.82.01"));
  image.file("/usr/local/cuda/compat/libcuda.so.550.54.15");
  EXPECT_EQ(failing(diagnose(input), evidence), "I3?");
}

TEST(Doctor, TheSameProgramHereAndThere) {
  EXPECT_EQ(compare_runs(std::string("GPU 0"), std::string("GPU 0")).verdict, Verdict::Pass);
  const Check host = compare_runs(fail(0, "exit 9"), std::string("GPU 0"));
  EXPECT_EQ(host.side, Side::Host);
  EXPECT_EQ(host.verdict, Verdict::Fail);
  const Check image = compare_runs(std::string("GPU 0"), fail(0, "exit 127"));
  EXPECT_EQ(image.side, Side::Image);
  EXPECT_EQ(image.verdict, Verdict::Fail);
}

TEST(Doctor, ReportsAsJson) {
  Tree host;
  add_nvidia(host);
  const os::Root root = host.root();
  const oci::Json report = to_value(diagnose({.host = &root}));
  EXPECT_EQ(report.find("checks")->as_array()->size(), 14U);
  EXPECT_EQ(report.find("checks")->as_array()->front().string_or("id"), "H1");
}

}  // namespace
}  // namespace suit::gpu
