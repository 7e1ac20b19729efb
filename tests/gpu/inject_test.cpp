#include "gpu/inject.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "fake_host.h"
#include "gpu/generate.h"

namespace suit::gpu {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class Injecting : public ::testing::Test {
 protected:
  Injecting() {
    add_nvidia(host);
    add_debian(image);
  }
  Result<Injection> plan(const std::string& gpus, std::vector<std::string> env = {}) {
    Request request;
    request.gpus = {*parse_gpus_flag(gpus)};
    return plan(request, std::move(env));
  }
  Result<Injection> plan(const Request& request, std::vector<std::string> env = {}) {
    const Host found = probe(host.root());
    const os::Root root = image.root();
    return plan_injection(request, {found, registry, root, env});
  }
  static std::vector<std::string> nodes(const Injection& injection) {
    std::vector<std::string> out;
    for (const CdiDeviceNode& node : injection.edits.device_nodes)
      out.push_back(fmt::format("{} {}:{}", node.path, node.major, node.minor));
    return out;
  }
  static std::vector<std::string> mounts(const Injection& injection) {
    std::vector<std::string> out;
    for (const CdiMount& mount : injection.edits.mounts)
      out.push_back(mount.container_path);
    return out;
  }
  static std::vector<std::string> links(const Injection& injection) {
    std::vector<std::string> out;
    for (const DriverLink& link : injection.links)
      out.push_back(link.path + " -> " + link.target);
    return out;
  }
  Tree host, image;
  CdiRegistry registry;
};

TEST_F(Injecting, AllMeansEveryNodeAndTheDefaultCapabilities) {
  const auto done = plan("all");
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_THAT(nodes(*done), UnorderedElementsAre("/dev/nvidiactl 195:255", "/dev/nvidia-uvm 510:0",
                                                 "/dev/nvidia-uvm-tools 510:1",
                                                 "/dev/nvidia0 195:0", "/dev/nvidia1 195:1"));
  EXPECT_THAT(mounts(*done),
              UnorderedElementsAre("/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.03",
                                   "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.159.03",
                                   "/usr/bin/nvidia-smi"));
  EXPECT_THAT(links(*done),
              IsSupersetOf({std::string("/usr/lib/x86_64-linux-gnu/libcuda.so -> libcuda.so.1"),
                            std::string("/usr/lib/x86_64-linux-gnu/libcuda.so.1 -> "
                                        "libcuda.so.580.159.03")}));
  EXPECT_THAT(done->edits.env, ElementsAre("NVIDIA_VISIBLE_DEVICES=void"));
  EXPECT_TRUE(done->hides_params);
}

TEST_F(Injecting, GivesTheGpusThatAreNamed) {
  for (const char* flag : {"device=1", "device=GPU-bbbb"}) {
    const auto done = plan(flag);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_THAT(nodes(*done), Contains("/dev/nvidia1 195:1"));
    EXPECT_THAT(nodes(*done), Not(Contains("/dev/nvidia0 195:0")));
  }
  const auto one = plan("1");
  ASSERT_TRUE(one);
  EXPECT_THAT(nodes(*one), Not(Contains("/dev/nvidia1 195:1")));
}

TEST_F(Injecting, CapabilitiesChooseTheFiles) {
  const auto video = plan("all,capabilities=video");
  ASSERT_TRUE(video);
  EXPECT_TRUE(mounts(*video).empty());
  EXPECT_THAT(nodes(*video), Not(Contains("/dev/nvidia-uvm 510:0")));
  const auto graphics = plan("all,capabilities=graphics");
  ASSERT_TRUE(graphics);
  EXPECT_THAT(mounts(*graphics),
              ElementsAre("/usr/lib/x86_64-linux-gnu/libnvidia-glcore.so.580.159.03"));
  const auto unknown = plan("all,capabilities=teleport");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message(), HasSubstr("unsupported capabilities"));
}

TEST_F(Injecting, NamesWhatThereIsWhenAGpuIsNot) {
  for (const char* flag : {"device=2", "3", "device=GPU-zzzz", "device=0:0", "device="}) {
    const auto done = plan(flag);
    ASSERT_FALSE(done) << flag;
    EXPECT_EQ(done.error().code(), ENOENT) << done.error().message();
    EXPECT_THAT(done.error().hint(), HasSubstr("0 (GPU-aaaa), 1 (GPU-bbbb)")) << flag;
  }
}

TEST_F(Injecting, TheImagesEnvironmentAsksForNothing) {
  const auto done = plan(Request{}, {"NVIDIA_VISIBLE_DEVICES=all", "CUDA_VERSION=12"});
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->edits.empty());
}

TEST_F(Injecting, RequirementsOfTheImageAreChecked) {
  const auto done = plan("all", {"NVIDIA_REQUIRE_CUDA=cuda>=13.1"});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message(), HasSubstr("unsatisfied condition: cuda>=13.1 (brand=tesla, "
                                                "cuda=13.0, driver=580.159.03)"));
  EXPECT_TRUE(plan("all", {"NVIDIA_REQUIRE_CUDA=cuda>=13.0"}));
}

TEST_F(Injecting, AlpineIsRefusedWithAReason) {
  image.remove("/usr/lib/x86_64-linux-gnu").remove("/lib").file("/lib/ld-musl-x86_64.so.1");
  const auto done = plan("all");
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message(), HasSubstr("musl"));
}

TEST_F(Injecting, FedorasLibrariesLieElsewhere) {
  image.remove("/usr/lib/x86_64-linux-gnu").file("/usr/lib64/libc.so.6");
  const auto done = plan("all");
  ASSERT_TRUE(done);
  EXPECT_THAT(mounts(*done), Contains("/usr/lib64/libcuda.so.580.159.03"));
}

TEST_F(Injecting, ADriverInTheImageIsCovered) {
  const std::string dir = "/usr/lib/x86_64-linux-gnu";
  image.file(dir + "/libcuda.so.535.1").link(dir + "/libcuda.so.1", "libcuda.so.535.1");
  const auto done = plan("all");
  ASSERT_TRUE(done);
  EXPECT_THAT(mounts(*done), Contains(dir + "/libcuda.so.1"));
  EXPECT_THAT(links(*done), Not(Contains(HasSubstr("libcuda.so.1 ->"))));
}

TEST_F(Injecting, ASecondStartFindsItsOwnLinks) {
  const std::string dir = "/usr/lib/x86_64-linux-gnu";
  image.file(dir + "/libcuda.so.580.159.03").link(dir + "/libcuda.so.1", "libcuda.so.580.159.03");
  const auto done = plan("all");
  ASSERT_TRUE(done);
  EXPECT_THAT(mounts(*done), Not(Contains(dir + "/libcuda.so.1")));
}

TEST_F(Injecting, ANodeThatIsSomethingElseIsRefused) {
  SUIT_NEEDS_ROOT();
  host.node("/dev/nvidia0", 1, 3);
  const auto done = plan("all");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what(), "\"/dev/nvidia0\" is device 1:3, not 195:0");
}

TEST_F(Injecting, SlicesBringTheirCapabilities) {
  host.file("/proc/driver/nvidia-caps/mig-minors", "gpu0/gi7/access 66\ngpu0/gi7/ci0/access 67\n");
  host.file("/proc/driver/nvidia/capabilities/gpu0/mig/gi7/ci0/access", "");
  const auto done = plan("device=0:0");
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_THAT(nodes(*done),
              IsSupersetOf({"/dev/nvidia0 195:0", "/dev/nvidia-caps/nvidia-cap66 236:66",
                            "/dev/nvidia-caps/nvidia-cap67 236:67"}));
  EXPECT_THAT(nodes(*done), Not(Contains("/dev/nvidia1 195:1")));
}

TEST_F(Injecting, NoDriverIsDockersErrorWithAWayOn) {
  Tree empty;
  const Host found = probe(empty.root());
  Request request;
  request.gpus = {*parse_gpus_flag("all")};
  const os::Root root = image.root();
  const auto done = plan_injection(request, {found, registry, root, {}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().what(), "could not select device driver \"\" with capabilities: [[gpu]]");
  EXPECT_THAT(done.error().hint(), HasSubstr("suit gpu doctor"));
}

TEST_F(Injecting, ADeviceNameNeedsNoFile) {
  Request request;
  request.devices = {"nvidia.com/gpu=0"};
  const auto done = plan(request);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_THAT(nodes(*done), Contains("/dev/nvidia0 195:0"));
  request.devices = {"nvidia.com/gpu=9"};
  EXPECT_FALSE(plan(request));
  request.devices = {"other.com/x=1"};
  EXPECT_THAT(plan(request).error().what(), HasSubstr("unresolvable CDI devices other.com/x=1"));
}

TEST_F(Injecting, AmdNeedsNodesAndGroupsOnly) {
  SUIT_NEEDS_ROOT();
  Tree amd;
  add_pci(amd, "0000:03:00.0", "0x1002", "amdgpu");
  amd.dir("/sys/bus/pci/devices/0000:03:00.0/drm/renderD128");
  amd.node("/dev/dri/renderD128", 226, 128, 0660).node("/dev/kfd", 510, 0, 0660);
  ASSERT_EQ(::chown((amd.path() + "/dev/kfd").c_str(), 0, 109), 0);
  const Host found = probe(amd.root());
  Request request;
  request.gpus = {*parse_gpus_flag("all")};
  const os::Root root = image.root();
  const auto done = plan_injection(request, {found, registry, root, {}});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_THAT(nodes(*done), UnorderedElementsAre("/dev/dri/renderD128 226:128", "/dev/kfd 510:0"));
  EXPECT_THAT(done->edits.additional_gids, ElementsAre(109U));
  const auto spec = generate_drm(found, kAmd);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->version, "0.7.0");
  EXPECT_EQ(spec->devices.back().name, "all");
}

TEST_F(Injecting, EditsASpecAndMakesTheLinks) {
  Request request;
  request.gpus = {*parse_gpus_flag("device=0")};
  request.driver_root = host.path();
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"true"};
  const auto done = edit_spec(spec, request, image.root(), image.path() + "/scratch");
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(spec.linux_.devices.size(), 4U);
  EXPECT_EQ(spec.linux_.resources.devices.size(), 4U);
  EXPECT_EQ(
      *os::read_link(os::FdRef::cwd(), image.path() + "/usr/lib/x86_64-linux-gnu/libcuda.so.1"),
      "libcuda.so.580.159.03");
  const auto mount =
      std::ranges::find(spec.mounts, "/usr/bin/nvidia-smi", &oci::SpecMount::destination);
  ASSERT_NE(mount, spec.mounts.end());
  EXPECT_EQ(mount->source, host.path() + "/usr/bin/nvidia-smi");
}

// A link of the image that leads out of it does not lead our links out.
TEST_F(Injecting, LinksStayInTheImage) {
  Tree outside;
  image.remove("/usr/lib/x86_64-linux-gnu");
  image.link("/usr/lib/x86_64-linux-gnu", outside.path());
  Request request;
  request.gpus = {*parse_gpus_flag("all")};
  request.driver_root = host.path();
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"true"};
  (void)edit_spec(spec, request, image.root(), image.path() + "/scratch");
  EXPECT_TRUE(os::list_dir(outside.path())->empty());
}

std::set<std::string> as_set(const json& items) {
  std::set<std::string> out;
  for (const json& item : items)
    out.insert(item.dump());
  return out;
}

// Pairs of "--link" and "--folder" arguments in a spec's hooks.
std::set<std::string> arguments(const json& edits, const std::string& flag) {
  std::set<std::string> out;
  for (const json& hook : edits["hooks"]) {
    const auto args = hook["args"].get<std::vector<std::string>>();
    for (std::size_t i = 0; i + 1 < args.size(); ++i)
      if (args[i] == flag) out.insert(args[i + 1]);
  }
  return out;
}

TEST(Generate, MakesWhatTheVendorsGeneratorMakes) {
  SUIT_NEEDS_CORPORA();
  SUIT_NEEDS_ROOT();
  std::ifstream in(std::string(SUIT_CORPORA) + "/gpu/ctk-generate-golden.json");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  Tree host;
  for (std::size_t at = 0; (at = text.find("{{driverRoot}}")) != std::string::npos;)
    text.replace(at, 14, "/root/of/driver");
  const json golden = json::parse(text)["spec"];
  const std::string dir = "/lib/x86_64-linux-gnu";
  for (const char* name : {"/libcuda.so.999.88.77", "/vdpau/libvdpau_nvidia.so.999.88.77"})
    host.file(dir + name);
  host.link(dir + "/libcuda.so.1", "libcuda.so.999.88.77");
  host.node("/dev/nvidia0", 195, 0).node("/dev/nvidiactl", 195, 255);
  host.file("/proc/driver/nvidia/gpus/0000:06:00.0/information", "Device Minor: 0\n");
  const auto spec = generate_nvidia(
      probe(host.root()), {.driver_root = "/root/of/driver", .hook_program = "/usr/bin/suit"});
  ASSERT_TRUE(spec) << spec.error().message();
  const json ours = json::parse(to_value(*spec).dump());
  EXPECT_EQ(ours["cdiVersion"], golden["cdiVersion"]);
  EXPECT_EQ(ours["devices"], golden["devices"]);
  const json& edits = ours["containerEdits"];
  const json& wanted = golden["containerEdits"];
  EXPECT_EQ(as_set(edits["mounts"]), as_set(wanted["mounts"]));
  EXPECT_EQ(edits["deviceNodes"], wanted["deviceNodes"]);
  EXPECT_EQ(arguments(edits, "--folder"), arguments(wanted, "--folder"));
  EXPECT_THAT(arguments(edits, "--link"), IsSupersetOf(arguments(wanted, "--link")));
}

TEST(Generate, RoundTripsThroughItsOwnReader) {
  SUIT_NEEDS_ROOT();
  Tree host;
  add_nvidia(host);
  add_nvidia_nodes(host);
  const auto spec = generate_nvidia(probe(host.root()), {.hook_program = "/usr/bin/suit"});
  ASSERT_TRUE(spec) << spec.error().message();
  const auto again = parse_cdi(to_value(*spec).dump(), CdiFormat::Json);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_value(*again), to_value(*spec));
  std::vector<std::string> names;
  for (const CdiDevice& device : spec->devices)
    names.push_back(device.name);
  EXPECT_THAT(names, UnorderedElementsAre("0", "1", "GPU-aaaa", "GPU-bbbb", "all"));
}

TEST(SoftGpu, SaysWhatToInstall) {
  Tree host;
  const auto spec = generate_softgpu(host.root());
  ASSERT_FALSE(spec);
  EXPECT_THAT(spec.error().hint(), HasSubstr("pocl-opencl-icd"));
}

TEST(SoftGpu, MountsTheLibraryAndAllThatItNeeds) {
  const auto spec = generate_softgpu(*os::Root::open("/"));
  if (!spec) GTEST_SKIP() << "needs PoCL (package pocl-opencl-icd)";
  std::vector<std::string> paths;
  for (const CdiMount& mount : spec->devices.at(0).edits.mounts)
    paths.push_back(mount.container_path);
  EXPECT_THAT(paths, Contains("/etc/OpenCL/vendors/pocl.icd"));
  EXPECT_THAT(paths, Contains(HasSubstr("libLLVM")));
  EXPECT_THAT(paths, Not(Contains(HasSubstr("libc.so.6"))));
}

}  // namespace
}  // namespace suit::gpu
