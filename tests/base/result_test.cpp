#include "base/result.h"

#include <cerrno>
#include <memory>

#include <gtest/gtest.h>

namespace suit {
namespace {

Result<std::unique_ptr<int>> make(bool ok) {
  if (!ok) return fail(ENOENT, "make");
  return std::make_unique<int>(7);
}

Result<void> check(bool ok) {
  if (!ok) return fail(0, "check");
  return {};
}

Result<int> chain(bool first, bool second) {
  SUIT_LET(auto one, make(first));
  SUIT_TRY(check(second));
  SUIT_LET(std::unique_ptr<int> two, make(true));
  return *one + *two;
}

TEST(Result, CarriesMoveOnlyValuesThroughLet) { EXPECT_EQ(chain(true, true).value(), 14); }

TEST(Result, ReturnsTheFirstErrorOfAChain) {
  EXPECT_EQ(chain(false, false).error().code(), ENOENT);
  EXPECT_EQ(chain(true, false).error().message(), "check");
}

TEST(Error, PutsTheCallersContextInFront) {
  EXPECT_EQ(Error(EPERM, "mount proc").wrap("run web").message(),
            "run web: mount proc: Operation not permitted (EPERM)");
}

TEST(Error, ShowsNoErrnoWhenTheKernelHadNoPartInIt) {
  EXPECT_EQ(Error(0, "no image named \"x\"").message(), "no image named \"x\"");
}

TEST(Error, KeepsHintStepAndExcerptBesideTheMessage) {
  Error error = Error(EPERM, "mount proc")
                    .with_hint("run as root")
                    .with_step("mount.proc")
                    .with_excerpt("   1 | >>> RUN\n")
                    .wrap("run web");
  EXPECT_EQ(error.message(), "run web: mount proc: Operation not permitted (EPERM)");
  EXPECT_EQ(error.hint(), "run as root");
  EXPECT_EQ(error.step(), "mount.proc");
  EXPECT_EQ(error.excerpt(), "   1 | >>> RUN\n");
}

}  // namespace
}  // namespace suit
