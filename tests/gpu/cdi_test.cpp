#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/cdi_apply.h"
#include "gpu/cdi_registry.h"
#include "oci/spec.h"
#include "tree.h"

namespace suit::gpu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kYaml = R"(cdiVersion: 0.5.0
kind: vendor.com/gpu
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - {path: /dev/vendor0, type: c, major: 10, minor: 7, fileMode: 0o660}
)";

TEST(CdiRegistry, ReadsYamlAndJson) {
  Tree tree;
  tree.file("/etc/cdi/a.yaml", kYaml).dir("/etc/cdi/sub.json");
  const CdiRegistry registry = CdiRegistry::load(tree.root(), {"/etc/cdi", "/var/run/cdi"});
  EXPECT_THAT(registry.devices(), ElementsAre("vendor.com/gpu=0"));
  EXPECT_TRUE(registry.problems().empty());
  EXPECT_EQ(registry.find("vendor.com/gpu=0")->device->edits.device_nodes.at(0).file_mode, 0660U);
}

TEST(CdiRegistry, SuggestsANameThatIsNear) {
  Tree tree;
  tree.file("/etc/cdi/a.yaml", kYaml);
  const CdiRegistry registry = CdiRegistry::load(tree.root(), {"/etc/cdi"});
  const auto edits = registry.edits_for({"vendor.com/gpu=1"});
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().what(), "unresolvable CDI devices vendor.com/gpu=1");
  EXPECT_THAT(edits.error().hint(), HasSubstr("did you mean \"vendor.com/gpu=0\"?"));
}

TEST(CdiRegistry, RefusesFilesThatOthersMayWrite) {
  Tree tree;
  tree.file("/etc/cdi/a.yaml", kYaml, 0666);
  CdiRegistry registry = CdiRegistry::load(tree.root(), {"/etc/cdi"});
  EXPECT_TRUE(registry.devices().empty());
  ASSERT_EQ(registry.problems().size(), 1U);
  EXPECT_THAT(registry.problems()[0].error.message(), HasSubstr("may be written by others"));
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  tree.file("/etc/cdi/a.yaml", kYaml);
  ASSERT_EQ(::chown((tree.path() + "/etc/cdi/a.yaml").c_str(), 12345, 12345), 0);
  registry = CdiRegistry::load(tree.root(), {"/etc/cdi"});
  ASSERT_EQ(registry.problems().size(), 1U);
  EXPECT_THAT(registry.problems()[0].error.message(), HasSubstr("belongs to user 12345"));
}

TEST(CdiRegistry, NeverLeavesItsRoot) {
  Tree outside;
  outside.file("/secret.json", R"({"cdiVersion":"0.5.0"})");
  Tree tree;
  tree.link("/etc/cdi/a.json", outside.path() + "/secret.json");
  tree.link("/etc/cdi/b.json", "../../../../../../../../" + outside.path() + "/secret.json");
  const CdiRegistry registry = CdiRegistry::load(tree.root(), {"/etc/cdi"});
  ASSERT_EQ(registry.problems().size(), 2U);
  for (const CdiProblem& problem : registry.problems())
    EXPECT_EQ(problem.error.code(), ENOENT) << problem.error.message();
}

oci::Spec plain_spec() {
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"true"};
  return spec;
}

TEST(CdiApply, EditsASpecInMemory) {
  const auto cdi = parse_cdi(kYaml, CdiFormat::Yaml);
  ASSERT_TRUE(cdi);
  oci::Spec spec = plain_spec();
  const oci::Spec before = spec;
  const auto applied = apply_edits(spec, cdi->devices[0].edits, *os::Root::open("/"));
  ASSERT_TRUE(applied) << applied.error().message();
  ASSERT_EQ(spec.linux_.devices.size(), 1U);
  EXPECT_EQ(spec.linux_.devices[0].path, "/dev/vendor0");
  EXPECT_EQ(spec.linux_.devices[0].mode, 0660U);
  ASSERT_EQ(spec.linux_.resources.devices.size(), 1U);
  EXPECT_EQ(spec.linux_.resources.devices[0].major, 10);
  EXPECT_TRUE(spec.linux_.resources.devices[0].allow);
  // Nothing else has changed: what no edit names survives the way through the document.
  spec.linux_.devices.clear();
  spec.linux_.resources.devices.clear();
  EXPECT_EQ(oci::to_json(spec), oci::to_json(before));
}

TEST(CdiApply, RefusesANodeOfAnotherKindAndChangesNothing) {
  Tree host;
  host.file("/dev/x", "not a device").link("/dev/l", "x");
  for (const char* path : {"/dev/x", "/dev/l", "/dev/absent"}) {
    ContainerEdits edits;
    edits.env = {"A=B"};
    edits.device_nodes.push_back({.path = path});
    oci::Json config = oci::Json::object();
    const auto applied = apply_edits(config, edits, host.root());
    ASSERT_FALSE(applied);
    EXPECT_THAT(applied.error().message(), HasSubstr(path));
    EXPECT_EQ(config, oci::Json::object());
  }
}

TEST(CdiApply, RefusesConfigsOfAnotherShape) {
  ContainerEdits edits;
  edits.env = {"A=B"};
  edits.device_nodes.push_back({.path = "/dev/n", .type = "c", .major = 1, .minor = 3});
  edits.additional_gids = {7};
  edits.mounts.push_back({"/a", "/b", {}, ""});
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "/: must be an object"},
      {R"({"process":[]})", "/process: must be an object"},
      {R"({"process":{"user":1}})", "/process/user: must be an object"},
      {R"({"linux":{"devices":{}}})", "/linux/devices: must be an array"},
      {R"({"mounts":"x"})", "/mounts: must be an array"},
      {R"({"hooks":{"prestart":{}}})", "/hooks/prestart: must be an array"}};
  for (const auto& [text, message] : rows) {
    oci::Json config = *oci::parse_json(text);
    const auto applied = apply_edits(config, edits, *os::Root::open("/"));
    ASSERT_FALSE(applied) << text;
    EXPECT_EQ(applied.error().what(), message);
  }
}

}  // namespace
}  // namespace suit::gpu
