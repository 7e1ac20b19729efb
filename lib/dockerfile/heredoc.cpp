#include <charconv>

#include "dockerfile/expand.h"
#include "dockerfile/heredoc_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

std::optional<std::string> nothing_is_set(std::string_view) { return std::nullopt; }

// A word that ends behind `<<` or `<<-`: its name is the next word.
bool lacks_name(std::string_view word) {
  while (!word.empty() && text::is_digit(word.front()))
    word.remove_prefix(1);
  return word == "<<" || word == "<<-";
}

}  // namespace

std::string heredoc_text(const Heredoc& heredoc) {
  if (!heredoc.chomp) return heredoc.content;
  std::string out;
  bool at_start = true;
  for (char c : heredoc.content) {
    if (at_start && c == '\t') continue;
    out += c;
    at_start = c == '\n';
  }
  return out;
}

std::expected<std::optional<Heredoc>, std::string> heredoc_of(std::string_view word) {
  Heredoc heredoc;
  std::size_t digits = 0;
  while (digits < word.size() && text::is_digit(word[digits]))
    ++digits;
  std::from_chars(word.data(), word.data() + digits, heredoc.file_descriptor);
  word.remove_prefix(digits);
  if (!word.starts_with("<<")) return std::nullopt;
  word.remove_prefix(2);
  heredoc.chomp = word.starts_with('-');
  if (heredoc.chomp) word.remove_prefix(1);
  word = text::trim_left(word);
  if (word.empty() || word.find('<') != std::string_view::npos) return std::nullopt;

  auto plain = expand_with_names(word, '\\', nothing_is_set, {.keep_unset = true});
  if (!plain) return std::unexpected(plain.error().message());
  if (plain->words.size() != 1) return std::nullopt;
  // Quotes anywhere in the name turn expansion of the content off, as in a shell.
  auto quoted =
      expand_with_names(word, '\\', nothing_is_set, {.keep_quotes = true, .keep_unset = true});
  if (!quoted) return std::unexpected(quoted.error().message());
  heredoc.name = plain->words.front();
  heredoc.expand = quoted->text == plain->words.front();
  return heredoc;
}

std::expected<std::vector<Heredoc>, std::string> heredocs_of(std::string_view line) {
  std::vector<Heredoc> found;
  ExpandOptions raw{.keep_quotes = true, .keep_escapes = true, .keep_unset = true};
  auto expansion = expand_with_names(line, '\\', nothing_is_set, raw);
  if (!expansion) return found;
  std::vector<std::string>& words = expansion->words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    bool joined = lacks_name(words[i]) && i + 1 < words.size();
    std::string word = joined ? words[i] + " " + words[i + 1] : words[i];
    auto heredoc = heredoc_of(word);
    if (!heredoc) return std::unexpected(heredoc.error());
    if (!*heredoc) continue;
    found.push_back(**std::move(heredoc));
    if (joined) ++i;
  }
  return found;
}

}  // namespace suit::dockerfile
