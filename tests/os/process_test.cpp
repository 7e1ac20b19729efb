#include "os/process.h"

#include <signal.h>

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suit::os {
namespace {

TEST(Child, ReportsCodeAndSignal) {
  auto child = Child::spawn({"/bin/sh", "-c", "exit 7"});
  ASSERT_TRUE(child) << child.error().message();
  auto status = child->wait();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->shell_code(), 7);
  auto killed = Child::spawn({"/bin/sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->wait()->signal, SIGTERM);
}

TEST(Child, IsKilledWhenTheObjectGoes) {
  pid_t pid = -1;
  {
    auto child = Child::spawn({"/bin/sleep", "100"});
    ASSERT_TRUE(child);
    pid = child->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(Child, NamesAProgramThatIsNotThere) {
  auto child = Child::spawn({"/no/such"});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message(), "execve(\"/no/such\"): No such file or directory (ENOENT)");
}

TEST(RunAndCapture, FeedsAndCollectsWithoutDeadlock) {
  std::string big(300'000, 'x');
  auto run = run_and_capture({"/bin/sh", "-c", "cat; echo done >&2"}, big);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->out, big);
  EXPECT_EQ(run->err, "done\n");
}

TEST(RunAndCapture, EndsProgramsThatExceedTheirLimits) {
  CaptureLimits limits;
  limits.time = std::chrono::milliseconds(100);
  auto slow = run_and_capture({"/bin/sleep", "100"}, "", {}, limits);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code(), ETIMEDOUT);
  limits = {};
  limits.output_bytes = 1000;
  auto loud =
      run_and_capture({"/bin/sh", "-c", "while :; do echo xxxxxxxxxxxxxxxx; done"}, "", {}, limits);
  ASSERT_FALSE(loud);
  EXPECT_EQ(loud.error().code(), EFBIG);
}

TEST(RunAndCapture, SurvivesAProgramThatDoesNotRead) {
  auto run = run_and_capture({"/bin/sh", "-c", "exec 0<&-; exit 3"}, std::string(1'000'000, 'x'));
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->status.code, 3);
}

}  // namespace
}  // namespace suit::os
