#include "oci/spec.h"

#include <gtest/gtest.h>

#include "../support/corpora.h"

namespace suit::oci {
namespace {

std::string message(const Result<Spec>& result) {
  return result ? "accepted" : result.error().message();
}

// A document that is right but for what the test puts in.
std::string with(const std::string& process, const std::string& more) {
  return R"({"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"cwd":"/","args":["sh"])" +
         process + "}" + more + "}";
}

TEST(Spec, DefaultSurvivesBeingWrittenAndRead) {
  Spec spec = default_spec();
  spec.process.args = {"/bin/sh", "-c", "true"};
  spec.process.user = {1000, 1000, {10, 20}, 022};
  spec.process.rlimits = {{"RLIMIT_NOFILE", 1024, 2048}};
  spec.process.oom_score_adj = -5;
  spec.hostname = "web";
  spec.linux_.devices = {{"/dev/fuse", 'c', 10, 229, 0666, 0, 0}};
  spec.linux_.uid_mappings = {{0, 100000, 65536}};
  spec.linux_.sysctl = {{"net.core.somaxconn", "256"}};
  const std::string text = to_json(spec);
  const Result<Spec> read = parse_spec(text);
  ASSERT_TRUE(read) << message(read);
  EXPECT_EQ(to_json(*read), text);
  EXPECT_EQ(read->process.user.umask, 022U);
  EXPECT_EQ(read->linux_.uid_mappings[0].host_id, 100000U);
}

TEST(Spec, DefaultIsWhatDockerGives) {
  const Spec spec = default_spec();
  EXPECT_EQ(spec.process.capabilities.bounding.size(), 14U);
  EXPECT_TRUE(spec.process.capabilities.ambient.empty());
  EXPECT_TRUE(spec.process.capabilities.inheritable.empty());
  EXPECT_EQ(spec.linux_.namespaces.size(), 6U);
  EXPECT_EQ(spec.mounts.front().destination, "/proc");
}

TEST(Spec, PointsAtTheMemberAtFault) {
  EXPECT_EQ(message(parse_spec("{}")), "/ociVersion: is required");
  EXPECT_EQ(message(parse_spec(R"({"ociVersion":"2.0.0","root":{"path":"r"}})")),
            "/ociVersion: \"2.0.0\" is not a version that is understood");
  EXPECT_EQ(
      message(parse_spec(with(R"(,"rlimits":[{"type":"RLIMIT_CPU","soft":2,"hard":1}])", ""))),
      "/process/rlimits/0: soft limit 2 is above the hard limit 1");
  EXPECT_EQ(message(parse_spec(with(R"(,"env":["A=1",2])", ""))),
            "/process/env/1: must be a string");
  EXPECT_EQ(message(parse_spec(with("", R"(,"mounts":[{"destination":"proc"}])"))),
            "/mounts/0/destination: must be an absolute path, not \"proc\"");
  EXPECT_EQ(message(parse_spec(with("", R"(,"linux":{"namespaces":[{"type":"pdi"}]})"))),
            "/linux/namespaces/0/type: unknown namespace \"pdi\" (did you mean \"pid\"?)");
  EXPECT_EQ(message(parse_spec(
                R"({"ociVersion":"1.0.0","root":{"path":"r"},"process":{"cwd":"/","args":[]}})")),
            "/process/args: must not be empty");
}

TEST(Spec, RefusesByNameWhatIsNotImplemented) {
  EXPECT_EQ(message(parse_spec(with("", R"(,"linux":{"intelRdt":{"closID":"a"}})"))),
            "/linux/intelRdt: is not supported");
  EXPECT_EQ(message(parse_spec(with("", R"(,"linux":{"netDevices":{"eth0":{"name":"a"}}})"))),
            "/linux/netDevices: is not supported");
}

TEST(Spec, ReadsHooksAndWritesThemBack) {
  const Result<Spec> spec = parse_spec(
      with("", R"(,"hooks":{"prestart":[{"path":"/x","args":["x","y"],"env":["A=1"],"timeout":3}],)"
               R"("poststop":[{"path":"/z"}]})"));
  ASSERT_TRUE(spec) << message(spec);
  for (const Spec& read : {*spec, parse_spec(to_json(*spec)).value()}) {
    ASSERT_EQ(read.hooks.prestart.size(), 1U);
    EXPECT_EQ(read.hooks.prestart[0].timeout_s, 3U);
    EXPECT_EQ(read.hooks.prestart[0].args.size(), 2U);
    EXPECT_EQ(read.hooks.poststop.at(0).path, "/z");
  }
}

TEST(Spec, RefusesValuesThatMeanNothing) {
  const struct {
    const char* process;
    const char* more;
    const char* message;
  } cases[] = {
      {"", R"(,"hooks":{"poststop":[{"path":"x"}]})",
       "/hooks/poststop/0/path: must be an absolute path, not \"x\""},
      {"", R"(,"hooks":{"prestart":[{"path":"/x","timeout":0}]})",
       "/hooks/prestart/0/timeout: must be greater than zero"},
      {"", R"(,"linux":{"maskedPaths":["proc/kcore"]})",
       "/linux/maskedPaths/0: must be an absolute path, not \"proc/kcore\""},
      {R"(,"ioPriority":{"class":"IOPRIO_CLASS_BF","priority":1})", "",
       "/process/ioPriority/class: unknown class \"IOPRIO_CLASS_BF\" (did you mean "
       "\"IOPRIO_CLASS_BE\"?)"},
      {R"(,"scheduler":{"nice":1})", "", "/process/scheduler/policy: is required"},
      {"", R"(,"linux":{"personality":{"domain":"LINUX64"}})",
       "/linux/personality/domain: must be LINUX or LINUX32"},
      {"", R"(,"linux":{"timeOffsets":{"realtime":{"secs":1}}})",
       "/linux/timeOffsets/realtime: has no offset: monotonic and boottime have"},
      {"", R"(,"linux":{"uidMappings":[{"containerID":0,"hostID":4294967295,"size":2}]})",
       "/linux/uidMappings/0: hostID and size reach beyond the last id"},
      {"",
       R"(,"mounts":[{"destination":"/m","uidMappings":[{"containerID":0,"hostID":1,"size":1}]}])",
       "/mounts/0: uidMappings and gidMappings are given together or not at all"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(message(parse_spec(with(c.process, c.more))), c.message);
}

TEST(Spec, AcceptsMembersThatAskForNothing) {
  EXPECT_EQ(message(parse_spec(
                with(R"(,"selinuxLabel":"","apparmorProfile":"")",
                     R"(,"hooks":{},"linux":{"resources":{"memory":{}},"seccomp":null})"))),
            "accepted");
  EXPECT_EQ(message(parse_spec(with("", R"(,"x-unknown":{"a":1})"))), "accepted");
}

// Accepted as documents, refused as something that we cannot do.
const corpora::Deviations kNotOurs = {
    {"config-good-freebsd-example", "another operating system"},
    {"config-good-freebsd-minimal", "another operating system"},
    {"config-good-zos-example", "another operating system"},
    {"config-good-zos-minimal", "another operating system"},
    {"config-good-spec-example", "of version 0.5.0-dev, before 1.0"},
    {"config-good-linux-netdevice", "network devices are not implemented"},
};

TEST(RuntimeSpecCorpora, DocumentsAreAcceptedAndRefusedAsUpstream) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("oci-runtime-spec/schema-cases.json");
  for (const auto& row : corpora::cases("oci-runtime-spec/schema-cases.json")) {
    if (row["kind"] != "config") continue;
    if (kNotOurs.contains(row["name"].get<std::string>())) {
      tally.deviate();
      continue;
    }
    const Result<Spec> spec = parse_spec(row["document"].get<std::string>());
    const bool ok = spec.has_value() == row["valid"].get<bool>();
    EXPECT_TRUE(ok) << row["name"] << "\n" << message(spec);
    tally.count(ok);
  }
}

// What the other runtimes write for a new bundle.
void read_bundle_of(const std::string& runtime) {
  char directory[] = "/tmp/suit-spec-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string folder = directory;
  const int made = std::system(("cd " + folder + " && " + runtime + " spec 2>/dev/null").c_str());
  std::ifstream in(folder + "/config.json");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::remove((folder + "/config.json").c_str());
  std::remove(folder.c_str());
  if (made != 0) GTEST_SKIP() << runtime << " is not installed";
  const Result<Spec> spec = parse_spec(text);
  ASSERT_TRUE(spec) << message(spec);
  EXPECT_EQ(spec->process.args, std::vector<std::string>{"sh"});
  EXPECT_EQ(parse_spec(to_json(*spec)).value().mounts.size(), spec->mounts.size());
}

TEST(Spec, ReadsWhatRuncWrites) { read_bundle_of("runc"); }
TEST(Spec, ReadsWhatCrunWrites) { read_bundle_of("crun"); }

}  // namespace
}  // namespace suit::oci
