/// \file
/// What instructions are made of.

#pragma once

#include <optional>
#include <string>
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

}  // namespace suit::dockerfile
