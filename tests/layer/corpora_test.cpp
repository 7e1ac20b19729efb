// The shared tables: what containerd, moby and continuity do with layers.
#include "../support/corpora.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/root.h"
#include "support.h"
#include "tree_operations.h"

namespace suit::layer::test {
namespace {

using nlohmann::json;

ApplyOptions whole_tree() {
  ApplyOptions options;
  options.overlay_whiteouts = false;
  return options;
}

bool same_inode(const os::Root& root, const json& pair, bool follow) {
  auto stat = [&](const std::string& path) { return follow ? root.stat(path) : root.lstat(path); };
  auto a = stat(pair[0]);
  auto b = stat(pair[1]);
  return a && b && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

// Empty when the check holds, else why not.
std::string failure_of(const std::string& tree, const json& check, const std::string& host) {
  os::Root root = os::Root::open(tree).value();
  if (check.contains("file_content")) {
    auto text = root.read(check["file_content"].get<std::string>(), 1U << 20);
    if (!text) return text.error().message();
    return *text == check["equals"] ? "" : "content is \"" + *text + "\"";
  }
  if (check.contains("same_inode"))
    return same_inode(root, check["same_inode"], true) ? "" : "two files";
  if (check.contains("different_inode"))
    return same_inode(root, check["different_inode"], true) ? "one file" : "";
  if (check.contains("same_symlink_target"))
    return same_inode(root, check["same_symlink_target"], false) ? "" : "two symlinks";
  if (check.contains("not_exists"))
    return root.lstat(check["not_exists"].get<std::string>()) ? "it exists" : "";
  if (check.contains("host_file_not_written"))
    return os::exists(check["host_file_not_written"].get<std::string>()) ? "written on the host"
                                                                         : "";
  if (check.contains("host_file_mode")) {
    struct stat info{};
    std::string path = host + check["host_file_mode"].get<std::string>().substr(8);
    if (::stat(path.c_str(), &info) != 0) return "no file " + path;
    return (info.st_mode & 07777) == std::stoul(check["equals"].get<std::string>(), nullptr, 8)
               ? ""
               : "mode changed";
  }
  if (check.contains("directories_exist")) {
    for (const auto& path : check["directories_exist"]) {
      auto info = root.lstat(path.get<std::string>());
      if (!info || !S_ISDIR(info->st_mode)) return "no directory " + path.get<std::string>();
    }
    return "";
  }
  return "unknown check";
}

std::string run_breakout(const json& test) {
  Scratch scratch;
  std::string root = scratch.make_dir("root");
  std::string host = scratch.make_dir("host");
  operate(root, test.value("rootfs_before", json::array()));
  for (const auto& file : test.value("host_before", json::array())) {
    mode_t mode = static_cast<mode_t>(std::stoul(file["mode"].get<std::string>(), nullptr, 8));
    write_text(host + file["path"].get<std::string>().substr(8), "host", mode);
  }
  auto applied = unpack(tar_of_entries(test["layer_entries"], host), root, whole_tree());
  if (test.contains("expected_error")) return applied ? "expected an error" : "";
  if (!applied) return applied.error().message();
  for (const auto& check : test.value("checks", json::array())) {
    std::string failure = failure_of(root, check, host);
    if (!failure.empty()) return check.dump() + ": " + failure;
  }
  return "";
}

TEST(LayerCorpora, ApplyBreakouts) {
  SUIT_NEEDS_CORPORA();
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to keep owners";
  corpora::Tally tally("layers/apply-breakouts");
  for (const auto& test : corpora::cases("layers/apply-breakouts.json")) {
    std::string failure = run_breakout(test);
    tally.count(failure.empty());
    EXPECT_EQ(failure, "") << test["name"];
  }
}

// Whether some file below `dest` shows what the victim holds.
std::string leak_of(const std::string& dest) {
  os::Root root = os::Root::open(dest).value();
  for (const auto& [path, picture] : picture_of(dest)) {
    auto text = root.read(path, 1U << 20);
    if (text && text->find("the victim's secret") != std::string::npos) return path;
    if (picture.find("the victim's secret") != std::string::npos) return path;
  }
  return "";
}

TEST(LayerCorpora, ApplyVictim) {
  SUIT_NEEDS_CORPORA();
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to keep owners";
  corpora::Tally tally("layers/apply-victim");
  for (const auto& test : corpora::cases("layers/apply-victim.json")) {
    for (bool overlay : {false, true}) {
      Scratch scratch;
      scratch.make_dir("dest/victim");
      scratch.make_dir("victim");
      write_text(scratch.path("victim/hello"), "the victim's secret");
      set_mtime(scratch.path("victim/hello"), 1000);
      Picture before = picture_of(scratch.path("victim"));
      ApplyOptions options;
      options.overlay_whiteouts = overlay;
      auto applied = unpack(tar_of_entries(test["layer_entries"]), scratch.path("dest"), options);
      bool ok =
          picture_of(scratch.path("victim")) == before && leak_of(scratch.path("dest")).empty();
      EXPECT_TRUE(ok) << test.dump() << (applied ? "" : applied.error().message());
      if (!overlay) tally.count(ok);
    }
  }
}

TEST(LayerCorpora, WhiteoutSequence) {
  SUIT_NEEDS_CORPORA();
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to keep owners";
  corpora::Tally tally("layers/whiteout-sequence");
  for (const auto& test : corpora::cases("layers/whiteout-sequence.json")) {
    Scratch scratch;
    bool ok = true;
    for (const auto& layer : test["layers"]) {
      std::vector<Member> members;
      for (const std::string name : layer["entries"])
        members.push_back(name.ends_with('/') ? directory(name, 0700) : file(name, "", 0600));
      std::string root = scratch.make_dir("root");
      ASSERT_OK(unpack(tar_of(members), root, whole_tree()));
      std::vector<std::string> seen;
      for (const auto& [path, picture] : picture_of(root))
        seen.push_back(picture.starts_with("04") ? path + "/" : path);
      ok = ok && json(seen) == layer["expected"];
      EXPECT_EQ(json(seen), layer["expected"]);
    }
    tally.count(ok);
  }
}

// Tar names are cleaned as text before symlinks are followed, as containerd and Docker do it; the
// table's library resolves `link/..` through the link.
const corpora::Deviations kLexical{
    {"join-020", "link/.. is cleaned as text"}, {"join-021", "link/.. is cleaned as text"},
    {"join-022", "link/.. is cleaned as text"}, {"join-026", "link/.. is cleaned as text"},
    {"join-027", "link/.. is cleaned as text"}, {"join-029", "self/.. is cleaned as text"},
    {"join-030", "self/.. is cleaned as text"}, {"join-031", "self/.. is cleaned as text"}};

void make_files(const std::string& base, const json& files) {
  for (const auto& file : files) {
    if (file.contains("dir")) {
      // A directory is made through a link that leads nowhere yet.
      for (const auto& link : files) {
        if (link.contains("symlink") &&
            file["dir"].get<std::string>().starts_with(link["symlink"].get<std::string>() + "/"))
          ASSERT_OK(os::make_dirs(base + "/" + link["target"].get<std::string>(), 0755));
      }
      ASSERT_OK(os::make_dirs(base + "/" + file["dir"].get<std::string>(), 0755));
      continue;
    }
    std::string path = base + "/" + file.value("symlink", file.value("file", ""));
    ASSERT_OK(os::make_dirs(path.substr(0, path.rfind('/')), 0755));
    if (file.contains("file")) write_text(path, "");
    if (file.contains("symlink") &&
        ::symlink(file["target"].get<std::string>().c_str(), path.c_str()) != 0) {
      ASSERT_EQ(errno, EEXIST) << path;
    }
  }
}

// Where a file goes that is unpacked into \p path: the table's answers are about such paths.
void judge_paths(const char* table) {
  corpora::Tally tally(table);
  for (const auto& test : corpora::cases(std::string(table) + ".json")) {
    const std::string name = test["name"];
    if (kLexical.contains(name)) {
      tally.deviate();
      continue;
    }
    Scratch scratch;
    std::string base = scratch.make_dir("base");
    make_files(base, test["fs"]);
    std::string scope = test.value("scope", "");
    std::string root = scope.empty() ? base : base + "/" + scope;
    std::string inside =
        test["path"].get<std::string>().substr(scope.empty() ? 0 : scope.size() + 1);
    auto applied = unpack(tar_of({file(inside + "/probe", "x")}), root, whole_tree());
    bool ok = true;
    if (test.contains("expected_error")) ok = !applied;
    if (test.contains("expected")) {
      std::string expected = base + "/" + test["expected"].get<std::string>() + "/probe";
      struct stat info{};
      ok = applied && ::lstat(expected.c_str(), &info) == 0;
    }
    tally.count(ok);
    EXPECT_TRUE(ok) << test.dump() << (applied ? "" : applied.error().message());
  }
}

TEST(LayerCorpora, PathSafety) {
  SUIT_NEEDS_CORPORA();
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to keep owners";
  judge_paths("path-safety/secure-join");
  judge_paths("path-safety/follow-symlink-in-scope");
}

}  // namespace
}  // namespace suit::layer::test
