/// \file
/// Our families of rules. Each walks a stage with the linter: `begin` at FROM, `visit` at every
/// instruction with the variables in force before it, `end` behind the last.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/lint_internal.h"
#include "dockerfile/mount.h"
#include "dockerfile/shell_internal.h"

namespace suit::dockerfile {

/// What all of them know.
struct LintScene {
  const Dockerfile& file;
  const LintOptions& options;
  const Resolution& resolution;
  LintReporter& report;
};

/// A piece of shell text of one RUN, and where its words stand.
struct Script {
  const Instruction* instruction = nullptr;
  const Run* run = nullptr;
  std::string_view text;
  const Heredoc* heredoc = nullptr;  ///< whose content it is; nullptr: the line's own
  std::size_t offset = 0;            ///< where the text begins in the line
  bool has_places = true;            ///< false for the exec form: its words were decoded
  std::vector<ShellCommand> commands;
  std::vector<std::size_t> newlines;  ///< of a here-document: where its lines end

  SourceSpan at(std::size_t from, std::size_t length) const;
  SourceSpan at(const ShellWord& word) const { return at(word.offset, word.length); }
  /// Puts \p words behind \p word; nothing where there are no places.
  Edits insert_after(const ShellWord& word, std::string words) const;
};
/// The scripts of a RUN: its line, or the here-documents that a shell reads.
std::vector<Script> scripts_of(const Instruction& instruction);

/// Mounts of a RUN that could be read with the variables in force.
std::vector<Mount> mounts_of(const Run& run, char escape, const Scope& scope);
/// Whether a cache or tmpfs mount of \p mounts holds \p path.
bool is_covered(const std::vector<Mount>& mounts, std::string_view path);

/// A source or destination with its variables replaced; as written when they cannot be.
std::string expanded(const std::string& text, char escape, const Scope& scope);
/// Sources of COPY or ADD from the context; nothing for any other instruction.
const std::vector<Word>* context_sources(const Instruction& instruction);
/// The last name of a path.
std::string_view base_name(std::string_view path);
/// Whether a source is the whole context.
bool is_whole_context(std::string_view source);
bool is_remote(std::string_view source);

/// Whether a file of this name, or in a directory of this name, holds secrets: `.env`, `id_rsa`.
bool is_secret_file(std::string_view path);

/// Keys, tokens and passwords: in values, files, mounts and commands.
class SecretRules {
 public:
  explicit SecretRules(const LintScene& scene) : scene_(scene) {}
  void check_file();
  void begin(const Stage&) { written_.clear(); }
  void visit(const Instruction& one, const StageState& state, const std::vector<Script>& scripts);

 private:
  void check_values(const Instruction& one);
  void check_value(const Instruction& one, const std::string& name, const std::string& value,
                   const SourceSpan& span);
  bool check_patterns(const Instruction& one, std::string_view text, const SourceSpan& span);
  void check_copy(const Instruction& one, const StageState& state);
  void check_context(const Instruction& one, const SourceSpan& span);
  void check_run(const Instruction& one, const StageState& state,
                 const std::vector<Script>& scripts);
  void check_command(const Script& script, const ShellCommand& command,
                     const std::vector<Mount>& mounts, bool in_environment);
  void check_mounts(const Instruction& one, const Run& run, const std::vector<Mount>& mounts);

  LintScene scene_;
  std::vector<std::string> written_;  ///< names of secret files that the stage wrote
};

/// Steps in an order that lets the cache help.
class CacheRules {
 public:
  explicit CacheRules(const LintScene& scene) : scene_(scene) {}
  void begin(const Stage&);
  void visit(const Instruction& one, const StageState& state, const std::vector<Script>& scripts);

 private:
  void check_copy(const Instruction& one, const std::vector<Word>& sources,
                  const StageState& state);
  void check_context(const Instruction& one, const SourceSpan& span);
  void check_install(const Script& script, const ShellCommand& command);

  LintScene scene_;
  const Instruction* whole_copy_ = nullptr;  ///< the stage's first copy of all sources
  SourceSpan whole_span_;
  bool installs_ = false;  ///< dependencies were installed already
  bool said_ = false;
  std::vector<std::string> manifests_;  ///< lists of dependencies copied before the sources
};

/// Base images, users, copies, labels: one instruction at a time.
class PracticeRules {
 public:
  explicit PracticeRules(const LintScene& scene) : scene_(scene) {}
  void begin(const Stage& stage);
  void visit(const Instruction& one, const StageState& state);
  void end(const Stage& stage);

 private:
  void check_base(const Stage& stage, const ResolvedStage& resolved);
  void check_image(const Instruction& one, const SourceSpan& span, std::string_view image);
  void check_copy(const Instruction& one, const Copy& copy, const StageState& state);
  void check_copy_from(const Instruction& one, const Copy& copy);
  void check_add(const Instruction& one, const Add& add, const StageState& state);
  void check_destination(const Instruction& one, const std::vector<Word>& sources,
                         std::size_t count, const Word& destination, const StageState& state);
  void check_env(const Instruction& one, const Env& env, const StageState& state);
  void check_labels(const Instruction& one, const Label& label);
  void check_comments(const Instruction& one);

  LintScene scene_;
  const Instruction* user_ = nullptr;
  std::string user_name_;
  bool healthcheck_ = false;
};

/// What RUN lines do, read word by word.
class RunRules {
 public:
  explicit RunRules(const LintScene& scene) : scene_(scene) {}
  void begin(const Stage&);
  void visit(const Instruction& one, const StageState& state, const std::vector<Script>& scripts);

 private:
  void check_script(const Script& script, const StageState& state);
  void check_command(const Script& script, const ShellCommand& command);
  void check_download(const Script& script, const ShellCommand& command);
  void check_archive(const Script& script, const ShellCommand& command);
  void check_pipes(const Script& script, const StageState& state);
  void check_consecutive(const Instruction& one, const std::vector<Script>& scripts);
  void note_archives(const Instruction& one);
  void warn(std::string_view rule, const Script& script, const ShellWord& word, std::string message,
            std::string help = {}, Edits edits = {});

  LintScene scene_;
  const Instruction* previous_run_ = nullptr;
  std::string downloader_;  ///< `wget` or `curl`, whichever came first
  std::vector<std::string> archives_;
};

/// Package managers: versions, questions, what they leave behind.
void check_packages(const LintScene& scene, const Script& script, const StageState& state);
/// \p command without `python -m`, `sudo` and the like: what is really run.
ShellCommand unwrapped(ShellCommand command);

}  // namespace suit::dockerfile
