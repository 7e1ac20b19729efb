#include "runtime/options.h"

#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>

#include <gtest/gtest.h>

namespace suit::runtime {
namespace {

MountOptions options_of(std::vector<std::string> words, const std::string& type = "tmpfs") {
  auto options = parse_mount_options({"/x", type, "x", std::move(words)});
  EXPECT_TRUE(options) << options.error().message();
  return options ? *options : MountOptions{};
}

TEST(MountOptions, SortsAttributesFromData) {
  MountOptions o = options_of({"ro", "nosuid", "size=64m", "nr_inodes=5"});
  EXPECT_EQ(o.set, std::uint64_t{MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID});
  ASSERT_EQ(o.data.size(), 2U);
  EXPECT_EQ(o.data[0].first, "size");
  EXPECT_EQ(o.data[0].second, "64m");
}

TEST(MountOptions, LetsTheLastWordWin) {
  EXPECT_EQ(options_of({"ro", "rw"}).set, 0U);
  EXPECT_EQ(options_of({"nosuid", "suid"}).set, 0U);
  EXPECT_EQ(options_of({"noatime", "strictatime"}).set, std::uint64_t{MOUNT_ATTR_STRICTATIME});
}

TEST(MountOptions, TellsRecursiveFromPlain) {
  MountOptions o = options_of({"rbind", "rro", "ro"}, "none");
  EXPECT_TRUE(o.bind);
  EXPECT_TRUE(o.recursive_bind);
  EXPECT_EQ(o.recursive_set, std::uint64_t{MOUNT_ATTR_RDONLY});
  EXPECT_EQ(o.set, std::uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(MountOptions, KnowsPropagation) {
  MountOptions o = options_of({"bind", "rslave"}, "bind");
  EXPECT_EQ(o.propagation, std::uint64_t{MS_SLAVE});
  EXPECT_TRUE(o.recursive_propagation);
}

TEST(MountOptions, KnowsEveryWordOfTheSpecification) {
  // config.md, "Linux mount options".
  for (const char* word :
       {"async",      "atime",        "bind",          "defaults",      "dev",
        "diratime",   "dirsync",      "exec",          "iversion",      "lazytime",
        "loud",       "noatime",      "nodev",         "nodiratime",    "noexec",
        "noiversion", "nolazytime",   "norelatime",    "nosuid",        "nosymfollow",
        "private",    "ratime",       "rbind",         "rdev",          "rdiratime",
        "relatime",   "remount",      "rexec",         "rnoatime",      "rnodiratime",
        "rnoexec",    "rnorelatime",  "rnosuid",       "rnosymfollow",  "ro",
        "rprivate",   "rrelatime",    "rro",           "rrw",           "rshared",
        "rslave",     "rstrictatime", "rsuid",         "rsymfollow",    "runbindable",
        "rw",         "shared",       "silent",        "slave",         "strictatime",
        "suid",       "symfollow",    "sync",          "tmpcopyup",     "unbindable",
        "idmap",      "ridmap",       "nostrictatime", "rnostrictatime"}) {
    std::string type = std::string(word) == "tmpcopyup" ? "tmpfs" : "bind";
    auto options = parse_mount_options({"/x", type, "/y", {word}});
    EXPECT_TRUE(options && options->data.empty()) << word;
    auto known = known_mount_options();
    EXPECT_TRUE(std::ranges::binary_search(known, word)) << word;
  }
}

TEST(MountOptions, RefusesByName) {
  auto options = parse_mount_options({"/x", "tmpfs", "x", {"copy-symlink"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(), "mount option \"copy-symlink\" is not supported");
  options = parse_mount_options({"/x", "proc", "x", {"tmpcopyup"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(), "mount option \"tmpcopyup\" is for a tmpfs");
  options = parse_mount_options({"/x", "bind", "/y", {"bind", "size=1"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(), "mount option \"size\" means nothing to a bind mount");
}

}  // namespace
}  // namespace suit::runtime
