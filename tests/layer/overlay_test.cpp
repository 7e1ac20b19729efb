// Against the kernel: what an overlay mount shows must be what a layer keeps.
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <random>
#include <set>

#include "../support/corpora.h"
#include "layer/tree.h"
#include "support.h"
#include "tree_operations.h"

namespace suit::layer::test {
namespace {

using nlohmann::json;

#define SUIT_NEEDS_OVERLAY()                                                           \
  do {                                                                                 \
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount an overlay";            \
    Scratch probe;                                                                     \
    Overlay mounted({probe.make_dir("l")}, probe.make_dir("u"), probe.make_dir("w"),   \
                    probe.make_dir("m"));                                              \
    if (!mounted.valid()) GTEST_SKIP() << "the kernel does not mount an overlay here"; \
  } while (false)

std::string layer_of(const std::string& upper, const std::vector<std::string>& lower) {
  auto changes = plan_diff(upper, lower, {});
  EXPECT_TRUE(changes.has_value()) << changes.error().message();
  StringWriter out;
  if (!changes) return {};
  auto written = write_changes(upper, *changes, {}, out);
  EXPECT_TRUE(written.has_value()) << written.error().message();
  return out.take();
}

void copy_tree(const std::string& from, const std::string& to) {
  StringWriter tar;
  ASSERT_OK(write_tree(from, {}, tar));
  ApplyOptions options;
  options.overlay_whiteouts = false;
  ASSERT_OK(unpack(tar.text(), to, options));
}

// One layer of changes: made on an overlay, written, and unpacked twice, as an overlay layer and
// into a whole tree. All three must show the same files.
class Stack {
 public:
  Stack() {
    state_ = scratch_.make_dir("state");
    lower_.push_back(scratch_.make_dir("layer0"));
  }

  template <typename Change>
  void step(Change change) {
    ++count_;
    std::string upper = dir("upper");
    std::string merged = dir("merged");
    Picture expected;
    {
      Overlay overlay(lower_, upper, dir("work"), merged);
      ASSERT_TRUE(overlay.valid());
      change(merged);
      expected = picture_of(merged);
    }
    tar_ = layer_of(upper, lower_);
    EXPECT_TRUE(tar_ == layer_of(upper, lower_)) << "same tree, same bytes";

    std::string layer = dir("layer");
    ApplyOptions options;
    options.lower = lower_;
    ASSERT_OK(unpack(tar_, layer, options));
    lower_.insert(lower_.begin(), layer);
    {
      Overlay overlay(lower_, dir("upper2"), dir("work2"), merged);
      ASSERT_TRUE(overlay.valid());
      EXPECT_EQ(picture_of(merged), expected) << "the layer as an overlay layer";
    }
    options.lower.clear();
    options.overlay_whiteouts = false;
    ASSERT_OK(unpack(tar_, state_, options));
    EXPECT_EQ(picture_of(state_), expected) << "the layer in a whole tree";
  }
  const std::string& tar() const { return tar_; }

 private:
  std::string dir(const char* name) const {
    return scratch_.make_dir(fmt::format("{}{}", name, count_));
  }
  Scratch scratch_;
  std::string state_;
  std::vector<std::string> lower_;
  std::string tar_;
  int count_ = 0;
};

TEST(OverlayLayers, RoundTripCorpus) {
  SUIT_NEEDS_CORPORA();
  SUIT_NEEDS_OVERLAY();
  corpora::Tally tally("layers/round-trip");
  for (const auto& test : corpora::cases("layers/round-trip.json")) {
    SCOPED_TRACE(test["name"].get<std::string>());
    int failures_before =
        ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
    Stack stack;
    for (const auto& operations : test["steps"])
      stack.step([&](const std::string& root) { operate(root, operations); });
    int failures =
        ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
    tally.count(failures == failures_before);
  }
}

// An entry as the table writes it. Which name of a file is the link is a matter of order, so names
// of one file are all described by its content.
std::set<std::string> described(const std::vector<Member>& members) {
  std::map<std::string, const Member*> files;
  for (const Member& member : members)
    files[member.entry.path] = &member;
  std::set<std::string> lines;
  for (const Member& member : members) {
    const Member& source =
        member.entry.type == EntryType::HardLink ? *files.at(member.entry.link) : member;
    bool whiteout = member.entry.path.find(".wh.") != std::string::npos;
    lines.insert(fmt::format("{} {} {:04o} {}", name_of(source.entry.type), member.entry.path,
                             whiteout ? 0 : source.entry.mode, source.content));
  }
  return lines;
}

std::set<std::string> expected_lines(const json& entries) {
  std::map<std::string, json> files;
  for (const auto& entry : entries)
    files[entry["name"]] = entry;
  std::set<std::string> lines;
  for (const auto& entry : entries) {
    const json& source = entry["type"] == "hardlink" ? files.at(entry["linkname"]) : entry;
    std::string type = source["type"] == "dir" ? "directory" : source["type"];
    std::string name = entry["name"];
    bool whiteout = name.find(".wh.") != std::string::npos;
    lines.insert(fmt::format("{} {} {:04o} {}", type, name,
                             whiteout ? 0 : std::stoul(source.value("mode", "0"), nullptr, 8),
                             source.value("content", "")));
  }
  return lines;
}

TEST(OverlayLayers, DiffEntriesCorpus) {
  SUIT_NEEDS_CORPORA();
  SUIT_NEEDS_OVERLAY();
  corpora::Tally tally("layers/diff-entries");
  for (const auto& test : corpora::cases("layers/diff-entries.json")) {
    SCOPED_TRACE(test["name"].get<std::string>());
    Scratch scratch;
    std::string lower = scratch.make_dir("l");
    std::string upper = scratch.make_dir("u");
    operate(lower, test["lower"]);
    {
      std::string merged = scratch.make_dir("m");
      Overlay overlay({lower}, upper, scratch.make_dir("w"), merged);
      ASSERT_TRUE(overlay.valid());
      operate(merged, test["changes"]);
    }
    DiffOptions options;
    if (test.contains("source_date_epoch")) options.epoch_s = 1642941296;  // 2022-01-23T12:34:56Z
    auto changes = plan_diff(upper, {lower}, options);
    ASSERT_OK(changes);
    StringWriter out;
    ASSERT_OK(write_changes(upper, *changes, options, out));
    auto members = members_of(out.text());
    ASSERT_OK(members);
    bool ok = described(*members) == expected_lines(test["expected_entries"]);
    EXPECT_EQ(described(*members), expected_lines(test["expected_entries"]));
    if (options.epoch_s) {
      ASSERT_EQ(members->size(), 3U);
      ok = ok && (*members)[0].entry.mtime_s == 0 && (*members)[1].entry.mtime_s == 1640995200 &&
           (*members)[2].entry.mtime_s == *options.epoch_s;
      EXPECT_TRUE(ok);
    }
    tally.count(ok);
  }
}

// Breakouts again, as overlay layers: the mount must show what unpacking into the tree gives.
TEST(OverlayLayers, BreakoutsLookTheSameAsInATree) {
  SUIT_NEEDS_CORPORA();
  SUIT_NEEDS_OVERLAY();
  corpora::Tally tally("layers/apply-breakouts as overlays");
  for (const auto& test : corpora::cases("layers/apply-breakouts.json")) {
    if (test.contains("expected_error") || test.contains("host_before")) continue;
    const std::string name = test["name"];
    // A hard link to a file of a lower layer is not representable in this layer alone.
    const corpora::Deviations lower_links{
        {"SymlinkOverrideDirectory", "link to a lower file"},
        {"SymlinkOverrideDirectoryRelative", "link to a lower file"},
        {"DirectoryOverrideSymlink", "link to a lower file"}};
    Scratch scratch;
    std::string lower = scratch.make_dir("lower");
    std::string tree = scratch.make_dir("tree");
    std::string layer = scratch.make_dir("layer");
    std::string merged = scratch.make_dir("merged");
    operate(lower, test.value("rootfs_before", json::array()));
    operate(tree, test.value("rootfs_before", json::array()));
    std::string tar = tar_of_entries(test["layer_entries"]);
    ApplyOptions options;
    options.overlay_whiteouts = false;
    ASSERT_OK(unpack(tar, tree, options));
    options.overlay_whiteouts = true;
    options.lower = {lower};
    auto applied = unpack(tar, layer, options);
    if (lower_links.contains(name)) {
      EXPECT_FAILS_WITH(applied, "is not in this layer");
      tally.deviate();
      continue;
    }
    ASSERT_OK(applied);
    Overlay overlay({layer, lower}, scratch.make_dir("u"), scratch.make_dir("w"), merged);
    ASSERT_TRUE(overlay.valid());
    auto shown = picture_of(merged, Times::Ignore);
    auto wanted = picture_of(tree, Times::Ignore);
    // Only a layer makes the directory that the dead link names, for the whiteout that may be
    // needed.
    if (name == "WhiteoutDeadSymlinkParent") shown.erase("dne");
    tally.count(shown == wanted);
    EXPECT_EQ(shown, wanted) << name;
  }
}

// A random change to a random tree, from a fixed seed.
class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  void change(const std::string& root, int count) {
    root_ = root;
    for (int i = 0; i < count; ++i)
      one();
  }

 private:
  unsigned pick(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  // Few names, so that things meet: files become directories, directories symlinks.
  std::string path() {
    std::string made = root_;
    for (unsigned depth = 1 + pick(3); depth > 0; --depth)
      made += fmt::format("/{}", "abcd"[pick(4)]);
    return made;
  }
  void one() {
    std::string at = path();
    std::string parent = at.substr(0, at.rfind('/'));
    struct stat info{};
    switch (pick(12)) {
      case 0:
      case 1:
        ::mkdir(at.c_str(), 0700 + pick(64));
        break;
      case 2:
      case 3:
      case 4:
        make_file(at);
        break;
      case 5:
        [[fallthrough]];
      case 6:
        (void)os::remove_tree(at);
        break;
      case 7:
        (void)::symlink(path().substr(root_.size()).c_str(), at.c_str());
        break;
      case 8:
        (void)::linkat(AT_FDCWD, path().c_str(), AT_FDCWD, at.c_str(), 0);
        break;
      case 9:
        if (::lstat(at.c_str(), &info) == 0 && !S_ISLNK(info.st_mode))
          ::chmod(at.c_str(), pick(010000));
        break;
      case 10:
        (void)::lchown(at.c_str(), pick(5) * 1000, pick(5));
        break;
      default:
        special(at, parent);
        break;
    }
  }
  void make_file(const std::string& at) {
    int fd = ::open(
        at.c_str(),
        O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (pick(2) != 0 ? O_TRUNC : 0),
        0644);
    os::Fd owned(fd);
    std::string text(pick(3000), static_cast<char>('a' + pick(26)));
    if (fd >= 0) (void)!::write(fd, text.data(), text.size());
  }
  void special(const std::string& at, const std::string& parent) {
    switch (pick(5)) {
      case 0:
        (void)::mkfifo(at.c_str(), 0600);
        break;
      case 1:
        (void)::mknod(at.c_str(), S_IFCHR | 0600, makedev(1, 3 + pick(3)));
        break;
      case 2:
        (void)::lsetxattr(at.c_str(), "user.note", "n", pick(2), 0);
        break;
      case 3: {
        // Remove and make again: overlayfs marks it opaque.
        struct stat info{};
        if (::lstat(parent.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && parent != root_) {
          (void)os::remove_tree(parent);
          ::mkdir(parent.c_str(), 0755);
        }
        break;
      }
      default: {
        const timespec times[2] = {{0, 0}, {static_cast<time_t>(pick(100000)), pick(2) * 5}};
        (void)::utimensat(AT_FDCWD, at.c_str(), times, AT_SYMLINK_NOFOLLOW);
      }
    }
  }
  std::mt19937 random_;
  std::string root_;
};

TEST(OverlayLayers, RandomTreesSurviveDiffAndApply) {
  SUIT_NEEDS_OVERLAY();
  unsigned seeds = 15;  // 2 s a dozen; SUIT_RANDOM_TREES=1000 for a long run
  if (const char* more = std::getenv("SUIT_RANDOM_TREES"))
    seeds = static_cast<unsigned>(std::stoul(more));
  for (unsigned seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomTree tree(seed);
    Stack stack;
    for (int layer = 0; layer < 4; ++layer)
      stack.step([&](const std::string& root) { tree.change(root, 25); });
  }
}

TEST(OverlayLayers, IdleWhiteoutsAreNotListed) {
  SUIT_NEEDS_OVERLAY();
  Scratch scratch;
  std::string lower = scratch.make_dir("lower");
  scratch.make_dir("lower/d/sub");
  write_text(lower + "/d/sub/old", "x");
  write_text(lower + "/d/old", "x");
  std::string layer = scratch.make_dir("layer");
  std::string merged = scratch.make_dir("merged");
  ApplyOptions options;
  options.lower = {lower};
  ASSERT_OK(unpack(tar_of({file("new/.wh.never", ""), file("d/sub/.wh.old", ""),
                           file("d/.wh.old", ""), file("d/.wh..wh..opq", ""), file("d/kept", "x")}),
                   layer, options));
  Overlay overlay({layer, lower}, scratch.make_dir("u"), scratch.make_dir("w"), merged);
  ASSERT_TRUE(overlay.valid());
  Picture shown = picture_of(merged);
  EXPECT_EQ(shown.size(), 4U) << "d, d/kept, d/sub, new";
}

TEST(OverlayLayers, AnOpaqueRootEmptiesTheView) {
  SUIT_NEEDS_OVERLAY();
  Scratch scratch;
  std::string lower = scratch.make_dir("lower");
  std::string layer = scratch.make_dir("layer");
  std::string merged = scratch.make_dir("merged");
  copy_tree(SUIT_SOURCE_DIR "/lib/layer", lower);
  ApplyOptions options;
  options.lower = {lower};
  ASSERT_OK(unpack(tar_of({file("only", "x"), file(".wh..wh..opq", "")}), layer, options));
  Overlay overlay({layer, lower}, scratch.make_dir("u"), scratch.make_dir("w"), merged);
  ASSERT_TRUE(overlay.valid());
  EXPECT_EQ(os::list_dir(merged).value(), std::vector<std::string>{"only"});
}

}  // namespace
}  // namespace suit::layer::test
