#include <algorithm>
#include <array>
#include <utility>

#include "dockerfile/shell_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

// Words that stand before a command and are none.
constexpr std::array<std::string_view, 11> kPrefixes = {
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec"};

bool is_separator(char c) {
  return c == ';' || c == '&' || c == '|' || c == '\n' || c == '(' || c == ')';
}

bool is_assignment(std::string_view word) {
  std::size_t equals = word.find('=');
  if (equals == 0 || equals == std::string_view::npos || text::is_digit(word.front())) return false;
  return std::ranges::all_of(word.substr(0, equals), [](char c) {
    return text::is_letter(c) || text::is_digit(c) || c == '_';
  });
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<ShellCommand> run() {
    while (at_ < text_.size() && out_.size() < kMaxShellCommands)
      step();
    finish(ShellEnd::End);
    return std::move(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void step() {
    char c = peek();
    if (c != '\n' && text::is_blank(c)) {
      ++at_;
    } else if (c == '\\' && peek(1) == '\n') {
      at_ += 2;
    } else if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (is_separator(c)) {
      separator();
    } else if (c == '<' || c == '>') {
      redirection();
    } else {
      add(word());
    }
  }

  void separator() {
    char c = text_[at_++];
    bool twice = c == peek() && (c == '&' || c == '|');
    if (twice || (c == '|' && peek() == '&')) ++at_;
    if (c == '|') return finish(twice ? ShellEnd::Or : ShellEnd::Pipe);
    finish(c == '&' && twice ? ShellEnd::And : ShellEnd::Then);
  }

  // `>file`, `2>&1`, `<<<word`: only what is written to a file is of interest.
  void redirection() {
    bool writes = false;
    while (peek() == '<' || peek() == '>') {
      writes |= peek() == '>';
      ++at_;
    }
    if (peek() == '|') ++at_;
    bool descriptor = peek() == '&';
    if (descriptor) ++at_;
    while (peek() == ' ' || peek() == '\t')
      ++at_;
    if (at_ >= text_.size() || is_separator(peek()) || peek() == '<' || peek() == '>') return;
    ShellWord target = word();
    if (writes && !descriptor) now_.targets.push_back(std::move(target));
  }

  ShellWord word() {
    ShellWord out;
    out.offset = at_;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (text::is_blank(c) || is_separator(c) || c == '<' || c == '>') break;
      if (c == '\'' || c == '"') {
        quoted(out, c);
      } else if (c == '\\') {
        // `\` and a line's end are nothing at all.
        if (peek(1) != '\n' && at_ + 1 < text_.size()) out.text += peek(1);
        at_ = std::min(at_ + 2, text_.size());
      } else if (c == '$' && (peek(1) == '(' || peek(1) == '{')) {
        ++at_;
        nested(out, peek(), peek() == '(' ? ')' : '}');
      } else if (c == '`') {
        std::size_t end = std::min(text_.find('`', at_ + 1), text_.size() - 1);
        out.text += text_.substr(at_, end + 1 - at_);
        at_ = end + 1;
      } else {
        out.text += c;
        ++at_;
      }
    }
    out.length = at_ - out.offset;
    return out;
  }

  void quoted(ShellWord& out, char quote) {
    out.quoted = true;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out.text += text_[at_];
    }
    if (at_ < text_.size()) ++at_;
  }

  // `$(…)`, `${…}`: up to the closing mark, kept as written.
  void nested(ShellWord& out, char open, char close) {
    std::size_t begin = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) ++at_;
      if (c == open) ++depth;
      if (c == close && --depth == 0) break;
    }
    out.text += '$';
    out.text += text_.substr(begin, at_ - begin);
  }

  void add(ShellWord word) {
    // `2` in `2>file` is a descriptor.
    if ((peek() == '<' || peek() == '>') && !word.text.empty() &&
        std::ranges::all_of(word.text, text::is_digit))
      return;
    bool first = now_.words.empty();
    if (first && !word.quoted && std::ranges::find(kPrefixes, word.text) != kPrefixes.end()) return;
    if (first && is_assignment(word.text))
      now_.assignments.push_back(std::move(word));
    else if (now_.words.size() < kMaxShellCommands)
      now_.words.push_back(std::move(word));
  }

  void finish(ShellEnd end) {
    now_.end = end;
    ShellCommand done = std::exchange(now_, {});
    if (!done.words.empty()) out_.push_back(std::move(done));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  ShellCommand now_;
  std::vector<ShellCommand> out_;
};

bool is_flag(std::string_view word, std::string_view flag) {
  if (word == flag) return true;
  if (flag.starts_with("--"))
    return word.size() > flag.size() && word.starts_with(flag) && word[flag.size()] == '=';
  // Letters behind one dash: `-qy`.
  return flag.size() == 2 && word.size() > 2 && word[0] == '-' && word[1] != '-' &&
         word.find('=') == std::string_view::npos &&
         word.find(flag[1], 1) != std::string_view::npos;
}

}  // namespace

std::string_view ShellCommand::name() const {
  std::string_view program = words.front().text;
  std::size_t slash = program.rfind('/');
  return slash == std::string_view::npos ? program : program.substr(slash + 1);
}

bool ShellCommand::has(std::initializer_list<std::string_view> flags) const {
  return std::any_of(words.begin() + 1, words.end(), [&](const ShellWord& word) {
    return std::ranges::any_of(flags,
                               [&](std::string_view flag) { return is_flag(word.text, flag); });
  });
}

std::vector<const ShellWord*> ShellCommand::operands(
    std::initializer_list<std::string_view> with_value) const {
  std::vector<const ShellWord*> out;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i].text;
    if (std::ranges::find(with_value, word) != with_value.end())
      ++i;
    else if (!word.starts_with('-') || word == "-")
      out.push_back(&words[i]);
  }
  return out;
}

std::vector<ShellCommand> shell_commands(std::string_view text) { return Scanner(text).run(); }

}  // namespace suit::dockerfile
