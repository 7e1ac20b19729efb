/// \file
/// The path-safety tables: how others resolve a path inside a root, case by case.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../support/corpora.h"
#include "os/file.h"
#include "os/root.h"

namespace suit::os {
namespace {

using Json = nlohmann::json;

// Others compute a name for a path that is not there; we ask the kernel, which resolves only what
// exists. Where a component on the way is missing or no directory, that is our answer.
const std::map<std::string, int> kDeviations = {
    {"join-032", ENOTDIR},    // a symlink below a file
    {"join-034", ENOTDIR},    // a name below a file
    {"symlink-019", ENOENT},  // `/idontexist/../slash`: the first component is missing
    {"symlink-020", ENOENT},  // `/sym/../baz`, and what sym points to is missing
};

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// mkdir -p that also makes the target of a dangling symlink on the way.
void make_dirs_through(const std::string& path) {
  if (!make_dirs(path) && path.find('/', 1) != std::string::npos) {
    make_dirs_through(parent_of(path));
    if (auto target = read_link(FdRef::cwd(), path))
      make_dirs_through(parent_of(path) + "/" + *target);
    ASSERT_TRUE(make_dirs(path)) << path;
  }
}

void plant(const std::string& top, const Json& entry) {
  auto path = [&](const char* key) { return top + "/" + entry[key].get<std::string>(); };
  if (entry.contains("dir")) {
    make_dirs_through(path("dir"));
  } else if (entry.contains("file")) {
    make_dirs_through(parent_of(path("file")));
    ASSERT_TRUE(replace_file(path("file"), ""));
  } else {
    make_dirs_through(parent_of(path("symlink")));
    if (exists(path("symlink"))) return;
    ASSERT_EQ(::symlink(entry["target"].get<std::string>().c_str(), path("symlink").c_str()), 0);
  }
}

std::string name_of(FdRef fd) {
  return read_link(FdRef::cwd(), fmt::format("/proc/self/fd/{}", fd.raw())).value();
}

// Where `path` leads: what is there, or the directories that make_dirs makes there.
Result<std::string> resolve(const Root& root, const std::string& path) {
  auto fd = root.open_in(path, O_PATH);
  if (!fd && fd.error().code() == ENOENT) fd = root.make_dirs(path);
  if (!fd) return std::unexpected(std::move(fd).error());
  std::string name = name_of(*fd);
  std::string top = name_of(root.fd());
  if (name == top) return std::string();
  if (!name.starts_with(top + "/")) return fail(EXDEV, "escaped to " + name);
  return name.substr(top.size() + 1);
}

// `path` without its first component(s) `scope`.
std::string below(const std::string& path, const std::string& scope) {
  if (scope.empty() || !path.starts_with(scope)) return path;
  return path.size() > scope.size() ? path.substr(scope.size() + 1) : std::string();
}

bool passes(const Json& test) {
  std::string name = test["name"];
  std::string scope = test.value("scope", "");
  TempDir folder = TempDir::create("/tmp", "suit-paths-").value();
  std::string top = folder.path() + "/root";
  make_dirs_through(top);
  for (const Json& entry : test["fs"])
    plant(top, entry);
  make_dirs_through(scope.empty() ? top : top + "/" + scope);
  Root root = Root::open(scope.empty() ? top : top + "/" + scope).value();

  auto deviation = kDeviations.find(name);
  std::string expected = below(test.value("expected", ""), scope);
  if (deviation == kDeviations.end() && !expected.empty())
    make_dirs_through(name_of(root.fd()) + "/" + expected);
  auto found = resolve(root, below(test["path"], scope));
  int code = found ? 0 : found.error().code();
  EXPECT_EQ(list_dir(folder.path()).value().size(), 1U) << name << ": something lies outside";
  if (deviation != kDeviations.end()) return code == deviation->second;
  if (test.contains("expected_error")) return code == ELOOP;
  if (test.contains("expected_ok")) return code == 0;
  return found && *found == expected;
}

void run_table(const std::string& file) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally(file);
  for (const Json& test : corpora::cases("path-safety/" + file)) {
    bool ok = passes(test);
    EXPECT_TRUE(ok) << test.dump();
    if (kDeviations.contains(test["name"])) {
      tally.deviate();
    } else {
      tally.count(ok);
    }
  }
}

TEST(PathSafety, JoinsUntrustedPathsAsSecureJoin) { run_table("secure-join.json"); }

TEST(PathSafety, FollowsSymlinksInScopeAsMoby) { run_table("follow-symlink-in-scope.json"); }

}  // namespace
}  // namespace suit::os
