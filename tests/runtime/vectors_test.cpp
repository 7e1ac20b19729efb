// The table oci-runtime-vectors: one bundle, one command, one expected output, through suit-oci.

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle.h"
#include "oci/json.h"

namespace suit::test {
namespace {

using oci::Json;

// What this runtime refuses so far, by name; it says so, and never ignores it.
const std::map<std::string, std::string> kDeviations = {
    {"mount-destination-through-symlink-stays-inside",
     "a mount point that is a dangling symlink is refused with a hint, as crun does"},
    {"mount-destination-dotdot-symlink-stays-inside", "the same"},
};

bool is_deviation(const std::string& name) {
  for (const auto& [pattern, reason] : kDeviations)
    if (pattern == name ||
        (pattern.ends_with('*') && name.starts_with(pattern.substr(0, pattern.size() - 1))))
      return true;
  return false;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// RFC 7396.
Json merge(Json base, const Json& patch) {
  if (!patch.as_object()) return patch;
  Json out = base.as_object() ? base : Json::object();
  for (const auto& [key, value] : *patch.as_object()) {
    const Json* old = out.find(key);
    out.set(key, merge(old ? *old : Json(), value));
  }
  return out;
}

void prepare(const Bundle& bundle, const Json& items) {
  for (const Json& item : *items.as_array()) {
    auto mode = static_cast<mode_t>(std::stoul(item.string_or("mode", "0644"), nullptr, 8));
    if (item.find("file"))
      bundle.write(item.string_or("file"), item.string_or("content"), mode);
    else if (item.find("symlink"))
      bundle.symlink(item.string_or("target"), item.string_or("symlink"));
    else if (item.find("dir")) {
      std::string path = bundle.rootfs() + "/" + item.string_or("dir");
      EXPECT_TRUE(os::make_dirs(path, 0755));
      ::chmod(path.c_str(), item.find("mode") ? mode : 0755);
    } else if (item.find("host_file")) {
      std::string path = bundle.path() + "/" + item.string_or("host_file");
      EXPECT_TRUE(os::make_dirs(path.substr(0, path.rfind('/')), 0755));
      EXPECT_TRUE(os::replace_file(path, item.string_or("content"), mode));
    } else {
      ADD_FAILURE() << "unknown preparation " << item.dump();
    }
  }
}

std::string config_of(const Json& table, const Json& test, const std::string& bundle) {
  Json config = *table.find("base_config");
  if (const Json* patch = test.find("config_patch")) config = merge(config, *patch);
  if (const Json* mounts = test.find("append_mounts")) {
    Json all = *config.find("mounts");
    for (const Json& mount : *mounts->as_array())
      all.push(mount);
    config.set("mounts", all);
  }
  Json process = config.find("process") ? *config.find("process") : Json::object();
  if (const Json* args = test.find("args"))
    process.set("args", *args);
  else if (test.find("shell"))
    process.set("args", Json(std::vector<std::string>{"/bin/sh", "-c", test.string_or("shell")}));
  config.set("process", process);
  std::string text = config.dump(1);
  replace_all(text, "{{bundle}}", bundle);
  return text;
}

// "" when a hook wrote into the bundle what the case expects.
std::string judge_files(const Json& test, const std::string& bundle, const std::string& id) {
  const Json& expected = *test.find("expected");
  if (const Json* wanted = expected.find("bundle_file")) {
    auto text = os::read_file(bundle + "/" + test.string_or("look_at_bundle_file"));
    if (!text || *text != *wanted->as_string())
      return "bundle file\n" + (text ? *text : text.error().message());
  }
  const Json* wanted = expected.find("bundle_json");
  if (!wanted) return "";
  auto text = os::read_file(bundle + "/" + test.find("look_at_bundle_json")->string_or("file"));
  auto json = text ? oci::parse_json(*text) : Result<Json>(fail(0, "no file"));
  if (!json) return json.error().message();
  for (const auto& [key, value] : *wanted->as_object()) {
    const Json* found = json->find(key);
    if (!found) return "no " + key + " in " + *text;
    if (value == Json("any")) continue;
    std::string one = value.as_string() ? *value.as_string() : "";
    replace_all(one, "{{id}}", id);
    replace_all(one, "{{bundle}}", bundle);
    bool fits = value.as_string() ? *found == Json(one) : *found == value;
    if (const auto* several = value.as_array())
      fits = std::ranges::find(*several, *found) != several->end();
    if (!fits) return key + " is " + found->dump();
  }
  return "";
}

// "" when the container did what the case expects.
std::string judge(const Json& test, const os::Captured& run) {
  const Json& expected = *test.find("expected");
  if (expected.find("either")) return "";
  if (expected.find("error")) return run.status.shell_code() != 0 ? "" : "must fail";
  if (run.status.shell_code() !=
      static_cast<int>(expected.find("exit_code") ? *expected.find("exit_code")->as_int() : 0))
    return "exit code " + std::to_string(run.status.shell_code()) + ", stderr " + run.err;
  if (expected.find("stdout") && run.out != expected.string_or("stdout"))
    return "stdout\n" + run.out + "instead of\n" + expected.string_or("stdout") + run.err;
  return "";
}

TEST(OciVectors, RunAsTheReferenceRuntimesDo) {
  SUIT_NEEDS_KERNEL();
  auto text = os::read_file(SUIT_CORPORA "/oci-runtime-vectors/vectors.json");
  if (!text) GTEST_SKIP() << "needs the table oci-runtime-vectors (SUIT_CORPORA)";
  auto table = oci::parse_json(*text);
  ASSERT_TRUE(table) << table.error().message();
  int passed = 0, total = 0, deviations = 0;
  for (const Json& test : *table->find("cases")->as_array()) {
    std::string name = test.string_or("name");
    if (is_deviation(name)) {
      ++deviations;
      continue;
    }
    ++total;
    Bundle bundle;
    ::chmod((bundle.rootfs() + "/root").c_str(), 0700);
    if (const Json* items = test.find("rootfs_prepare")) prepare(bundle, *items);
    if (const Json* owner = test.find("rootfs_owner")) {
      auto id = [&](std::size_t i) { return std::to_string(*(*owner->as_array())[i].as_int()); };
      auto owned = os::run_and_capture({"/bin/chown", "-hR", id(0) + ":" + id(1), bundle.rootfs()});
      ASSERT_TRUE(owned && owned->status.shell_code() == 0);
    }
    ASSERT_TRUE(os::replace_file(bundle.path() + "/config.json",
                                 config_of(*table, test, bundle.path()), 0644));
    os::SpawnOptions options;
    options.env = {"PATH=/usr/bin:/bin"};
    std::string id = unique_id("vector");
    auto run = os::run_and_capture(
        {SUIT_BINARY_DIR "/bin/suit-oci", "run", "--bundle", bundle.path(), id}, "", options);
    ASSERT_TRUE(run) << name << ": " << run.error().message();
    std::string wrong = judge(test, *run);
    if (wrong.empty()) wrong = judge_files(test, bundle.path(), id);
    if (wrong.empty())
      ++passed;
    else
      ADD_FAILURE() << name << ": " << wrong;
  }
  std::printf("oci-runtime-vectors: %d of %d passed, %d deviations\n", passed, total, deviations);
}

}  // namespace
}  // namespace suit::test
