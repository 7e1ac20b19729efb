/// \file
/// A recursive reader of words. Its position moves forward only; `${a:-${b}}` recurses, bounded by
/// kMaxExpansionDepth, and every byte looked up or compared is paid from one budget, so that no
/// word can cost more than a fraction of a second.

#include "dockerfile/expand.h"

#include <algorithm>
#include <expected>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/pattern_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

// Bytes of values fetched and characters compared that one word may cost.
constexpr std::size_t kMaxWork = std::size_t{1} << 26;
constexpr char kNoStop = '\0';

using Text = std::expected<std::string, std::string>;

/// Splits what is added at blanks, except where it is added raw.
class WordSplitter {
 public:
  void add(std::string_view chars) {
    constexpr std::string_view kBlanks = " \t\v\f\r\n";
    while (!chars.empty()) {
      std::size_t end = std::min(chars.find_first_of(kBlanks), chars.size());
      add_raw(chars.substr(0, end));
      if (end == chars.size()) return;
      if (!word_.empty()) words_.push_back(std::exchange(word_, {}));
      chars.remove_prefix(end + 1);
    }
  }
  void add_raw(std::string_view chars) { word_ += chars; }
  std::vector<std::string> take() {
    if (!word_.empty()) words_.push_back(std::move(word_));
    return std::move(words_);
  }

 private:
  std::string word_;
  std::vector<std::string> words_;
};

class Expander {
 public:
  Expander(std::string_view source, char escape, const Lookup& lookup, const ExpandOptions& options)
      : source_(source),
        escape_(escape),
        lookup_(lookup),
        options_(options),
        keep_escapes_(options.keep_escapes) {}

  Result<Expansion> run() {
    WordSplitter words;
    Text text = until(kNoStop, keep_escapes_, &words);
    if (!text)
      return fail(0, fmt::format("failed to process {}: {}", text::quote(source_), text.error()));
    return Expansion{std::move(*text),
                     words.take(),
                     {matched_.begin(), matched_.end()},
                     {unmatched_.begin(), unmatched_.end()}};
  }

 private:
  bool done() const { return at_ >= source_.size(); }
  char peek() const { return source_[at_]; }

  bool pay(std::size_t work) {
    work_ += work;
    return work_ <= kMaxWork;
  }
  static std::unexpected<std::string> too_much_work() {
    return std::unexpected<std::string>("substitution takes too much work");
  }

  // Reads up to `stop`, which it consumes; kNoStop reads to the end.
  Text until(char stop, bool keep_escapes, WordSplitter* words) {
    if (++depth_ > kMaxExpansionDepth)
      return std::unexpected(
          fmt::format("substitutions nested more than {} deep", kMaxExpansionDepth));
    bool outer = std::exchange(keep_escapes_, keep_escapes);
    Text text = until_stop(stop, words);
    keep_escapes_ = outer;
    --depth_;
    return text;
  }

  Text until_stop(char stop, WordSplitter* words) {
    std::string out;
    while (!done()) {
      char c = peek();
      if (stop != kNoStop && c == stop) {
        ++at_;
        return out;
      }
      bool quote = (c == '\'' || c == '"') && !options_.literal_quotes;
      if (quote || c == '$') {
        Text part = c == '$' ? dollar() : c == '"' ? double_quotes() : single_quotes();
        if (!part) return part;
        out += *part;
        if (words != nullptr && quote) words->add_raw(*part);
        if (words != nullptr && !quote) words->add(*part);
      } else if (c == escape_) {
        escaped_char(out, words);
      } else {
        ++at_;
        out += c;
        if (words != nullptr) words->add(std::string_view(&c, 1));
      }
      if (out.size() > kMaxExpandedBytes)
        return std::unexpected(fmt::format("expands to more than {} bytes", kMaxExpandedBytes));
    }
    if (stop == kNoStop) return out;
    return std::unexpected(
        fmt::format("unexpected end of statement while looking for matching {}", stop));
  }

  // `\x` is x; an escape at the very end escapes nothing.
  void escaped_char(std::string& out, WordSplitter* words) {
    std::size_t from = keep_escapes_ ? at_ : at_ + 1;
    ++at_;
    if (!done()) at_ += text::char_length(source_, at_);
    std::string_view kept = source_.substr(from, at_ - from);
    out += kept;
    if (words != nullptr) words->add_raw(kept);
  }

  Text single_quotes() {
    std::size_t close = source_.find('\'', at_ + 1);
    if (close == std::string_view::npos) {
      at_ = source_.size();
      return std::unexpected("unexpected end of statement while looking for matching single-quote");
    }
    std::size_t shift = options_.keep_quotes ? 0 : 1;
    std::string out(source_.substr(at_ + shift, close + 1 - at_ - 2 * shift));
    at_ = close + 1;
    return out;
  }

  Text double_quotes() {
    std::string out(options_.keep_quotes ? "\"" : "");
    ++at_;
    while (!done()) {
      char c = peek();
      if (c == '"') {
        ++at_;
        if (options_.keep_quotes) out += c;
        return out;
      }
      if (c == '$') {
        Text part = dollar();
        if (!part) return part;
        out += *part;
        if (out.size() > kMaxExpandedBytes)
          return std::unexpected(fmt::format("expands to more than {} bytes", kMaxExpandedBytes));
        continue;
      }
      ++at_;
      if (c == escape_) {
        if (keep_escapes_) out += c;
        if (done()) break;
        // Only these can be escaped here; before anything else the escape is an ordinary character.
        if (peek() == '"' || peek() == '$' || peek() == escape_) c = source_[at_++];
      }
      out += c;
    }
    return std::unexpected("unexpected end of statement while looking for matching double-quote");
  }

  Text dollar() {
    ++at_;
    if (done()) return "$";
    if (peek() == '{') return braces();
    std::string name = take_name();
    if (name.empty()) return "$";
    std::optional<std::string> value = find(name);
    if (!pay(value ? value->size() : 1)) return too_much_work();
    if (!value) return options_.keep_unset ? "$" + name : std::string();
    return *std::move(value);
  }

  Text braces() {
    ++at_;
    if (done()) return std::unexpected("syntax error: missing '}'");
    if (peek() == '{' || peek() == '}' || peek() == ':')
      return std::unexpected("syntax error: bad substitution");
    std::string name = take_name();
    if (done()) return std::unexpected("syntax error: missing '}'");
    std::string modifier(1, source_[at_++]);
    if (modifier == "}") {
      std::optional<std::string> value = find(name);
      if (!pay(value ? value->size() : 1)) return too_much_work();
      if (!value) return options_.keep_unset ? "${" + name + "}" : std::string();
      return *std::move(value);
    }
    if (modifier == "/") return replacement(name);
    if (modifier == ":") {
      if (done()) return std::unexpected("syntax error: missing '}'");
      modifier += source_[at_++];
    }
    std::string_view known[] = {"-", ":-", "+", ":+", "?", ":?", "#", "%"};
    for (std::string_view one : known)
      if (modifier == one) return modified(name, modifier);
    return std::unexpected(fmt::format("unsupported modifier ({}) in substitution", modifier));
  }

  Text modified(const std::string& name, const std::string& modifier) {
    char kind = modifier.back();
    bool empty_is_unset = modifier.size() == 2;
    bool pattern = kind == '#' || kind == '%';
    Text word = until('}', pattern, nullptr);
    if (!word) return done() ? std::unexpected("syntax error: missing '}'") : std::move(word);
    std::optional<std::string> value = find(name);
    if (!pay(value ? value->size() : 1)) return too_much_work();
    if (!value && options_.keep_unset) return "${" + name + modifier + *word + "}";
    if (pattern) return trimmed(kind, value.value_or(""), *std::move(word));
    bool has_value = value && !(empty_is_unset && value->empty());
    if (kind == '+') return has_value ? *std::move(word) : std::string();
    if (has_value) return *std::move(value);
    if (kind == '-') return *std::move(word);
    if (!word->empty()) return std::unexpected(name + ": " + *word);
    return std::unexpected(
        fmt::format("{}: is not allowed to be {}", name, value ? "empty" : "unset"));
  }

  Text trimmed(char kind, std::string value, std::string word) {
    Greed greed = word.starts_with(kind) ? Greed::Longest : Greed::Shortest;
    if (greed == Greed::Longest) word.erase(0, 1);
    auto pattern = ShellPattern::create(word);
    if (!pattern) return bad_pattern(word, pattern.error());
    if (!pay(value.size() * (pattern->size() + 1))) return too_much_work();
    return kind == '#' ? pattern->trim_prefix(value, greed) : pattern->trim_suffix(value, greed);
  }

  Text replacement(const std::string& name) {
    bool all = !done() && peek() == '/';
    if (all) ++at_;
    Text pattern_text = until('/', true, nullptr);
    if (!pattern_text)
      return done() ? std::unexpected("syntax error: missing '/' in ${}") : std::move(pattern_text);
    Text word = until('}', true, nullptr);
    if (!word) return done() ? std::unexpected("syntax error: missing '}'") : std::move(word);
    std::optional<std::string> value = find(name);
    if (!value && options_.keep_unset)
      return "${" + name + (all ? "//" : "/") + *pattern_text + "/" + *word + "}";
    auto pattern = ShellPattern::create(*pattern_text);
    if (!pattern) return bad_pattern(*pattern_text, pattern.error());
    std::size_t length = value ? value->size() : 0;
    if (!pay((length + 1) * (pattern->size() + 1 + word->size()))) return too_much_work();
    return pattern->replace(value.value_or(""), *word, all);
  }

  static std::unexpected<std::string> bad_pattern(std::string_view pattern,
                                                  std::string_view reason) {
    return std::unexpected(
        fmt::format("invalid pattern ({}) in substitution: {}", text::clip(pattern), reason));
  }

  // Letters, digits and `_`; or digits alone; or one of the shell's special parameters.
  std::string take_name() {
    auto is_name_char = [](char c) {
      return text::is_letter(c) || text::is_digit(c) || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80;
    };
    constexpr std::string_view kSpecial = "@*#?-$!";
    std::size_t from = at_;
    if (done()) return {};
    if (kSpecial.find(peek()) != std::string_view::npos) {
      ++at_;
    } else if (text::is_digit(peek())) {
      while (!done() && text::is_digit(peek()))
        ++at_;
    } else {
      while (!done() && is_name_char(peek()))
        ++at_;
    }
    return std::string(source_.substr(from, at_ - from));
  }

  std::optional<std::string> find(const std::string& name) {
    std::optional<std::string> value = lookup_(name);
    (value ? matched_ : unmatched_).insert(name);
    return value;
  }

  std::string_view source_;
  char escape_;
  const Lookup& lookup_;
  ExpandOptions options_;
  bool keep_escapes_;
  std::size_t at_ = 0;
  std::size_t work_ = 0;
  int depth_ = 0;
  std::set<std::string> matched_;
  std::set<std::string> unmatched_;
};

}  // namespace

Result<Expansion> expand_with_names(std::string_view word, char escape, const Lookup& lookup,
                                    const ExpandOptions& options) {
  return Expander(word, escape, lookup, options).run();
}

Result<std::string> expand(std::string_view word, char escape, const Lookup& lookup) {
  SUIT_LET(Expansion expansion, expand_with_names(word, escape, lookup));
  return std::move(expansion.text);
}

Result<std::vector<std::string>> expand_words(std::string_view word, char escape,
                                              const Lookup& lookup) {
  SUIT_LET(Expansion expansion, expand_with_names(word, escape, lookup));
  return std::move(expansion.words);
}

}  // namespace suit::dockerfile
