#include "engine/volumes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "engine/events.h"
#include "os/file.h"

namespace suit::engine {
namespace {

class VolumesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = os::TempDir::create("/tmp", "suit-volumes-");
    ASSERT_TRUE(dir) << dir.error().message();
    dir_.emplace(*std::move(dir));
    ASSERT_TRUE(os::make_dirs(dir_->path() + "/work"));
    image_ = dir_->path() + "/image";
    ASSERT_TRUE(os::make_dirs(image_ + "/data/inner", 0755));
  }
  Volumes volumes() const { return Volumes(dir_->path()); }

  std::optional<os::TempDir> dir_;
  std::string image_;
};

TEST_F(VolumesTest, AreMadeOnceFoundAndRemoved) {
  auto made = volumes().create("data", {{"team", "a"}});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->mountpoint, dir_->path() + "/volumes/data/_data");
  ASSERT_TRUE(os::replace_file(made->mountpoint + "/kept", "x"));
  auto again = volumes().create("data", {{"team", "b"}});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->labels.at("team"), "a");
  EXPECT_TRUE(os::exists(made->mountpoint + "/kept"));
  ASSERT_EQ(volumes().list().size(), 1U);
  ASSERT_TRUE(volumes().remove("data"));
  auto gone = volumes().find("data");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ENOENT);
  EXPECT_TRUE(os::list_dir(dir_->path() + "/work").value().empty());
}

TEST_F(VolumesTest, RefuseNamesThatAreNoNames) {
  for (const char* name : {"", "a", "../x", "a/b", ".a", "-a", "a b", "a\n"}) {
    EXPECT_FALSE(volumes().create(name, {})) << name;
    EXPECT_FALSE(volumes().remove(name)) << name;
  }
  EXPECT_FALSE(os::exists(dir_->path() + "/volumes"));
}

TEST_F(VolumesTest, TakeOverWhatTheImageHas) {
  ASSERT_TRUE(os::replace_file(image_ + "/data/inner/file", "content", 0640));
  ASSERT_TRUE(os::replace_file(image_ + "/data/.wh.odd", "a file like others"));
  ASSERT_EQ(::chmod((image_ + "/data").c_str(), 01777), 0);
  ASSERT_EQ(::symlink("/etc/passwd", (image_ + "/data/link").c_str()), 0);
  auto volume = volumes().create("data", {}).value();
  os::Root root = os::Root::open(image_).value();
  auto filled = volumes().fill(volume, root, "/data");
  ASSERT_TRUE(filled) << filled.error().message();
  EXPECT_EQ(os::read_file(volume.mountpoint + "/inner/file").value(), "content");
  EXPECT_EQ(os::read_file(volume.mountpoint + "/.wh.odd").value(), "a file like others");
  EXPECT_EQ(os::read_link(os::FdRef::cwd(), volume.mountpoint + "/link").value(), "/etc/passwd");
  struct stat info{};
  ASSERT_EQ(::stat(volume.mountpoint.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 01777U);
}

TEST_F(VolumesTest, ThatHoldSomethingAreLeftAlone) {
  ASSERT_TRUE(os::replace_file(image_ + "/data/from-image", "x"));
  auto volume = volumes().create("data", {}).value();
  ASSERT_TRUE(os::replace_file(volume.mountpoint + "/mine", "y"));
  ASSERT_TRUE(volumes().fill(volume, os::Root::open(image_).value(), "/data"));
  EXPECT_FALSE(os::exists(volume.mountpoint + "/from-image"));
  ASSERT_TRUE(volumes().fill(volume, os::Root::open(image_).value(), "/not-there"));
}

TEST_F(VolumesTest, EventsAreReadAsTheyWereWritten) {
  const std::string path = dir_->path() + "/events.json";
  Event event;
  event.action = "die";
  event.id = "abc";
  event.attributes = {{"exitCode", "3"}, {"image", "x:1"}};
  event.time_ns = 1'700'000'000'000'000'001;
  emit_event(path, event);
  event.action = "start";
  event.time_ns += 10;
  emit_event(path, event);
  EventQuery query;
  query.follow = false;
  std::vector<Event> seen;
  auto collect = [&](const Event& one) {
    seen.push_back(one);
    return true;
  };
  ASSERT_TRUE(read_events(path, query, collect));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].action, "die");
  EXPECT_EQ(seen[0].attributes.at("exitCode"), "3");
  EXPECT_EQ(to_json(seen[0]).string_or("from"), "x:1");
  query.since_ns = event.time_ns;
  seen.clear();
  ASSERT_TRUE(read_events(path, query, collect));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].action, "start");
}

TEST_F(VolumesTest, SizesCountEachFileOnce) {
  ASSERT_TRUE(os::replace_file(image_ + "/data/a", std::string(100'000, 'x')));
  auto one = tree_size(image_).value();
  ASSERT_EQ(::link((image_ + "/data/a").c_str(), (image_ + "/data/b").c_str()), 0);
  EXPECT_EQ(tree_size(image_).value(), one);
  EXPECT_GE(one, 100'000U);
}

}  // namespace
}  // namespace suit::engine
