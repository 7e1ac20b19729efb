/// \file
/// COPY and ADD.

#include <fmt/format.h>

#include "dockerfile/heredoc_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/typing_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

bool is_http_url(std::string_view source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

bool is_git_url(std::string_view source) {
  return source.starts_with("git://") || source.starts_with("git@") || source.starts_with("ssh://");
}

/// What COPY and ADD share.
struct Files {
  std::vector<Word> sources;
  std::vector<InlineFile> inline_files;
  Word destination;
};

// A word `<<EOF` stands for the here-document of that name.
bool take_inline_file(const Typing& typing, const Word& word, Files& files) {
  auto mark = heredoc_of(word.text);
  if (!mark || !*mark) return false;
  for (const Heredoc& heredoc : typing.line.heredocs) {
    if (heredoc.name != (*mark)->name) continue;
    files.inline_files.push_back({heredoc.name, heredoc_text(heredoc), heredoc.expand});
    return true;
  }
  return false;
}

std::optional<Files> files_of(const Typing& typing, std::string_view keyword) {
  const std::vector<Word>& words = typing.line.words;
  if (words.size() < 2)
    return typing.error(
        typing.line.span,
        fmt::format("{} requires at least two arguments, but only one was provided. "
                    "Destination could not be determined",
                    keyword),
        fmt::format("write {} source destination", keyword));
  Files files;
  files.destination = words.back();
  auto mark = heredoc_of(files.destination.text);
  if (mark && *mark)
    return typing.error(files.destination.span,
                        fmt::format("{} cannot accept a heredoc as a destination", keyword));
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (typing.line.json || !take_inline_file(typing, words[i], files))
      files.sources.push_back(words[i]);
  return files;
}

bool check_chmod(const Typing& typing, const Word& chmod) {
  if (chmod.text.empty() || has_variable(chmod.text) || is_mode(chmod.text)) return true;
  typing.error(chmod.span,
               fmt::format("invalid chmod parameter: '{}'. it should be octal string and between 0 "
                           "and 07777",
                           text::clip(chmod.text)),
               "or symbolic, as in --chmod=u=rwX,go=rX");
  return false;
}

bool check_checksum(const Typing& typing, const Word& checksum, const Files& files) {
  if (checksum.text.empty()) return true;
  if (files.sources.size() != 1 || !files.inline_files.empty()) {
    typing.error(checksum.span, "checksum can't be specified for multiple sources");
    return false;
  }
  const std::string& source = files.sources.front().text;
  if (has_variable(source) || is_http_url(source) || is_git_url(source)) return true;
  typing.error(checksum.span, "checksum requires HTTP(S) or Git sources");
  return false;
}

std::vector<std::string> texts_of(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const Word& word : words)
    out.push_back(word.text);
  return out;
}

}  // namespace

Body make_copy(const Typing& typing) {
  auto files = files_of(typing, "COPY");
  if (!files) return std::nullopt;
  Copy copy;
  copy.from = typing.flags.text("from");
  if (has_variable(copy.from.text))
    return typing.error(copy.from.span,
                        "variable expansion is not supported for --from, define a new stage with "
                        "FROM using ARG from global scope as a workaround");
  for (const Word& source : files->sources)
    if (is_http_url(source.text))
      return typing.error(source.span, "source can't be a URL for COPY", "use ADD for a URL");
  Word chmod = typing.flags.text("chmod");
  if (!check_chmod(typing, chmod)) return std::nullopt;
  copy.sources = std::move(files->sources);
  copy.inline_files = std::move(files->inline_files);
  copy.destination = std::move(files->destination);
  copy.chown = typing.flags.text("chown").text;
  copy.chmod = chmod.text;
  copy.link = typing.flags.boolean("link").value_or(false);
  copy.parents = typing.flags.boolean("parents").value_or(false);
  copy.excludes = texts_of(typing.flags.all("exclude"));
  return copy;
}

Body make_add(const Typing& typing) {
  auto files = files_of(typing, "ADD");
  if (!files) return std::nullopt;
  Word chmod = typing.flags.text("chmod");
  Word checksum = typing.flags.text("checksum");
  if (!check_chmod(typing, chmod) || !check_checksum(typing, checksum, *files)) return std::nullopt;
  Add add;
  add.sources = std::move(files->sources);
  add.inline_files = std::move(files->inline_files);
  add.destination = std::move(files->destination);
  add.chown = typing.flags.text("chown").text;
  add.chmod = chmod.text;
  add.link = typing.flags.boolean("link").value_or(false);
  add.excludes = texts_of(typing.flags.all("exclude"));
  add.checksum = checksum.text;
  add.keep_git_dir = typing.flags.boolean("keep-git-dir");
  add.unpack = typing.flags.boolean("unpack");
  return add;
}

}  // namespace suit::dockerfile
