// RUN, word by word. What needs a shell's grammar is not asked.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::array<std::string_view, 12> kPointless = {
    "ssh", "vim",  "vi",  "nano", "shutdown", "service",
    "ps",  "free", "top", "kill", "mount",    "ifconfig"};
constexpr std::size_t kMostArchives = 200;

template <typename List>
bool holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_archive(std::string_view path) {
  constexpr std::array<std::string_view, 8> kEndings = {".tar",    ".tar.gz", ".tgz",  ".tar.bz2",
                                                        ".tar.xz", ".txz",    ".tbz2", ".tar.zst"};
  return std::ranges::any_of(kEndings, [&](std::string_view one) { return path.ends_with(one); });
}

// `pwsh`, `cmd`: their pipes and flags are others.
bool is_foreign_shell(const std::vector<std::string>& shell) {
  if (shell.empty()) return false;
  std::string name = text::lower(base_name(shell.front()));
  std::size_t slash = name.rfind('\\');
  if (slash != std::string::npos) name.erase(0, slash + 1);
  return name.starts_with("powershell") || name.starts_with("pwsh") || name.starts_with("cmd");
}

bool sets_pipefail(const ShellCommand& command) {
  return command.name() == "set" && std::ranges::any_of(command.words, [](const ShellWord& word) {
           return word.text == "pipefail";
         });
}

}  // namespace

ShellCommand unwrapped(ShellCommand command) {
  constexpr std::array<std::string_view, 7> kWrappers = {"sudo",    "env",   "nice",     "time",
                                                         "command", "xargs", "eatmydata"};
  while (command.words.size() > 1) {
    std::string_view name = command.name();
    std::size_t drop = 0;
    if (holds(kWrappers, name)) {
      drop = 1;
      while (drop < command.words.size() &&
             (command.words[drop].text.starts_with('-') ||
              command.words[drop].text.find('=') != std::string::npos))
        ++drop;
    } else if (name.starts_with("python") && command.words.size() > 2 &&
               command.words[1].text == "-m") {
      drop = 2;
    }
    if (drop == 0 || drop >= command.words.size()) break;
    command.words.erase(command.words.begin(),
                        command.words.begin() + static_cast<std::ptrdiff_t>(drop));
  }
  return command;
}

void RunRules::begin(const Stage&) {
  previous_run_ = nullptr;
  downloader_.clear();
  archives_.clear();
}

void RunRules::warn(std::string_view rule, const Script& script, const ShellWord& word,
                    std::string message, std::string help, Edits edits) {
  scene_.report.warn(rule, *script.instruction, script.at(word), std::move(message),
                     std::move(help), std::move(edits));
}

void RunRules::visit(const Instruction& one, const StageState& state,
                     const std::vector<Script>& scripts) {
  note_archives(one);
  check_consecutive(one, scripts);
  for (const Script& script : scripts)
    check_script(script, state);
  previous_run_ = std::holds_alternative<Run>(one.body) ? &one : nullptr;
}

void RunRules::check_script(const Script& script, const StageState& state) {
  if (is_foreign_shell(state.shell)) return;
  for (const ShellCommand& command : script.commands) {
    if (command.name() == "sudo")
      warn("NoSudo", script, command.words.front(),
           "RUN is root already, unless USER says otherwise",
           "leave sudo out, or write USER before and after");
    ShellCommand bare = unwrapped(command);
    check_command(script, bare);
    check_download(script, bare);
    check_archive(script, bare);
  }
  check_pipes(script, state);
  check_packages(scene_, script, state);
}

void RunRules::check_command(const Script& script, const ShellCommand& command) {
  const ShellWord& program = command.words.front();
  std::string_view name = command.name();
  std::vector<const ShellWord*> operands = command.operands();
  if (holds(kPointless, name))
    warn("PointlessCommand", script, program, fmt::format("{} makes no sense in a build", name));
  if (name == "cd" && script.commands.front().words.front().offset == program.offset &&
      !operands.empty() && operands.front()->text.starts_with('/'))
    warn("UseWorkdir", script, program, "the directory lasts as long as this RUN",
         fmt::format("write WORKDIR {} before", text::clip(operands.front()->text)));
  if (name == "useradd" && !command.has({"-l", "--no-log-init"})) {
    for (std::size_t i = 1; i + 1 < command.words.size(); ++i)
      if ((command.words[i].text == "-u" || command.words[i].text == "--uid") &&
          command.words[i + 1].text.size() > 5)
        warn("SparseUserId", script, program,
             fmt::format("id {} makes useradd write a log file of that many entries",
                         text::clip(command.words[i + 1].text)),
             "add -l", script.insert_after(program, " -l"));
  }
  if (name == "ln" && operands.size() > 1 && operands.back()->text == "/bin/sh")
    warn("UseShell", script, program, "all programs of the image get another /bin/sh",
         "write SHELL [\"/bin/bash\", \"-c\"]");
  if (name == "zypper" && (command.words.size() > 1) &&
      std::ranges::any_of(operands, [](const ShellWord* word) {
        return word->text == "dist-upgrade" || word->text == "dup";
      }))
    warn("DistUpgrade", script, program, "the whole distribution is upgraded",
         "take a newer base image");
}

void RunRules::check_download(const Script& script, const ShellCommand& command) {
  std::string_view name = command.name();
  if (name != "wget" && name != "curl") return;
  const ShellWord& program = command.words.front();
  if (downloader_.empty()) {
    downloader_ = name;
  } else if (downloader_ != name) {
    warn("WgetAndCurl", script, program,
         fmt::format("{} is used here, and {} above", name, downloader_));
    downloader_ = name;
  }
  if (name == "wget" && command.words.size() > 1 &&
      !command.has({"-q", "-nv", "--quiet", "--no-verbose", "--progress", "-o", "--output-file",
                    "-a", "--append-output", "--version", "--help"}))
    warn("NoisyDownload", script, program, "the output gets a line for every few kilobytes",
         "add --progress=dot:giga", script.insert_after(program, " --progress=dot:giga"));
}

void RunRules::note_archives(const Instruction& one) {
  if (!std::holds_alternative<Copy>(one.body)) return;
  const std::vector<Word>* sources = context_sources(one);
  for (std::size_t i = 0; sources != nullptr && i < sources->size(); ++i)
    if (is_archive((*sources)[i].text) && archives_.size() < kMostArchives)
      archives_.emplace_back(base_name((*sources)[i].text));
}

void RunRules::check_archive(const Script& script, const ShellCommand& command) {
  if (command.name() != "tar" || archives_.empty()) return;
  bool extracts =
      command.words.size() > 1 && (command.has({"-x", "--extract", "--get"}) ||
                                   (!command.words[1].text.starts_with('-') &&
                                    command.words[1].text.find('x') != std::string::npos));
  if (!extracts) return;
  for (const ShellWord& word : command.words)
    if (holds(archives_, base_name(word.text))) {
      warn("ExtractWithAdd", script, word,
           fmt::format("{} stays in the layer that copied it", text::clip(base_name(word.text))),
           "ADD unpacks it, or RUN --mount=type=bind shows it");
      return;
    }
}

void RunRules::check_pipes(const Script& script, const StageState& state) {
  bool set_by_shell = std::ranges::any_of(
      state.shell, [](const std::string& word) { return word.find("pipefail") != word.npos; });
  if (set_by_shell || !script.has_places) return;
  for (const ShellCommand& command : script.commands) {
    if (sets_pipefail(command)) return;
    if (command.end != ShellEnd::Pipe) continue;
    warn("PipeWithoutPipefail", script, command.words.front(),
         fmt::format("when {} fails, nobody notices", text::clip(command.name())),
         "write SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"] before");
    return;
  }
}

void RunRules::check_consecutive(const Instruction& one, const std::vector<Script>& scripts) {
  if (previous_run_ == nullptr || scripts.size() != 1 || !one.comments.empty()) return;
  const Run& before = std::get<Run>(previous_run_->body);
  const Run& now = std::get<Run>(one.body);
  auto plain = [](const Run& run) {
    return run.command.shell_form && run.mounts.empty() && run.devices.empty() &&
           run.heredocs.empty();
  };
  if (!plain(before) || !plain(now) || before.network != now.network ||
      before.security != now.security)
    return;
  scene_.report.warn("ConsecutiveRun", one, keyword_span(one),
                     "this makes a layer of its own, beside that of the RUN above",
                     "join them with &&, or give the reason in a comment");
}

}  // namespace suit::dockerfile
