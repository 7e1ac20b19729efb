#include "runner/match.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <regex>
#include <string_view>

#include <fmt/format.h>

#include "runner/regions.h"

namespace suit::lesson {
namespace {

constexpr std::string_view kAnyLines = "...";

/// One `{{...}}` of a template line.
struct Hole {
  std::string remember;     ///< name to remember the text under
  std::string differ_from;  ///< name whose text it must not equal
  unsigned group = 0;       ///< its group in the line's regular expression
};

struct Template {
  bool any_lines = false;
  std::string shown;
  std::regex pattern;
  std::vector<Hole> holes;
};

std::string escaped(std::string_view literal) {
  constexpr std::string_view kSpecial = R"(\^$.|?*+()[]{})";
  std::string out;
  for (char c : literal) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// std::regex throws; this is the fence.
std::optional<std::regex> compile(const std::string& text) {
  try {
    return std::regex(text, std::regex::ECMAScript);
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

/// Turns template lines into regular expressions. `known` is what `{{=name}}` may refer to: what
/// was remembered, and what earlier lines of the same output will remember.
class Compiler {
 public:
  explicit Compiler(const Captures& captures) : captures_(captures) {}

  Result<Template> line(std::string_view text) {
    Template out;
    out.shown = text;
    out.any_lines = trimmed(text) == kAnyLines;
    if (out.any_lines) return out;
    std::string pattern;
    groups_ = 0;
    while (!text.empty()) {
      std::size_t open = std::min(text.find("{{"), text.size());
      pattern += escaped(text.substr(0, open));
      text.remove_prefix(open);
      if (text.empty()) break;
      // A quantifier may end in a brace of its own: `{{id:[0-9a-f]{12}}}`.
      std::size_t close = text.find("}}");
      if (close == std::string_view::npos)
        return fail(0, fmt::format("\"{}\" has no `}}}}`", text));
      while (close + 2 < text.size() && text[close + 2] == '}')
        ++close;
      SUIT_LET(std::string piece, hole(text.substr(2, close - 2), out));
      pattern += piece;
      text.remove_prefix(close + 2);
    }
    std::optional<std::regex> compiled = compile(pattern);
    if (!compiled) return fail(0, fmt::format("\"{}\" is no regular expression", out.shown));
    out.pattern = *std::move(compiled);
    return out;
  }

 private:
  Result<std::string> hole(std::string_view text, Template& out) {
    if (text.starts_with("=")) return same_as(text.substr(1), out);
    bool differs = text.starts_with("!=");
    std::string_view rest = differs ? text.substr(2) : text;
    std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) {
      return fail(0, fmt::format("{{{{{}}}}}: write name:regex, =name or !=name:regex", text));
    }
    std::string name(rest.substr(0, colon));
    std::string regex(rest.substr(colon + 1));
    std::optional<std::regex> alone = compile(regex);
    if (!alone)
      return fail(0, fmt::format("{{{{{}}}}}: \"{}\" is no regular expression", text, regex));
    if (differs && !is_known(name)) return unknown(text, name);
    Hole hole;
    hole.group = ++groups_;
    groups_ += static_cast<unsigned>(alone->mark_count());
    (differs ? hole.differ_from : hole.remember) = name;
    if (!differs && !name.empty()) fresh_.push_back(name);
    out.holes.push_back(std::move(hole));
    return "(" + regex + ")";
  }

  Result<std::string> same_as(std::string_view name, const Template& out) {
    for (const Hole& hole : out.holes) {
      if (hole.remember == name) return fmt::format("\\{}", hole.group);
    }
    auto found = captures_.find(name);
    if (found == captures_.end()) return unknown(fmt::format("={}", name), name);
    return escaped(found->second);
  }

  bool is_known(std::string_view name) const {
    return captures_.contains(name) || std::ranges::find(fresh_, name) != fresh_.end();
  }
  static std::unexpected<Error> unknown(std::string_view text, std::string_view name) {
    return fail(0, fmt::format("{{{{{}}}}}: nothing was remembered as \"{}\"", text, name),
                "capture it before with {{" + std::string(name) + ":regex}}");
  }

  const Captures& captures_;
  std::vector<std::string> fresh_;
  unsigned groups_ = 0;
};

/// Whether \p line fits; says in \p why not when the reason is a `!=`.
bool fits(const Template& want, const std::string& line, Captures& captures, std::string& why) {
  std::smatch found;
  if (!std::regex_match(line, found, want.pattern)) return false;
  for (const Hole& hole : want.holes) {
    std::string text = found[hole.group];
    if (hole.differ_from.empty()) {
      if (!hole.remember.empty()) captures[hole.remember] = text;
      continue;
    }
    auto other = captures.find(hole.differ_from);
    if (other != captures.end() && other->second == text) {
      why = fmt::format("\"{}\" must differ from {}, which is \"{}\" too", line, hole.differ_from,
                        text);
      return false;
    }
  }
  return true;
}

struct Progress {
  std::size_t furthest = 0;  ///< most lines of the output that were accounted for
  std::size_t wanted = 0;    ///< the template that failed there
  std::string why;
};

bool match_from(const std::vector<Template>& want, std::size_t i,
                const std::vector<std::string>& have, std::size_t j, Captures& captures,
                Progress& progress) {
  for (; i < want.size(); ++i, ++j) {
    if (want[i].any_lines) break;
    std::string why;
    if (j < have.size() && fits(want[i], have[j], captures, why)) continue;
    if (j >= progress.furthest) progress = {j, i, std::move(why)};
    return false;
  }
  if (i == want.size()) {
    if (j >= progress.furthest && j != have.size()) progress = {j, i, {}};
    return j == have.size();
  }
  // Shortest first: `...` gives back no line that the rest could use.
  for (std::size_t skip = j; skip <= have.size(); ++skip) {
    Captures attempt = captures;
    if (match_from(want, i + 1, have, skip, attempt, progress)) {
      captures = std::move(attempt);
      return true;
    }
  }
  return false;
}

std::vector<std::string> tidied(const std::vector<std::string>& lines) {
  std::vector<std::string> out = lines;
  for (std::string& line : out)
    line.erase(line.find_last_not_of(" \t\r") + 1);
  while (!out.empty() && out.back().empty())
    out.pop_back();
  return out;
}

}  // namespace

Result<std::string> match_output(const std::vector<std::string>& expected,
                                 const std::vector<std::string>& actual, Captures& captures) {
  std::vector<Template> want;
  Compiler compiler(captures);
  for (const std::string& line : tidied(expected)) {
    SUIT_LET(Template next, compiler.line(line));
    want.push_back(std::move(next));
  }
  std::vector<std::string> have = tidied(actual);
  Captures attempt = captures;
  Progress progress;
  if (match_from(want, 0, have, 0, attempt, progress)) {
    captures = std::move(attempt);
    return std::string();
  }
  if (!progress.why.empty()) return progress.why;
  return fmt::format(
      "output line {}: expected {}, got {}", progress.furthest + 1,
      progress.wanted < want.size() ? '"' + want[progress.wanted].shown + '"' : "the end",
      progress.furthest < have.size() ? '"' + have[progress.furthest] + '"' : "the end");
}

}  // namespace suit::lesson
