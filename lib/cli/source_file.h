/// \file
/// Dockerfiles that are looked at and perhaps rewritten: from a path, a directory or stdin.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dockerfile/ignore.h"
#include "dockerfile/lint.h"

namespace suit::cli {

/// A text and what it is called in messages.
struct SourceFile {
  std::string path;  ///< `-` for stdin
  std::string name;  ///< for messages
  std::string text;
  bool is_stdin() const { return path == "-"; }
};

/// The whole of stdin.
/// \errors EFBIG above \p limit_bytes
Result<std::string> read_stdin(std::string_view what, std::size_t limit_bytes);

/// \param path of a file, or `-`
Result<SourceFile> read_source(const std::string& path);

/// The Dockerfiles that \p path means: itself, or those of the directory: `Dockerfile`,
/// `Containerfile`, and names with Dockerfile before or behind a dot.
/// \errors 0 when the directory has none
Result<std::vector<std::string>> find_sources(const std::string& path);

/// Replaces the file by \p text: readers see the old one or the new one. Mode and owner stay.
/// \errors 0 when it is a symbolic link, which would be replaced by a file
Result<void> write_source(const SourceFile& file, std::string_view text);

/// What stands beside a Dockerfile, or in \p context if one is named.
struct SourceContext {
  dockerfile::ContextFacts facts;
  dockerfile::IgnoreMatcher ignore;
};
Result<SourceContext> read_context(const SourceFile& file, const std::string& context);

}  // namespace suit::cli
