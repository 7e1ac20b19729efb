#include <array>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/split_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/words_internal.h"

namespace suit::dockerfile {
namespace {

/// How the text behind keyword and flags becomes words.
enum class Rule { Unknown, One, Blanks, Quotes, Pairs, Json, JsonOrBlanks, Health, Onbuild };

struct KeywordRule {
  std::string_view keyword;
  Rule rule;
};
constexpr std::array<KeywordRule, 18> kKeywordRules = {{
    {"add", Rule::JsonOrBlanks},
    {"arg", Rule::Quotes},
    {"cmd", Rule::Json},
    {"copy", Rule::JsonOrBlanks},
    {"entrypoint", Rule::Json},
    {"env", Rule::Pairs},
    {"expose", Rule::Blanks},
    {"from", Rule::Blanks},
    {"healthcheck", Rule::Health},
    {"label", Rule::Pairs},
    {"maintainer", Rule::One},
    {"onbuild", Rule::Onbuild},
    {"run", Rule::Json},
    {"shell", Rule::Json},
    {"stopsignal", Rule::One},
    {"user", Rule::One},
    {"volume", Rule::JsonOrBlanks},
    {"workdir", Rule::One},
}};

Rule rule_of(std::string_view keyword) {
  std::string name = text::lower(keyword.substr(0, 16));
  for (const KeywordRule& one : kKeywordRules)
    if (one.keyword == name && keyword.size() == name.size()) return one.rule;
  return Rule::Unknown;
}

class Splitter {
 public:
  /// \param line gives text and places; \param out gets the words: for ONBUILD another line
  Splitter(const LogicalLine& line, LogicalLine& out, char escape)
      : line_(line), text_(text::trim_right(line.text)), out_(out), escape_(escape) {}

  /// Splits from \p begin on; an ONBUILD inside of an ONBUILD stays one word.
  SplitErrors split(std::size_t begin, bool inside_onbuild) {
    while (begin < text_.size() && text::is_blank(text_[begin]))
      ++begin;
    std::size_t end = begin;
    while (end < text_.size() && !text::is_blank(text_[end]))
      ++end;
    std::string keyword(text_.substr(begin, end - begin));

    std::size_t at = end;
    out_.keyword = std::move(keyword);
    out_.span = line_.at(begin, text_.size() - begin);
    for (Piece& flag : take_flags(text_, at))
      add(out_.flags, std::move(flag));
    while (at < text_.size() && text::is_blank(text_[at]))
      ++at;

    apply(rule_of(out_.keyword), at, inside_onbuild);
    return std::move(errors_);
  }

 private:
  void add(std::vector<Word>& words, Piece piece) const {
    words.push_back({std::move(piece.text), line_.at(piece.offset, piece.length)});
  }
  void add_rest(std::size_t at) {
    if (at < text_.size()) add(out_.words, {std::string(text_.substr(at)), at, text_.size() - at});
  }
  void error(const SourceSpan& span, std::string message, std::string help = {}) {
    errors_.push_back({span, std::move(message), std::move(help)});
  }

  void apply(Rule rule, std::size_t at, bool inside_onbuild) {
    switch (rule) {
      case Rule::Unknown:
        break;
      case Rule::One:
        add_rest(at);
        break;
      case Rule::Blanks:
        for (Piece& piece : split_at_blanks(text_, at))
          add(out_.words, std::move(piece));
        break;
      case Rule::Quotes:
        for (Piece& piece : split_outside_quotes(text_, at, escape_))
          add(out_.words, std::move(piece));
        break;
      case Rule::Pairs:
        pairs(at);
        break;
      case Rule::Json:
        if (!json(at)) add_rest(at);
        break;
      case Rule::JsonOrBlanks:
        if (!json(at)) apply(Rule::Blanks, at, inside_onbuild);
        break;
      case Rule::Health: {
        std::size_t end = at;
        while (end < text_.size() && !text::is_blank(text_[end]))
          ++end;
        if (end > at) add(out_.words, {std::string(text_.substr(at, end - at)), at, end - at});
        while (end < text_.size() && text::is_blank(text_[end]))
          ++end;
        apply(Rule::Json, end, inside_onbuild);
        break;
      }
      case Rule::Onbuild:
        if (inside_onbuild)
          add_rest(at);
        else
          onbuild(at);
        break;
    }
  }

  // Whether the rest was a JSON array (perhaps a wrong one), and so needs no other rule.
  bool json(std::size_t at) {
    if (at >= text_.size()) return true;
    JsonArray array = parse_json_array(text_, at);
    if (array.form == JsonForm::NotJson) return false;
    if (array.form == JsonForm::NotStrings)
      error(line_.at(at, text_.size() - at),
            "when using JSON array syntax, arrays must be comprised of strings only",
            "put double quotes around each element");
    out_.json = array.form == JsonForm::Strings;
    for (Piece& piece : array.strings)
      add(out_.words, std::move(piece));
    return true;
  }

  void pairs(std::size_t at) {
    std::vector<Piece> words = split_outside_quotes(text_, at, escape_);
    if (words.empty()) return;
    if (words.front().text.find('=') == std::string::npos) {
      legacy_pair(at);
      return;
    }
    for (Piece& piece : words) {
      std::size_t equals = piece.text.find('=');
      if (equals == std::string::npos) {
        error(line_.at(piece.offset, piece.length),
              fmt::format("Syntax error - can't find = in {}. Must be of the form: name=value",
                          text::quote(piece.text)),
              "put quotes around a value that has blanks in it");
        return;
      }
      // The `=` of the text stands at the same place unless an escape was dropped at the line's
      // end.
      std::size_t rest = piece.length > equals ? piece.length - equals - 1 : 0;
      add(out_.words, {piece.text.substr(0, equals), piece.offset, equals});
      add(out_.words, {piece.text.substr(equals + 1), piece.offset + equals + 1, rest});
      add(out_.words, {"=", piece.offset + equals, 1});
    }
  }

  // `ENV name value with blanks`
  void legacy_pair(std::size_t at) {
    std::size_t end = at;
    while (end < text_.size() && !text::is_blank(text_[end]))
      ++end;
    std::size_t value = end;
    while (value < text_.size() && text::is_blank(text_[value]))
      ++value;
    if (value == text_.size()) {
      std::string name(text_.substr(at, end - at));
      error(line_.at(at, end - at),
            fmt::format("{} must have two arguments", text::upper(out_.keyword)),
            fmt::format("write {} {}=value", text::upper(out_.keyword), text::clip(name)));
      return;
    }
    add(out_.words, {std::string(text_.substr(at, end - at)), at, end - at});
    add(out_.words, {std::string(text_.substr(value)), value, text_.size() - value});
    add(out_.words, {"", value, 0});
  }

  void onbuild(std::size_t at) {
    if (at >= text_.size()) return;
    LogicalLine inner;
    inner.text = text_.substr(at);
    for (SplitError& one : Splitter(line_, inner, escape_).split(at, true))
      errors_.push_back(std::move(one));
    out_.onbuild.push_back(std::move(inner));
  }

  const LogicalLine& line_;
  std::string_view text_;
  LogicalLine& out_;
  char escape_;

  SplitErrors errors_;
};

}  // namespace

SplitErrors split_line(LogicalLine& line, char escape) {
  return Splitter(line, line, escape).split(0, false);
}

}  // namespace suit::dockerfile
