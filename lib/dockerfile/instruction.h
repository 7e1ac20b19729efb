/// \file
/// Layer two: every instruction of docker/dockerfile 1.26, as a type.
///
/// Words still hold their `$variables` and quotes: expansion needs the variables of the stage
/// (expand.h, scope.h).

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/source.h"
#include "dockerfile/line.h"
#include "dockerfile/parts.h"

namespace suit::dockerfile {

/// `FROM image [AS name]`: begins a stage.
struct From {
  Word base;                ///< image, stage or `scratch`, with variables
  std::string stage_name;   ///< lower case; empty if there is none
  Word stage_name_word;     ///< as written
  std::string as_keyword;   ///< as written: `AS`, `as`
  Word platform;            ///< value of `--platform`, with variables; empty if there is none
  std::string description;  ///< from a comment `# name text` above
};

/// `ARG name[=default] …`
struct Arg {
  std::vector<ArgDefinition> args;
};

/// `ENV name=value …`
struct Env {
  std::vector<KeyValue> pairs;
};

/// `LABEL name=value …`
struct Label {
  std::vector<KeyValue> pairs;
};

/// `MAINTAINER name`: a label is what is used now.
struct Maintainer {
  std::string name;
};

/// `COPY source… destination`
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

/// `ADD source… destination`: as COPY, and URLs, git repositories and archives.
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

/// `--network` of RUN.
enum class RunNetwork { Default, None, Host };
/// `--security` of RUN.
enum class RunSecurity { Sandbox, Insecure };
/// `RUN command`
struct Run {
  CommandLine command;
  std::vector<Heredoc> heredocs;
  std::vector<MountFlag> mounts;
  std::vector<DeviceFlag> devices;
  RunNetwork network = RunNetwork::Default;
  RunSecurity security = RunSecurity::Sandbox;
};

/// `CMD command`: what a container runs, or its ENTRYPOINT's arguments.
struct Cmd {
  CommandLine command;
};

/// `ENTRYPOINT command`
struct Entrypoint {
  CommandLine command;
};

/// `SHELL ["/bin/sh", "-c"]`: what shell forms below are given to.
struct Shell {
  std::vector<std::string> words;
};

/// `WORKDIR path`
struct Workdir {
  Word path;
};

/// `USER name[:group]`
struct User {
  Word user;
};

/// `EXPOSE port[/protocol] …`
struct Expose {
  std::vector<Word> ports;  ///< as written; `parse_ports` (ports.h) reads them after expansion
};

/// `VOLUME path …`
struct Volume {
  std::vector<Word> paths;
};

/// `STOPSIGNAL signal`
struct Stopsignal {
  Word signal;
};

/// `HEALTHCHECK [flags] CMD command`, `HEALTHCHECK NONE`
struct Healthcheck {
  std::vector<std::string> test;         ///< `NONE`; or `CMD`, words…; or `CMD-SHELL`, line
  std::chrono::nanoseconds interval{0};  ///< 0: the default, here and below
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds start_period{0};
  std::chrono::nanoseconds start_interval{0};
  int retries = 0;
};

/// `ONBUILD instruction`: for the builds that start from this image.
struct Onbuild {
  std::string
      trigger;  ///< the instruction's text, here-documents included: `parse_trigger` reads it
};

/// Any of them.
using InstructionBody =
    std::variant<From, Arg, Env, Label, Maintainer, Copy, Add, Run, Cmd, Entrypoint, Shell, Workdir,
                 User, Expose, Volume, Stopsignal, Healthcheck, Onbuild>;

/// One instruction and where it was written.
struct Instruction {
  InstructionBody body;
  std::string keyword;  ///< as written
  std::string text;     ///< the logical line: for progress, history and messages
  SourceSpan span;
  std::size_t last_line = 0;   ///< counting here-documents
  std::size_t empty_line = 0;  ///< the first empty line inside of it; 0: none
  std::vector<Word> comments;  ///< the comment lines right above
  std::vector<Segment> segments;

  /// The source of `text.substr(offset, length)`.
  SourceSpan at(std::size_t offset, std::size_t length) const {
    return segments.empty() ? span : locate(segments, offset, length);
  }
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
