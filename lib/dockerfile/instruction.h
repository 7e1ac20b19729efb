/// \file
/// Layer two: every instruction of docker/dockerfile 1.26, as a type.
///
/// Words still hold their `$variables` and quotes: expansion needs the variables of the stage
/// (expand.h, scope.h).

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/source.h"
#include "dockerfile/line.h"

namespace suit::dockerfile {

/// `name=value`, as in ENV and LABEL.
struct KeyValue {
  Word key;
  Word value;
  bool legacy = false;  ///< written `ENV name value`
};

/// One name of an ARG.
struct ArgDefinition {
  Word key;
  std::optional<std::string> value;  ///< nothing for `ARG name`
  std::string description;           ///< from a comment `# name text` above
};

/// `<<EOF` as a source of COPY and ADD: a file of its own.
struct InlineFile {
  std::string name;
  std::string content;
  bool expand = true;  ///< variables are replaced in the content
};

/// A command: one string for the shell, or the words of the exec form.
struct CommandLine {
  std::vector<std::string> words;
  bool shell_form = true;
};

/// One `--mount=…` of RUN. Its values may hold variables: `parse_mount` (mount.h) reads it.
struct MountFlag {
  std::string text;  ///< the options, without `--mount=`
  std::string from;  ///< the `from` option, which takes no variables; empty if there is none
  SourceSpan span;
};

/// One `--device=…` of RUN.
struct DeviceFlag {
  std::string name;  ///< \shape CDI: `vendor.com/class=device`
  bool required = false;
  SourceSpan span;
};

struct From {
  Word base;                ///< image, stage or `scratch`, with variables
  std::string stage_name;   ///< lower case; empty if there is none
  Word stage_name_word;     ///< as written
  std::string as_keyword;   ///< as written: `AS`, `as`
  Word platform;            ///< value of `--platform`, with variables; empty if there is none
  std::string description;  ///< from a comment `# name text` above
};
struct Arg {
  std::vector<ArgDefinition> args;
};
struct Env {
  std::vector<KeyValue> pairs;
};
struct Label {
  std::vector<KeyValue> pairs;
};
struct Maintainer {
  std::string name;
};
/// COPY and ADD. The fields below the line are ADD's alone.
struct Copy {
  std::vector<Word> sources;
  std::vector<InlineFile> inline_files;
  Word destination;
  Word from;  ///< value of `--from`; empty text if there is none
  std::string chown;
  std::string chmod;
  bool link = false;
  bool parents = false;
  std::vector<std::string> excludes;
};
struct Add {
  std::vector<Word> sources;
  std::vector<InlineFile> inline_files;
  Word destination;
  std::string chown;
  std::string chmod;
  bool link = false;
  std::vector<std::string> excludes;
  std::string checksum;
  std::optional<bool> keep_git_dir;
  std::optional<bool> unpack;
};
enum class RunNetwork { Default, None, Host };
enum class RunSecurity { Sandbox, Insecure };
struct Run {
  CommandLine command;
  std::vector<Heredoc> heredocs;
  std::vector<MountFlag> mounts;
  std::vector<DeviceFlag> devices;
  RunNetwork network = RunNetwork::Default;
  RunSecurity security = RunSecurity::Sandbox;
};
struct Cmd {
  CommandLine command;
};
struct Entrypoint {
  CommandLine command;
};
struct Shell {
  std::vector<std::string> words;
};
struct Workdir {
  Word path;
};
struct User {
  Word user;
};
struct Expose {
  std::vector<Word> ports;  ///< as written; `parse_ports` (ports.h) reads them after expansion
};
struct Volume {
  std::vector<Word> paths;
};
struct Stopsignal {
  Word signal;
};
struct Healthcheck {
  std::vector<std::string> test;  ///< `NONE`; or `CMD`, words…; or `CMD-SHELL`, line
  std::chrono::nanoseconds interval{0};  ///< 0: the default, here and below
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds start_period{0};
  std::chrono::nanoseconds start_interval{0};
  int retries = 0;
};
struct Onbuild {
  std::string trigger;  ///< the instruction's text, here-documents included: `parse_trigger` reads it
};

using InstructionBody =
    std::variant<From, Arg, Env, Label, Maintainer, Copy, Add, Run, Cmd, Entrypoint, Shell, Workdir,
                 User, Expose, Volume, Stopsignal, Healthcheck, Onbuild>;

/// One instruction and where it was written.
struct Instruction {
  InstructionBody body;
  std::string keyword;  ///< as written
  std::string text;     ///< the logical line: for progress, history and messages
  SourceSpan span;
  std::size_t last_line = 0;  ///< counting here-documents
  std::vector<Word> comments;
};

/// `std::visit(Overloaded{[](const Run&) {…}, [](const Copy&) {…}, …}, instruction.body)`: leaving
/// out a type does not compile.
template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

/// Upper-case keyword: `RUN`.
std::string_view keyword_of(const InstructionBody& body);

}  // namespace suit::dockerfile
