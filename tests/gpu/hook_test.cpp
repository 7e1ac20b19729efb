#include "gpu/hook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "os/process.h"

namespace suit::gpu {
namespace {

using ::testing::HasSubstr;

TEST(Hook, MakesLinksInsideTheRoot) {
  Tree image;
  Tree outside;
  image.link("/usr/lib/out", outside.path());
  const auto done = run_hook({"create-symlinks", "--link", "libcuda.so.1::/usr/lib/x/libcuda.so",
                              "--link=a::/usr/lib/out/b"},
                             image.root());
  ASSERT_FALSE(done);  // /usr/lib/out leads nowhere in there
  EXPECT_EQ(*os::read_link(os::FdRef::cwd(), image.path() + "/usr/lib/x/libcuda.so"),
            "libcuda.so.1");
  EXPECT_TRUE(os::list_dir(outside.path())->empty());
}

TEST(Hook, ReplacesAnOldLink) {
  Tree image;
  image.link("/l", "old");
  ASSERT_TRUE(run_hook({"create-symlinks", "--link", "new::/l"}, image.root()));
  EXPECT_EQ(*os::read_link(os::FdRef::cwd(), image.path() + "/l"), "new");
}

TEST(Hook, ChangesModesInsideTheRootOnly) {
  Tree image;
  Tree outside;
  outside.file("/secret", "", 0600);
  image.file("/a", "", 0600).link("/b", outside.path() + "/secret");
  ASSERT_TRUE(
      run_hook({"chmod", "--mode", "644", "--path", "/a", "--path", "/absent"}, image.root()));
  EXPECT_EQ(os::stat_at(os::FdRef::cwd(), image.path() + "/a")->st_mode & 0777U, 0644U);
  EXPECT_FALSE(run_hook({"chmod", "--mode", "777", "--path", "/b"}, image.root()));
  EXPECT_EQ(os::stat_at(os::FdRef::cwd(), outside.path() + "/secret")->st_mode & 0777U, 0600U);
}

TEST(Hook, RefusesWhatItDoesNotKnow) {
  Tree image;
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{}, "unknown hook \"\""},
      {{"create-symlink"}, "did you mean \"create-symlinks\"?"},
      {{"create-symlinks", "--links", "a::b"}, "did you mean \"link\"?"},
      {{"create-symlinks", "--link"}, "--link needs a value"},
      {{"create-symlinks", "--link", "a:b"}, "invalid link \"a:b\""},
      {{"chmod", "--mode", "9", "--path", "/"}, "\"9\" is no mode"},
      {{"chmod", "--path", "/"}, "--mode and --path are needed"}};
  for (const auto& [words, message] : rows) {
    const auto done = run_hook(words, image.root());
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message(), HasSubstr(message));
  }
  image.file("/etc/ld.so.cache");
  EXPECT_FALSE(run_hook({"update-ldcache", "--folder", "x"}, image.root()));
}

TEST(Hook, UpdatesTheLoadersCache) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: ldconfig changes its root";
  Tree image;
  image.file("/etc/ld.so.cache").file("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
  image.file("/opt/driver/libcuda.so.999.88.77", *os::read_file(SUIT_FAKE_CUDA), 0755);
  image.link("/opt/driver/libcuda.so.1", "libcuda.so.999.88.77");
  const auto done = run_hook({"update-ldcache", "--folder", "/opt/driver"}, image.root());
  ASSERT_TRUE(done) << done.error().message();
  const auto listed =
      os::run_and_capture({"/sbin/ldconfig", "-p", "-C", image.path() + "/etc/ld.so.cache"});
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->out, HasSubstr("libcuda.so.1 (libc6,x86-64) => /opt/driver/libcuda.so.1"));
}

TEST(Hook, CompatibilityIsReadFromTheNoteOrTheNumbers) {
  const std::string note = std::string("\x05\0\0\0NVIDIA\0", 11) +
                           R"({"CUDA Version":"13.0","Driver":[535,550,"570"],"Device":[8]})";
  EXPECT_TRUE(compat_fits(note, "580.65.06", "550.54.15"));
  EXPECT_TRUE(compat_fits(note, "580.65.06", "570.1.1"));
  EXPECT_FALSE(compat_fits(note, "580.65.06", "560.1.1"));
  EXPECT_FALSE(compat_fits(note, "580.65.06", "580.82.07"));
  EXPECT_TRUE(compat_fits("", "580.65.06", "550.54.15"));
  EXPECT_FALSE(compat_fits("", "580.82.07", "580.65.06"));
}

TEST(Hook, EnablesCompatibilityByAConfigFile) {
  Tree image;
  image.file("/usr/local/cuda/compat/libcuda.so.590.1.1", *os::read_file(SUIT_FAKE_CUDA));
  ASSERT_TRUE(run_hook({"enable-cuda-compat", "--host-driver-version=580.1.1"}, image.root()));
  EXPECT_EQ(*os::read_file(image.path() + "/etc/ld.so.conf.d/00-compat-suit.conf"),
            "/usr/local/cuda/compat\n");
  image.remove("/etc");
  ASSERT_TRUE(run_hook({"enable-cuda-compat", "--host-driver-version=590.1.1"}, image.root()));
  EXPECT_FALSE(os::exists(image.path() + "/etc"));
}

TEST(Hook, FindsTheRootInTheState) {
  Tree bundle;
  bundle.file("/config.json", R"({"root":{"path":"rootfs"}})").file("/rootfs/marker");
  const auto root = root_of_state(R"({"bundle":")" + bundle.path() + R"("})");
  ASSERT_TRUE(root) << root.error().message();
  EXPECT_TRUE(root->stat("/marker"));
  EXPECT_FALSE(root_of_state("{}"));
  EXPECT_FALSE(root_of_state(R"({"bundle":"/nowhere"})"));
}

}  // namespace
}  // namespace suit::gpu
