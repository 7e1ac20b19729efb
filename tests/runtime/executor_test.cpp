// The executor over a fake kernel: every op can fail, and the report must name it.

#include "runtime/init/executor.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "oci/spec.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

namespace suit::runtime {
namespace {

// Answers each call with the next descriptor number, except where told otherwise.
struct FakeKernel {
  mutable std::vector<Call> calls;
  mutable int next = 100;
  std::map<std::size_t, long> answers;  // by number of the call
  std::string directory = "/";

  long call(Call call, const long (&args)[6]) const {
    std::size_t index = calls.size();
    calls.push_back(call);
    if (auto answer = answers.find(index); answer != answers.end()) return answer->second;
    if (call == Call::execve) return -ENOENT;
    if (call == Call::getcwd) {
      std::memcpy(reinterpret_cast<char*>(args[0]), directory.c_str(), directory.size() + 1);
      return static_cast<long>(directory.size() + 1);
    }
    return next++;
  }
  std::int64_t now_ns() const { return static_cast<std::int64_t>(calls.size()) + 1; }
};

LaunchPlan make_plan() {
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"/bin/true"};
  spec.process.env = {"A=1"};
  spec.mounts.push_back({"/data/deep", "bind", "/srv", {"rbind", "ro"}});
  auto plan = plan_launch(spec, HostFacts{}, "test");
  EXPECT_TRUE(plan) << plan.error().message();
  return *std::move(plan);
}

struct Rehearsal {
  std::vector<int> slots = std::vector<int>(kSlotCount, 3);
  long externs[kExternCount] = {};
  std::vector<Stamp> stamps;

  Failure operator()(const LaunchPlan& plan, const FakeKernel& kernel, bool timed = false) {
    Machine<FakeKernel> machine;
    machine.sys = &kernel;
    machine.ops = plan.container.data();
    machine.slots = slots.data();
    machine.text = plan.text.data();
    machine.externs = externs;
    machine.asked = kWhenDieWithParent;
    stamps.resize(plan.container.size());
    if (timed) machine.stamps = stamps.data();
    return run_ops(machine, 0, static_cast<std::uint32_t>(plan.container.size()), kContainerLane);
  }
};

// Whoever closes what is left in the slots must not close a number that is somebody else's by then.
TEST(Executor, ForgetsWhatItHasClosed) {
  Op ops[2] = {};
  for (std::uint8_t i = 0; i < 2; ++i) {
    ops[i].call = Call::close;
    ops[i].argument_count = 1;
    ops[i].kinds[0] = Arg::Slot;
    ops[i].args[0] = 5 + i;
  }
  FakeKernel kernel;
  kernel.answers[1] = -EBADF;
  for (const bool forgets : {true, false}) {
    std::vector<int> slots(kSlotCount, 3);
    kernel.calls.clear();
    Machine<FakeKernel> machine;
    machine.sys = &kernel;
    machine.ops = ops;
    machine.slots = slots.data();
    machine.forgets_closed = forgets;
    const Failure failure = run_ops(machine, 0, 2, kHostLane);
    EXPECT_EQ(failure.op, 1U);
    EXPECT_EQ(slots[5], forgets ? -1 : 3);
    EXPECT_EQ(slots[6], 3);
  }
}

TEST(Executor, ReportsTheExecWhenNothingElseFails) {
  LaunchPlan plan = make_plan();
  FakeKernel kernel;
  Failure failure = Rehearsal()(plan, kernel);
  EXPECT_EQ(failure.error, ENOENT);
  EXPECT_EQ(plan.container[failure.op].call, Call::execve);
  EXPECT_EQ(failure.op, plan.container.size() - 1);
}

TEST(Executor, ReportsEachOpThatFails) {
  LaunchPlan plan = make_plan();
  FakeKernel dry;
  Rehearsal()(plan, dry);
  std::size_t injected = 0;
  for (std::size_t i = 0; i < dry.calls.size(); ++i) {
    FakeKernel kernel;
    kernel.answers[i] = -EIO;  // tolerated nowhere
    Failure failure = Rehearsal()(plan, kernel);
    EXPECT_EQ(failure.error, EIO) << "call " << i;
    EXPECT_EQ(failure.lane, kContainerLane);
    EXPECT_EQ(plan.container[failure.op].call, dry.calls[i]) << "call " << i;
    EXPECT_EQ(kernel.calls.size(), i + 1) << "nothing may follow a failure";
    ++injected;
  }
  EXPECT_GT(injected, 100U);
}

TEST(Executor, MakesAMissingMountPoint) {
  LaunchPlan plan = make_plan();
  FakeKernel dry;
  Rehearsal()(plan, dry);
  // The first openat2 of the last mount: tell it that /data/deep is not there.
  std::size_t found = 0;
  for (std::size_t i = 0; i < plan.container.size(); ++i)
    if (plan.container[i].call == Call::openat2 &&
        (plan.container[i].tolerates & kMayBeAbsent) != 0 &&
        plan.string_at(static_cast<std::uint32_t>(plan.container[i].args[1])) == "/data/deep")
      found = i;
  ASSERT_NE(found, 0U);
  std::size_t number = 0;
  Rehearsal run;
  FakeKernel counting;
  run(plan, counting, true);
  for (std::size_t i = 0; i < found; ++i)
    if (run.stamps[i].result != Stamp::kNotRun) ++number;
  FakeKernel kernel;
  kernel.answers[number] = -ENOENT;
  Rehearsal()(plan, kernel);
  ASSERT_GT(kernel.calls.size(), number + 4);
  EXPECT_EQ(kernel.calls[number], Call::openat2);
  EXPECT_EQ(kernel.calls[number + 1], Call::openat2) << "the parent directory";
  EXPECT_EQ(kernel.calls[number + 2], Call::mkdirat);
  EXPECT_EQ(kernel.calls[number + 3], Call::openat2);
  EXPECT_EQ(kernel.calls[number + 4], Call::move_mount);
}

TEST(Executor, RemembersPermissionDeniedOverNotFound) {
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"tool"};
  spec.process.env = {"PATH=/a:/b:/c"};
  auto plan = plan_launch(spec, HostFacts{}, "test");
  ASSERT_TRUE(plan);
  FakeKernel dry;
  Rehearsal()(*plan, dry);
  FakeKernel kernel;
  kernel.answers[dry.calls.size() - 2] = -EACCES;
  Failure failure = Rehearsal()(*plan, kernel);
  EXPECT_EQ(failure.error, EACCES);
  EXPECT_EQ(failure.op, plan->container.size() - 2);
}

TEST(Executor, RefusesAWorkingDirectoryOutsideOfTheRoot) {
  LaunchPlan plan = make_plan();
  FakeKernel kernel;
  kernel.directory = "(unreachable)/etc";
  Failure failure = Rehearsal()(plan, kernel);
  EXPECT_EQ(failure.error, ENOENT);
  EXPECT_EQ(plan.container[failure.op].call, Call::getcwd);
}

TEST(Executor, LeavesOutWhatWasNotAskedFor) {
  LaunchPlan plan = make_plan();
  FakeKernel kernel;
  Rehearsal run;
  plan.container[3].when = kWhenTimed;
  run(plan, kernel, true);
  EXPECT_EQ(run.stamps[3].result, Stamp::kNotRun);
}

TEST(Executor, StampsWhatItRan) {
  LaunchPlan plan = make_plan();
  FakeKernel kernel;
  Rehearsal run;
  run(plan, kernel, true);
  std::size_t ran = 0;
  std::int64_t last = 0;
  for (const Stamp& stamp : run.stamps) {
    if (stamp.result == Stamp::kNotRun) continue;
    ++ran;
    EXPECT_GE(stamp.start_ns, last);
    last = stamp.start_ns;
  }
  EXPECT_EQ(ran, kernel.calls.size());
}

TEST(Executor, ToleratesOnlyWhatTheOpNames) {
  Op op;
  EXPECT_FALSE(tolerated(op, ENOENT));
  op.tolerates = kMayBeAbsent | kMayBeUnsupported;
  EXPECT_TRUE(tolerated(op, ENOENT));
  EXPECT_TRUE(tolerated(op, ENOSYS));
  EXPECT_TRUE(tolerated(op, EINVAL));
  EXPECT_FALSE(tolerated(op, EEXIST));
  EXPECT_FALSE(tolerated(op, EIO));
}

}  // namespace
}  // namespace suit::runtime
