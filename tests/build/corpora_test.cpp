// BuildKit's end-to-end tests as data: build, then look at the files of the image.

#include "../support/corpora.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include <fmt/format.h>

#include "fixture.h"
#include "layer/tar.h"

namespace suit::build {
namespace {

using nlohmann::json;

/// What we answer differently, or are not judged by, and why.
const std::map<std::string, std::string> kDeviations = {
    {"testCacheMountModeNoCache",
     "the table gives FOO the same value in all three builds; its counts come from three"},
    {"testRunDefaultNetwork", "RUN has the host's network by default, which need not have an eth0"},
    {"testDockerfileCheckHostname", "the host name of RUN is not an option yet"},
    {"testRunSecuritySandbox",
     "without a devices controller RUN loses CAP_MKNOD: with it the host's disks could be opened"},
    {"testCacheMountParallel",
     "20 rounds of parallel stages: stages are built one after the other"},
    {"testSSHFileDescriptorsClosed", "needs a network"},
};

/// Options of the frontend that have no counterpart in Options.
const std::set<std::string> kKnownAttributes = {"build-arg", "target", "no-cache", "filename",
                                                "platform"};

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

std::string make_tar(const json& entries) {
  StringWriter out;
  layer::TarWriter tar(out);
  for (const json& item : entries) {
    layer::TarEntry entry;
    const std::string type = text_of(item["Typeflag"]);
    entry.type = type == "<tar.TypeDir>"       ? layer::EntryType::Directory
                 : type == "<tar.TypeSymlink>" ? layer::EntryType::Symlink
                 : type == "<tar.TypeLink>"    ? layer::EntryType::HardLink
                                               : layer::EntryType::File;
    entry.path = item.value("Name", "");
    entry.link = item.value("Linkname", "");
    entry.mode = item.value("Mode", 0644U);
    const std::string data = item.value("Data", "");
    if (entry.type == layer::EntryType::File) entry.size_bytes = data.size();
    EXPECT_TRUE(tar.begin(entry));
    if (!data.empty()) {
      EXPECT_TRUE(tar.write(bytes_of(data)));
    }
  }
  EXPECT_TRUE(tar.finish());
  return out.take();
}

/// One case while it runs.
class Case {
 public:
  Case(store::Store& store, const std::string& directory) : store_(store), directory_(directory) {}

  /// Runs all steps. "" when all held; `skip: …` when something is not for us; else what went
  /// wrong.
  std::string run(const json& steps) {
    for (const json& step : steps) {
      const std::string op = step["op"];
      if (op == "skip") continue;
      std::string outcome = op == "build"       ? build(step)
                            : op == "write"     ? write(step)
                            : op == "assert"    ? check(step)
                            : op == "os.Rename" ? rename(step)
                                                : "skip: step " + op;
      if (!outcome.empty()) return outcome;
    }
    return judged_ ? "" : "skip: nothing of it can be judged from outside";
  }

 private:
  std::string path(std::string text) const {
    const std::string mark = "{{dir}}";
    if (text.starts_with(mark)) text.replace(0, mark.size(), context_);
    return text;
  }

  std::string write(const json& step) {
    const std::string file = path(step["path"]);
    if (!file.starts_with("/tmp/")) return "skip: writes outside of the context";
    const mode_t mode = static_cast<mode_t>(std::stoul(step.value("mode", "0644"), nullptr, 8));
    return os::replace_file(file, text_of(step["data"]), mode) ? "" : "cannot write " + file;
  }

  std::string rename(const json& step) {
    return os::rename(path(step["args"][0]), path(step["args"][1])) ? "" : "cannot rename";
  }

  std::string fill(const json& entries) {
    for (const json& entry : entries) {
      if (!entry.is_object()) return "skip: context entry " + entry.dump();
      const std::string name = entry.contains("file")  ? entry["file"]
                               : entry.contains("dir") ? entry["dir"]
                                                       : entry["symlink"];
      const std::string full = context_ + "/" + name;
      const auto mode = static_cast<mode_t>(std::stoul(entry.value("mode", "0644"), nullptr, 8));
      if (!os::make_dirs(full.substr(0, full.rfind('/')), 0755)) return "cannot make " + full;
      if (entry.contains("dir")) {
        if (::mkdir(full.c_str(), mode) < 0 && errno != EEXIST) return "cannot make " + full;
      } else if (entry.contains("symlink")) {
        if (::symlink(text_of(entry["target"]).c_str(), full.c_str()) < 0)
          return "cannot link " + full;
      } else {
        const json& data = entry["data"];
        const bool zipped = data.is_object() && data.contains("gzip");
        if (!data.is_string() && !data.is_object()) return "skip: content that is not data";
        const std::string text = zipped             ? make_tar(data["gzip"]["tar"])
                                 : data.is_object() ? make_tar(data["tar"])
                                                    : data.get<std::string>();
        if (!os::replace_file(full, text, mode)) return "cannot write " + full;
        if (zipped &&
            std::system(("gzip -f " + full + " && mv " + full + ".gz " + full).c_str()) != 0) {
          return "cannot compress " + full;
        }
      }
    }
    return "";
  }

  std::string build(const json& step) {
    for (const char* key :
         {"session", "allowedEntitlements", "other_local_mounts", "frontend", "dockerfile_dir"}) {
      if (step.contains(key)) return std::string("skip: needs ") + key;
    }
    if (!step.contains("expect")) return "skip: no expectation";
    const std::string dockerfile = text_of(step["dockerfile"]);
    if (dockerfile.empty() || dockerfile.starts_with("<") ||
        dockerfile.find("{{") != std::string::npos) {
      return "skip: its Dockerfile is not literal";
    }
    // The table repeats a context that several builds share, as it was before the first of them.
    const json files = step.value("context", json::array());
    const bool fresh = context_.empty() || (!files.empty() && files != files_);
    if (fresh) {
      files_ = files;
      context_ = directory_ + "/" + std::to_string(++contexts_);
      if (!os::make_dirs(context_, 0755)) return "cannot make " + context_;
    }
    Options options;
    options.context_dir = context_;
    std::string filename = "Dockerfile";
    const json attributes = step.value("attrs", json::object());
    for (const auto& [key, value] : attributes.items()) {
      const std::size_t colon = key.find(':');
      const std::string name = key.substr(0, colon);
      if (!kKnownAttributes.contains(name)) return "skip: option " + name;
      if (name == "build-arg") options.build_args[key.substr(colon + 1)] = text_of(value);
      if (name == "target") options.target = text_of(value);
      if (name == "platform") options.platform = text_of(value);
      if (name == "filename") filename = text_of(value);
      if (name == "no-cache" && !text_of(value).empty()) return "skip: no-cache for one stage";
      if (name == "no-cache") options.no_cache = true;
    }
    if (fresh) {
      if (std::string problem = fill(files); !problem.empty()) return problem;
    }
    // Some contexts bring the Dockerfile along, as a link.
    const bool brought = std::ranges::any_of(files, [&](const json& file) {
      return file.is_object() && file.contains("symlink") && file["symlink"] == filename;
    });
    if (!brought && !os::replace_file(context_ + "/" + filename, dockerfile, 0644)) {
      return "cannot write " + filename;
    }
    options.dockerfile = context_ + "/" + filename;
    return judge(step, suit::build::build(store_, options, quiet_));
  }

  std::string judge(const json& step, Result<Report> report) {
    judged_ = true;
    const bool wanted = step["expect"] == "success";
    if (!report) {
      const std::string message = report.error().message() + " " + report.error().hint();
      bool as_expected = !wanted;
      for (const json& part : step.value("error_contains", json::array())) {
        as_expected = as_expected && message.find(text_of(part)) != std::string::npos;
      }
      if (as_expected) return "";
      if (message.find("not supported") != std::string::npos) {
        return "skip: " + report.error().message();
      }
      return fmt::format("failed: {}\n{}", message, report.error().excerpt());
    }
    if (!wanted) return "built, but an error was expected";
    std::string where = step.value("extra_args", "");
    where = where.find("dest=") == std::string::npos ? "" : where.substr(where.find("dest=") + 5);
    for (const json& target : step.value("exports", json::array())) {
      if (target.contains("OutputDir")) where = text_of(target["OutputDir"]);
    }
    outputs_.insert_or_assign(where, report->image);
    return "";
  }

  /// The text at `{{tmp1}}/path`; nullopt when it is not there or was no output.
  std::optional<std::string> content(const std::string& text) {
    const std::size_t end = text.find("}}");
    if (end == std::string::npos || !outputs_.contains(text.substr(0, end + 2)))
      return std::nullopt;
    std::optional<store::SnapshotWriter> keep;
    const Result<os::Root> root = open_image(store_, outputs_.at(text.substr(0, end + 2)), keep);
    if (!root) return std::nullopt;
    const Result<std::string> read = root->read(text.substr(end + 2), 1U << 20);
    return read ? std::optional(*read) : std::nullopt;
  }

  std::string check(const json& step) {
    const std::string kind = step["kind"];
    const json& args = step["args"];
    const auto value = [&](const json& arg) -> std::optional<std::string> {
      if (arg.is_object() && arg.contains("content_of")) {
        return content(text_of(arg["content_of"])).value_or("(nothing)");
      }
      if (arg.is_string() && !text_of(arg).starts_with("<")) return text_of(arg);
      return std::nullopt;
    };
    if (args.size() != 2) return "";
    const std::optional<std::string> left = value(args[0]);
    const std::optional<std::string> right = value(args[1]);
    if (!left || !right) return "";  // it looks at what only the test's own program has
    const bool contains = left->find(*right) != std::string::npos;
    const bool holds = kind == "Equal"         ? *left == *right
                       : kind == "NotEqual"    ? *left != *right
                       : kind == "Contains"    ? contains
                       : kind == "NotContains" ? !contains
                                               : true;
    return holds ? ""
                 : fmt::format("{}: \"{}\" and \"{}\" (line {})", kind, *left, *right,
                               step.value("line", 0));
  }

  store::Store& store_;
  std::string directory_;
  std::string context_;
  json files_;
  int contexts_ = 0;
  bool judged_ = false;
  NoProgress quiet_;
  std::map<std::string, store::Image> outputs_;
};

TEST(Corpora, BuildkitIntegration) {
  SUIT_NEEDS_CORPORA();
  if (const std::string reason = cannot_build(); !reason.empty()) GTEST_SKIP() << reason;
  const os::TempDir dir = os::TempDir::create("/tmp", "suit-corpora-").value();
  store::Store store = store::Store::open(dir.path() + "/store").value();
  import_busybox(store);
  corpora::Tally tally("buildkit-integration (core)");
  std::map<std::string, int> skipped;
  for (const json& one : corpora::cases("buildkit-integration/tests.json")) {
    const std::string name = one["name"];
    if (one["level"] != "core") continue;
    if (kDeviations.contains(name)) {
      tally.deviate();
      std::printf("  deviates %s: %s\n", name.c_str(), kDeviations.at(name).c_str());
      continue;
    }
    const std::string place = dir.path() + "/" + name;
    const std::string outcome = Case(store, place).run(one["steps"]);
    if (outcome.starts_with("skip: ")) {
      std::printf("  skipped %s: %s\n", name.c_str(), outcome.substr(6).c_str());
      continue;
    }
    tally.count(outcome.empty());
    EXPECT_EQ(outcome, "") << name;
  }
}

}  // namespace
}  // namespace suit::build
