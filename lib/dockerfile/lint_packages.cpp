// Package managers.
//
// One table says how each is asked to install, what makes it ask a question, how a version is
// written and where its downloads stay. A finding is a row of that table that a RUN does not heed;
// a cache mount over the place of the downloads heeds it too.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

/// How a package names its version.
enum class Pin { Equals, Comparison, At, Dash, Colon };

struct Manager {
  std::string_view program;
  std::string_view install;  ///< subcommands, blanks between
  Pin pin;
  std::string_view pin_code;  ///< empty: we have the advice, hadolint has no code
  std::string_view values;    ///< flags whose value is the next word, blanks between
  std::string_view yes;       ///< flags that say yes beforehand; empty: it never asks
  std::string_view yes_code;
  std::string_view caches;    ///< where downloads stay; any of them on a mount will do
  std::string_view clean;     ///< words of a command that removes them: `yum clean`
  std::string_view no_cache;  ///< a flag that leaves none
  std::string_view cache_code;
};

constexpr std::string_view kAptValues =
    "-t --target-release --default-release -o --option -c "
    "--config-file -a --host-architecture";
constexpr std::string_view kAptYes = "-y --yes --assume-yes -qq --quiet=2 -q=2";
constexpr std::string_view kRpmValues =
    "--repo --repoid --enablerepo --disablerepo --setopt "
    "--installroot --releasever -x --exclude -c --config";
constexpr std::string_view kRpmYes = "-y --assumeyes";
constexpr std::string_view kPipValues =
    "-r --requirement -c --constraint -e --editable -i --index-url --extra-index-url -f "
    "--find-links -t --target --prefix --root --trusted-host --proxy --timeout --retries --src "
    "--platform --python-version --abi --implementation --cache-dir --progress-bar --log";
constexpr std::string_view kNpmValues = "--registry --prefix --cache --loglevel -w --workspace";
constexpr std::string_view kApkValues =
    "-t --virtual -X --repository -p --root --keys-dir --repositories-file --cache-dir --arch";

constexpr std::array kManagers = std::to_array<Manager>({
    {"apt-get", "install", Pin::Equals, "DL3008", kAptValues, kAptYes, "DL3014",
     "/var/lib/apt/lists /var/lib/apt", "", "", "DL3009"},
    {"apt", "install", Pin::Equals, "DL3008", kAptValues, kAptYes, "DL3014",
     "/var/lib/apt/lists /var/lib/apt", "", "", "DL3009"},
    {"apk", "add", Pin::Comparison, "DL3018", kApkValues, "", "", "/var/cache/apk /etc/apk/cache",
     "", "--no-cache", "DL3019"},
    {"yum", "install", Pin::Dash, "DL3033", kRpmValues, kRpmYes, "DL3030", "/var/cache/yum",
     "yum clean", "", "DL3032"},
    {"dnf", "install", Pin::Dash, "DL3041", kRpmValues, kRpmYes, "DL3038", "/var/cache/dnf",
     "dnf clean", "", "DL3040"},
    {"microdnf", "install", Pin::Dash, "DL3041", kRpmValues, kRpmYes, "DL3038",
     "/var/cache/dnf /var/cache/yum", "microdnf clean", "", "DL3040"},
    {"zypper", "install in", Pin::Comparison, "DL3037", "-r --repo -t --type --from",
     "-n --non-interactive "
     "-y --no-confirm",
     "DL3034", "/var/cache/zypp", "zypper clean", "", "DL3036"},
    {"pip", "install", Pin::Comparison, "DL3013", kPipValues, "", "", "/root/.cache/pip", "",
     "--no-cache-dir", "DL3042"},
    {"pip3", "install", Pin::Comparison, "DL3013", kPipValues, "", "", "/root/.cache/pip", "",
     "--no-cache-dir", "DL3042"},
    {"conda", "install create", Pin::Comparison, "", "-n --name -c --channel -p --prefix -f --file",
     "-y --yes", "", "/opt/conda/pkgs", "conda clean", "", ""},
    {"mamba", "install create", Pin::Comparison, "", "-n --name -c --channel -p --prefix -f --file",
     "-y --yes", "", "/opt/conda/pkgs", "mamba clean", "", ""},
    {"npm", "install i add", Pin::At, "DL3016", kNpmValues, "", "", "", "", "", ""},
    {"gem", "install", Pin::Colon, "DL3028",
     "-v --version -i --install-dir -n --bindir -s --source", "", "", "", "", "", ""},
    {"go", "install get", Pin::At, "DL3062", "-C -o -p -tags -ldflags -modfile -mod", "", "", "",
     "", "", ""},
    {"yarn", "install", Pin::At, "", "", "", "",
     "/usr/local/share/.cache/yarn /root/.yarn "
     "/usr/local/share/.cache",
     "yarn cache", "", "DL3060"},
});

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) out.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

bool is_one_of(std::string_view word, std::string_view list) {
  std::vector<std::string_view> words = words_of(list);
  return std::ranges::find(words, word) != words.end();
}

bool has_any(const ShellCommand& command, std::string_view flags) {
  std::vector<std::string_view> words = words_of(flags);
  return std::ranges::any_of(words, [&](std::string_view flag) { return command.has({flag}); });
}

/// A command that installs: the subcommand, and what is installed.
struct Install {
  const Manager* manager = nullptr;
  const ShellWord* subcommand = nullptr;
  std::vector<const ShellWord*> packages;
};

std::optional<Install> read_install(const ShellCommand& command) {
  auto manager = std::ranges::find(kManagers, command.name(), &Manager::program);
  if (manager == kManagers.end()) return std::nullopt;
  Install out;
  out.manager = &*manager;
  for (std::size_t i = 1; i < command.words.size(); ++i) {
    const ShellWord& word = command.words[i];
    if (is_one_of(word.text, manager->values))
      ++i;
    else if (word.text.starts_with('-'))
      continue;
    else if (out.subcommand == nullptr)
      out.subcommand = &word;
    else
      out.packages.push_back(&word);
  }
  if (out.subcommand == nullptr || !is_one_of(out.subcommand->text, manager->install))
    return std::nullopt;
  return out;
}

// Files, URLs, variables and groups are versions in themselves, or none can be written.
bool is_no_name(std::string_view package) {
  return package.empty() || package.front() == '.' || package.front() == '/' ||
         package.front() == '@' || has_variable(package) || package.front() == '`' ||
         is_remote(package) || package.find('/') == 0 || package.ends_with(".deb") ||
         package.ends_with(".rpm") || package.ends_with(".whl") || package.ends_with(".apk") ||
         package.ends_with(".gz") || package.ends_with(".tgz") || package.ends_with(".zip") ||
         package.ends_with(".gem");
}

bool is_pinned(const Manager& manager, std::string_view package) {
  switch (manager.pin) {
    case Pin::Equals:
      return package.find_first_of("=/") != std::string_view::npos;
    case Pin::Comparison:
      return package.find_first_of("=<>~!@") != std::string_view::npos;
    case Pin::At:
      return package.find('@', 1) != std::string_view::npos;
    case Pin::Dash: {
      for (std::size_t i = 0; i + 1 < package.size(); ++i)
        if (package[i] == '-' && text::is_digit(package[i + 1])) return true;
      return false;
    }
    case Pin::Colon:
      break;
  }
  return package.find(':') != std::string_view::npos;
}

std::string_view example(const Manager& manager) {
  switch (manager.pin) {
    case Pin::Equals:
      return "=VERSION";
    case Pin::Comparison:
      return manager.program.starts_with("pip") ? "==VERSION" : "=VERSION";
    case Pin::At:
      return "@VERSION";
    case Pin::Dash:
      return "-VERSION";
    case Pin::Colon:
      break;
  }
  return ":VERSION";
}

class PackageCheck {
 public:
  PackageCheck(const LintScene& scene, const Script& script, const StageState& state)
      : scene_(scene),
        script_(script),
        state_(state),
        mounts_(mounts_of(*script.run, scene.file.escape, state.scope)) {}

  void run() {
    for (const ShellCommand& one : script_.commands)
      commands_.push_back(unwrapped(one));
    for (const ShellCommand& one : commands_)
      check(one);
  }

 private:
  void warn(std::string_view rule, const ShellWord& word, std::string message, std::string help,
            std::string_view code, Edits edits = {}) {
    scene_.report.warn(rule, *script_.instruction, script_.at(word), std::move(message),
                       std::move(help), std::move(edits), code);
  }

  void check(const ShellCommand& command) {
    const ShellWord& program = command.words.front();
    if (command.name() == "apt" && command.words.size() > 1) {
      Edits edits;
      if (script_.has_places && program.text == "apt")
        edits = {replace(script_.at(program), "apt-get")};
      warn("UseAptGet", program, "apt is made for people, and may change", "write apt-get",
           "DL3027", std::move(edits));
    }
    std::optional<Install> install = read_install(command);
    if (!install) return;
    check_versions(command, *install);
    check_questions(command, *install);
    check_recommended(command, *install);
    check_cache(command, *install);
  }

  void check_versions(const ShellCommand& command, const Install& install) {
    const Manager& manager = *install.manager;
    if (manager.program == "gem" && command.has({"-v", "--version"})) return;
    if (manager.program == "yarn") return;
    for (const ShellWord* package : install.packages) {
      if (is_no_name(package->text) || is_pinned(manager, package->text)) continue;
      std::string name = text::clip(package->text);
      warn("UnpinnedPackage", *package, fmt::format("{} has no version", name),
           fmt::format("write {}{}", name, example(manager)), manager.pin_code);
      return;  // one finding a command says it all
    }
  }

  void check_questions(const ShellCommand& command, const Install& install) {
    const Manager& manager = *install.manager;
    if (manager.yes.empty() || has_any(command, manager.yes) || answers_in_environment(manager))
      return;
    std::string_view flag = manager.program == "zypper" ? "--no-confirm" : "-y";
    warn("InteractiveInstall", *install.subcommand,
         fmt::format("{} asks before it installs, and nobody answers", manager.program),
         fmt::format("add {}", flag), manager.yes_code,
         script_.insert_after(*install.subcommand, fmt::format(" {}", flag)));
  }

  // `yes | apt-get install`, and conda's own setting.
  bool answers_in_environment(const Manager& manager) const {
    bool piped = std::ranges::any_of(commands_, [](const ShellCommand& one) {
      return one.name() == "yes" && one.end == ShellEnd::Pipe;
    });
    return piped || (manager.program == "conda" && state_.scope.find("CONDA_ALWAYS_YES"));
  }

  void check_recommended(const ShellCommand& command, const Install& install) {
    if (!install.manager->program.starts_with("apt")) return;
    bool said = command.has({"--no-install-recommends"}) ||
                std::ranges::any_of(command.words, [](const ShellWord& word) {
                  return word.text.find("Install-Recommends") != std::string::npos;
                });
    if (said) return;
    warn("RecommendedPackages", *install.subcommand, "recommended packages are installed too",
         "add --no-install-recommends", "DL3015",
         script_.insert_after(*install.subcommand, " --no-install-recommends"));
  }

  void check_cache(const ShellCommand& command, const Install& install) {
    const Manager& manager = *install.manager;
    if (manager.caches.empty() || leaves_nothing(command, manager)) return;
    Edits edits;
    if (!manager.no_cache.empty())
      edits = script_.insert_after(*install.subcommand, fmt::format(" {}", manager.no_cache));
    std::string_view place = words_of(manager.caches).front();
    std::string remove = !manager.no_cache.empty() ? fmt::format("add {}", manager.no_cache)
                         : !manager.clean.empty()  ? fmt::format("end with {}", manager.clean)
                                                   : fmt::format("end with rm -rf {}/*", place);
    warn("PackageCacheKept", *install.subcommand,
         fmt::format("what {} keeps in {} stays in the layer", manager.program, place),
         fmt::format("{}, or mount --mount=type=cache,target={}", remove, place),
         manager.cache_code, std::move(edits));
  }

  bool leaves_nothing(const ShellCommand& command, const Manager& manager) const {
    if (!manager.no_cache.empty() && command.has({manager.no_cache})) return true;
    if (manager.program.starts_with("pip") && has_no_pip_cache(command)) return true;
    for (std::string_view place : words_of(manager.caches))
      if (is_covered(mounts_, place) || is_removed(place)) return true;
    return !manager.clean.empty() && is_cleaned(manager.clean);
  }

  bool has_no_pip_cache(const ShellCommand& command) const {
    auto value = state_.scope.find("PIP_NO_CACHE_DIR");
    if (value && *value != "0" && text::lower(*value) != "false" && text::lower(*value) != "off")
      return true;
    bool assigned = std::ranges::any_of(command.assignments, [](const ShellWord& word) {
      return word.text.starts_with("PIP_NO_CACHE_DIR=");
    });
    // Wherever the cache is, a mount that is called so is meant for it.
    return assigned || std::ranges::any_of(mounts_, [](const Mount& mount) {
             const CacheMount* cache = std::get_if<CacheMount>(&mount);
             return cache != nullptr && (cache->target.find(".cache") != std::string::npos ||
                                         cache->target.find("pip") != std::string::npos);
           });
  }

  // `rm -rf /var/lib/apt/lists/*`
  bool is_removed(std::string_view place) const {
    return std::ranges::any_of(commands_, [&](const ShellCommand& one) {
      return one.name() == "rm" && std::ranges::any_of(one.words, [&](const ShellWord& word) {
               return word.text.starts_with(place);
             });
    });
  }

  bool is_cleaned(std::string_view clean) const {
    std::vector<std::string_view> wanted = words_of(clean);
    return std::ranges::any_of(commands_, [&](const ShellCommand& one) {
      std::vector<const ShellWord*> operands = one.operands();
      return one.name() == wanted[0] && !operands.empty() && operands.front()->text == wanted[1];
    });
  }

  const LintScene& scene_;
  const Script& script_;
  const StageState& state_;
  std::vector<Mount> mounts_;
  std::vector<ShellCommand> commands_;
};

}  // namespace

void check_packages(const LintScene& scene, const Script& script, const StageState& state) {
  PackageCheck(scene, script, state).run();
}

}  // namespace suit::dockerfile
