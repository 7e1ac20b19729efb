#include "naming/explain.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "naming/grammar.h"
#include "naming/id.h"

namespace suit::naming {
namespace {

constexpr std::string_view kOfficial = "library/";

ExplainedPart explain_registry(std::string_view text, const Reference& reference) {
  ExplainedPart part{"registry", reference.domain, false, {}};
  const std::size_t slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  if (slash == std::string_view::npos) {
    part.assumed = true;
    part.why = "nothing stands before a slash, so no registry was named";
  } else if (first == reference.domain) {
    part.why = first == "localhost" ? "localhost before a slash is always a registry"
               : first.find_first_of(".:") != std::string_view::npos
                   ? fmt::format("\"{}\" has a dot or a colon, so it is a registry", first)
                   : fmt::format("\"{}\" has upper-case letters, so it is a registry", first);
  } else if (first == "index.docker.io") {
    part.why = "index.docker.io is its older name";
  } else {
    part.assumed = true;
    part.why = fmt::format(
        "\"{}\" has no dot and no colon and is not localhost, so it is a user of "
        "Docker Hub, not a registry",
        first);
  }
  return part;
}

ExplainedPart explain_repository(std::string_view text, const Reference& reference) {
  ExplainedPart part{"repository", reference.path, false, "the image's name at that registry"};
  const std::string_view named = text.substr(0, text.find('@'));
  if (reference.path.starts_with(kOfficial) && named.find(kOfficial) == std::string_view::npos) {
    part.assumed = true;
    part.why = "library/ was put before it: on Docker Hub, a name alone is an official image";
  }
  return part;
}

void explain_version(const Reference& reference, Explanation& out) {
  if (!reference.tag.empty())
    out.parts.push_back({"tag", reference.tag, reference.tag_assumed,
                         reference.tag_assumed      ? "neither a tag nor a digest was written"
                         : reference.digest.empty() ? "a label that its owner may move"
                                                    : "for people: the digest decides"});
  if (!reference.digest.empty())
    out.parts.push_back(
        {"digest", reference.digest.text(), false, "the content itself: it can never change"});
}

void warn(std::string_view text, const Reference& reference, Explanation& out) {
  if (reference.tag == "latest" && reference.digest.empty())
    out.warnings.emplace_back(
        "latest is a tag like any other: it does not mean the newest, and it moves",
        fmt::format("name a version, or pin the content: {}@sha256:…",
                    reference.familiar_repository()));
  const bool is_port = !reference.tag.empty() && !reference.tag_assumed &&
                       std::all_of(reference.tag.begin(), reference.tag.end(),
                                   [](unsigned char c) { return std::isdigit(c) != 0; });
  if (is_port && reference.tag.size() >= 4 && text.find('/') == std::string_view::npos)
    out.warnings.emplace_back(
        fmt::format("{} is a tag here, not a port: no slash follows it", reference.tag),
        fmt::format("for a registry on that port, name the image behind it: {}/IMAGE", text));
  if (out.registry != nullptr && out.path_parts.size() < out.registry->least)
    out.warnings.emplace_back(fmt::format("{} has names of {} parts: {}", out.registry->title,
                                          out.registry->least, out.registry->path),
                              fmt::format("such as {}", out.registry->example));
  if (reference.tag_assumed && !id_prefix(text).empty() && text.size() >= 4)
    out.warnings.emplace_back("it may also be the start of an image's id",
                              "a store looks for the name first, then for the id");
}

Explanation explain_id(std::string_view text, const digest::Digest& id) {
  Explanation out;
  out.given = text;
  out.full = out.familiar = id.text();
  out.parts.push_back({"algorithm", std::string(id.algorithm()), text.find(':') == text.npos,
                       text.find(':') == text.npos
                           ? "no algorithm was written, and this is all ids'"
                           : "how the id was computed"});
  out.parts.push_back({"id", std::string(id.hex()), false,
                       "the hash of the image's configuration: an id, never a name"});
  return out;
}

std::string mark(const ExplainedPart& part) {
  if (!part.assumed) return std::string(part.name);
  return fmt::format("{} ({}assumed)", part.name, part.name == "repository" ? "library/ " : "");
}

struct Bracket {
  std::size_t begin = 0;
  std::size_t width = 0;
  std::string label;
  std::size_t stem() const { return begin + width / 2; }
};

void pad_to(std::string& line, std::size_t& column, std::size_t wanted) {
  line.append(wanted - column, ' ');
  column = wanted;
}

std::string bracket_line(const std::vector<Bracket>& brackets) {
  std::string line;
  std::size_t column = 0;
  for (const Bracket& bracket : brackets) {
    pad_to(line, column, bracket.begin);
    for (std::size_t i = 0; i < bracket.width; ++i, ++column) {
      const bool is_stem = column == bracket.stem();
      line += is_stem                  ? (bracket.width < 3 ? "│" : "┬")
              : i == 0                 ? "└"
              : i + 1 == bracket.width ? "┘"
                                       : "─";
    }
  }
  return line + "\n";
}

}  // namespace

Result<Explanation> explain(std::string_view text) {
  SUIT_LET(const AnyReference any, parse_any(text));
  if (const auto* id = std::get_if<digest::Digest>(&any)) return explain_id(text, *id);
  SUIT_LET(const Reference reference, parse_reference(text));
  Explanation out;
  out.given = text;
  out.full = reference.canonical();
  out.familiar = reference.familiar();
  out.registry = find_registry(reference.domain);
  if (out.registry != nullptr) out.path_parts = name_parts(*out.registry, reference.path);
  if (!reference.domain.empty()) out.parts.push_back(explain_registry(text, reference));
  out.parts.push_back(explain_repository(text, reference));
  explain_version(reference, out);
  warn(text, reference, out);
  return out;
}

std::string picture(const Explanation& explanation) {
  std::vector<Bracket> brackets;
  std::size_t at = 0;
  for (const ExplainedPart& part : explanation.parts) {
    at = explanation.full.find(part.text, at);
    brackets.push_back({at, part.text.size(), mark(part)});
    at += part.text.size();
  }
  std::string out = explanation.full + "\n" + bracket_line(brackets);
  for (std::size_t i = brackets.size(); i-- > 0;) {
    std::size_t column = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      pad_to(out, column, brackets[j].stem());
      out += j == i ? "└ " + brackets[j].label + "\n" : "│";
      ++column;
    }
  }
  return out;
}

}  // namespace suit::naming
