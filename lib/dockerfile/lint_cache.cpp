// The order of steps: what changes often goes last.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::array<std::string_view, 20> kManifests = {
    "requirements.txt", "pyproject.toml", "poetry.lock", "uv.lock",
    "Pipfile",          "Pipfile.lock",   "setup.py",    "environment.yml",
    "environment.yaml", "package.json",   "yarn.lock",   "package-lock.json",
    "pnpm-lock.yaml",   "go.mod",         "go.sum",      "Gemfile",
    "Gemfile.lock",     "Cargo.toml",     "Cargo.lock",  "composer.json"};

// Directories that belong to one machine.
constexpr std::array<std::string_view, 6> kEnvironments = {
    "venv", ".venv", "virtualenv", "node_modules", "__pycache__", ".tox"};
// What a context should not send unseen.
constexpr std::array<std::string_view, 8> kUnwanted = {
    ".git",        "venv", ".venv",       "node_modules",
    "__pycache__", ".tox", ".mypy_cache", ".ipynb_checkpoints"};

template <typename List>
bool holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_manifest(std::string_view source) {
  std::string_view name = base_name(source);
  return holds(kManifests, name) || (name.starts_with("requirements") && name.ends_with(".txt")) ||
         (name.starts_with("package") && name.ends_with(".json"));
}

/// `program subcommand` installs what a list names.
struct Installer {
  std::string_view program;
  std::string_view subcommand;
  std::string_view needs;  ///< a flag that says that it is a list; empty: it always is
};
constexpr std::array kInstallers = std::to_array<Installer>({
    {"pip", "install", "-r"},
    {"pip3", "install", "-r"},
    {"uv", "sync", ""},
    {"uv", "pip", "-r"},
    {"poetry", "install", ""},
    {"pipenv", "install", ""},
    {"pipenv", "sync", ""},
    {"conda", "env", "-f"},
    {"mamba", "env", "-f"},
    {"npm", "ci", ""},
    {"npm", "install", ""},
    {"yarn", "install", ""},
    {"pnpm", "install", ""},
    {"go", "mod", ""},
    {"bundle", "install", ""},
    {"composer", "install", ""},
    {"cargo", "fetch", ""},
});

bool is_install(const ShellCommand& command) {
  std::vector<const ShellWord*> operands = command.operands();
  if (operands.empty()) return false;
  return std::ranges::any_of(kInstallers, [&](const Installer& one) {
    if (one.program != command.name() || one.subcommand != operands.front()->text) return false;
    if (one.needs == "-r") return command.has({"-r", "--requirement", "--requirements"});
    return one.needs.empty() || command.has({"-f", "--file"});
  });
}

// `pip install .` needs the sources: there is nothing to put before them.
bool needs_sources(const ShellCommand& command) {
  return std::ranges::any_of(command.operands(), [](const ShellWord* word) {
    return word->text == "." || word->text.starts_with("./") || word->text.starts_with(".[");
  });
}

}  // namespace

void CacheRules::begin(const Stage&) {
  whole_copy_ = nullptr;
  installs_ = false;
  said_ = false;
  manifests_.clear();
}

void CacheRules::visit(const Instruction& one, const StageState& state,
                       const std::vector<Script>& scripts) {
  if (const std::vector<Word>* sources = context_sources(one)) check_copy(one, *sources, state);
  for (const Script& script : scripts)
    for (const ShellCommand& command : script.commands)
      check_install(script, unwrapped(command));
}

void CacheRules::check_copy(const Instruction& one, const std::vector<Word>& sources,
                            const StageState& state) {
  for (const Word& source : sources) {
    std::string path = expanded(source.text, scene_.file.escape, state.scope);
    if (is_remote(path)) continue;
    if (holds(kEnvironments, base_name(path)))
      scene_.report.warn(
          "VirtualEnvCopied", one, source.span,
          fmt::format("{} belongs to the machine where it was made", text::clip(base_name(path))));
    if (is_whole_context(path)) {
      if (whole_copy_ == nullptr) whole_span_ = source.span;
      if (whole_copy_ == nullptr) whole_copy_ = &one;
      check_context(one, source.span);
    } else if (is_manifest(path)) {
      if (whole_copy_ == nullptr) {
        manifests_.emplace_back(path);
      } else if (whole_copy_ != &one && !installs_) {
        said_ = true;
        scene_.report.warn("ManifestAfterSource", one, source.span,
                           fmt::format("{} is copied after the sources (line {})",
                                       text::clip(base_name(path)), whole_copy_->span.line),
                           "move this COPY and the install above the COPY of the sources");
      }
    }
  }
}

void CacheRules::check_context(const Instruction& one, const SourceSpan& span) {
  const ContextFacts& context = scene_.options.context;
  if (!context.known || context.has_ignore_file) return;
  std::string found;
  for (const std::string& name : context.names)
    if (holds(kUnwanted, name)) found += (found.empty() ? "" : ", ") + name;
  if (found.empty()) return;
  scene_.report.warn("MissingDockerignore", one, span,
                     fmt::format("the whole context is copied, {} included", found),
                     "name them in a .dockerignore beside the Dockerfile");
}

void CacheRules::check_install(const Script& script, const ShellCommand& command) {
  if (!is_install(command)) return;
  installs_ = true;
  // The list came before the sources all the same: then this is a second install.
  if (whole_copy_ == nullptr || said_ || !manifests_.empty() || needs_sources(command)) return;
  said_ = true;
  scene_.report.warn("SourceBeforeDependencies", *whole_copy_, whole_span_,
                     fmt::format("any change of any file makes line {} install again",
                                 script.at(command.words.front()).line),
                     "copy the list of dependencies alone, install, then copy the rest");
}

}  // namespace suit::dockerfile
