#include "runtime/state.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/process.h"

namespace suit::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Store : public testing::Test {
 protected:
  os::TempDir directory_ = os::TempDir::create("/tmp", "suit-state-").value();
  StateStore store_{directory_.path() + "/run"};

  ContainerState save(const std::string& id, PidRef init) {
    EXPECT_TRUE(store_.claim(id));
    ContainerState state;
    state.id = id;
    state.bundle = "/b";
    state.rootfs = "/b/rootfs";
    state.created = "2026-01-02T03:04:05Z";
    state.init = init;
    state.annotations = {{"k", "v"}};
    state.new_keyring = true;
    state.preserved_fds = 2;
    EXPECT_TRUE(store_.save(state));
    return state;
  }
};

TEST_F(Store, GivesANameOnce) {
  EXPECT_TRUE(store_.claim("web"));
  auto second = store_.claim("web");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), EEXIST);
  EXPECT_THAT(second.error().message(), HasSubstr("container \"web\" already exists"));
}

TEST_F(Store, ReadsBackWhatItWrote) {
  save("web", {42, 99});
  auto read = store_.load("web");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->init.pid, 42);
  EXPECT_EQ(read->init.start_ticks, 99U);
  EXPECT_EQ(read->bundle, "/b");
  EXPECT_EQ(read->annotations.at("k"), "v");
  EXPECT_TRUE(read->new_keyring && read->has_pivot);
  EXPECT_EQ(read->preserved_fds, 2U);
}

TEST_F(Store, SaysThatAContainerDoesNotExist) {
  auto missing = store_.load("web");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message(), HasSubstr("container \"web\" does not exist"));
  EXPECT_FALSE(store_.lock("web"));
  for (const char* id : {"", "../x", "a/b", "-x", ".", "a b"}) {
    EXPECT_THAT(store_.load(id).error().message(), HasSubstr("is not a container id")) << id;
    EXPECT_FALSE(store_.claim(id)) << id;
  }
}

TEST_F(Store, ListsWhatHasAState) {
  EXPECT_THAT(store_.list().value(), testing::IsEmpty());
  save("b", {});
  save("a", {});
  EXPECT_TRUE(store_.claim("half"));
  EXPECT_THAT(store_.list().value(), ElementsAre("a", "b"));
  EXPECT_TRUE(store_.remove("a"));
  EXPECT_TRUE(store_.remove("a")) << "nothing there is no error";
  EXPECT_THAT(store_.list().value(), ElementsAre("b"));
}

TEST_F(Store, DerivesTheStatus) {
  PidRef self = pid_ref(::getpid()).value();
  ContainerState state = save("web", self);
  EXPECT_EQ(store_.status(state), Status::Running);
  ASSERT_EQ(::mkfifo((store_.directory("web") + "/start").c_str(), 0600), 0);
  EXPECT_EQ(store_.status(state), Status::Created);
  state.init.start_ticks += 1;  // a later process of the same number
  EXPECT_EQ(store_.status(state), Status::Stopped);
  state.init = {};
  state.creator = self;
  EXPECT_EQ(store_.status(state), Status::Creating);
  state.creator.start_ticks += 1;
  EXPECT_EQ(store_.status(state), Status::Stopped) << "its creator died";
}

TEST(PidRef, TellsAProcessFromItsZombieAndFromALaterOne) {
  pid_t child = ::fork();
  if (child == 0) {
    while (true)
      ::pause();
  }
  PidRef ref = pid_ref(child).value();
  EXPECT_TRUE(is_alive(ref));
  EXPECT_TRUE(open_process(ref));
  EXPECT_EQ(open_process({child, ref.start_ticks + 1}).error().code(), ESRCH);
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(is_alive(ref)) << "a zombie runs nothing";
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_alive(ref));
  EXPECT_EQ(open_process(ref).error().code(), ESRCH);
  EXPECT_FALSE(is_alive({}));
}

TEST(OciState, HasTheMembersOfTheSpecification) {
  ContainerState state;
  state.id = "web";
  state.bundle = "/b";
  state.init = {7, 1};
  oci::Json running = oci_state(state, Status::Running);
  EXPECT_EQ(running.dump(),
            R"({"ociVersion":"1.2.0","id":"web","status":"running","pid":7,"bundle":"/b"})");
  EXPECT_EQ(oci_state(state, Status::Stopped).find("pid"), nullptr);
}

}  // namespace
}  // namespace suit::runtime
