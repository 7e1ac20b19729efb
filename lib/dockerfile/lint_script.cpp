// What our families of rules ask of an instruction: scripts, mounts, sources.

#include <algorithm>
#include <array>

#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

// A here-document for the shell: nothing else on the line, and no other interpreter named.
bool is_for_shell(std::string_view line, const Heredoc& heredoc) {
  constexpr std::array<std::string_view, 4> kShells = {"sh", "bash", "ash", "dash"};
  std::vector<ShellCommand> commands = shell_commands(line);
  if (!commands.empty() && std::ranges::find(kShells, commands.front().name()) == kShells.end())
    return false;
  if (!heredoc.content.starts_with("#!")) return true;
  std::string_view first = std::string_view(heredoc.content).substr(0, heredoc.content.find('\n'));
  return text::trim_right(first).ends_with("sh");
}

Script exec_script(const Instruction& one, const Run& run) {
  Script script;
  script.instruction = &one;
  script.run = &run;
  script.has_places = false;
  ShellCommand command;
  for (const std::string& word : run.command.words)
    command.words.push_back({word, 0, 0, true});
  if (!command.words.empty()) script.commands.push_back(std::move(command));
  return script;
}

bool is_below(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/'))
    directory.remove_suffix(1);
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

SourceSpan Script::at(std::size_t from, std::size_t length) const {
  if (!has_places) return instruction->span;
  if (heredoc == nullptr) return instruction->at(offset + from, length);
  auto after = std::ranges::lower_bound(newlines, from);
  auto lines = static_cast<std::size_t>(after - newlines.begin());
  SourceSpan span = heredoc->place;
  span.offset += from;
  span.length = length;
  span.line += lines;
  span.column = 1 + from - (lines == 0 ? 0 : *(after - 1) + 1);
  return span;
}

Edits Script::insert_after(const ShellWord& word, std::string words) const {
  if (!has_places) return {};
  SourceSpan span = at(word);
  return {{span.offset + span.length, 0, std::move(words)}};
}

std::vector<Script> scripts_of(const Instruction& one) {
  const Run* run = std::get_if<Run>(&one.body);
  if (run == nullptr || run->command.words.empty()) return {};
  if (!run->command.shell_form) return {exec_script(one, *run)};
  std::vector<Script> scripts;
  auto add = [&](std::string_view text, const Heredoc* heredoc, std::size_t offset) {
    Script script{&one, run, text, heredoc, offset, true, shell_commands(text), {}};
    for (std::size_t i = 0; heredoc != nullptr && i < text.size(); ++i)
      if (text[i] == '\n') script.newlines.push_back(i);
    scripts.push_back(std::move(script));
  };
  const std::string& line = run->command.words.front();
  add(line, nullptr, text::trim_right(one.text).size() - line.size());
  for (const Heredoc& heredoc : run->heredocs)
    if (is_for_shell(line, heredoc)) add(heredoc.content, &heredoc, 0);
  return scripts;
}

std::vector<Mount> mounts_of(const Run& run, char escape, const Scope& scope) {
  std::vector<Mount> out;
  for (const MountFlag& flag : run.mounts)
    if (auto mount = parse_mount(flag.text, escape, scope.lookup())) out.push_back(*mount);
  return out;
}

bool is_covered(const std::vector<Mount>& mounts, std::string_view path) {
  return std::ranges::any_of(mounts, [&](const Mount& mount) {
    if (const CacheMount* cache = std::get_if<CacheMount>(&mount))
      return is_below(path, cache->target);
    if (const TmpfsMount* tmpfs = std::get_if<TmpfsMount>(&mount))
      return is_below(path, tmpfs->target);
    return false;
  });
}

std::string expanded(const std::string& text, char escape, const Scope& scope) {
  auto out = expand(text, escape, scope.lookup());
  return out ? *std::move(out) : text;
}

const std::vector<Word>* context_sources(const Instruction& instruction) {
  if (const Copy* copy = std::get_if<Copy>(&instruction.body))
    return copy->from.text.empty() ? &copy->sources : nullptr;
  if (const Add* add = std::get_if<Add>(&instruction.body)) return &add->sources;
  return nullptr;
}

std::string_view base_name(std::string_view path) {
  while (path.ends_with('/'))
    path.remove_suffix(1);
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_whole_context(std::string_view source) {
  return source == "." || source == "./" || source == "/" || source == "*" || source == "./*";
}

bool is_remote(std::string_view source) {
  return source.find("://") != std::string_view::npos || source.starts_with("git@");
}

}  // namespace suit::dockerfile
