#include "dockerfile/instruction.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/ports.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/typing_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

std::nullopt_t needs_one(const Typing& typing, std::string_view keyword) {
  return typing.error(typing.line.span, fmt::format("{} requires exactly one argument", keyword));
}
std::nullopt_t needs_some(const Typing& typing, std::string_view keyword) {
  return typing.error(typing.line.span, fmt::format("{} requires at least one argument", keyword));
}

// Triples of name, value and `=`, as layer one left them.
std::optional<std::vector<KeyValue>> pairs_of(const Typing& typing, std::string_view keyword) {
  const std::vector<Word>& words = typing.line.words;
  if (words.empty()) return needs_some(typing, keyword);
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i + 2 < words.size(); i += 3) {
    if (words[i].text.empty())
      return typing.error(words[i + 1].span, fmt::format("{} names can not be blank", keyword));
    pairs.push_back({words[i], words[i + 1], words[i + 2].text.empty()});
  }
  return pairs;
}

Body make_env(const Typing& typing) {
  auto pairs = pairs_of(typing, "ENV");
  return pairs ? Body(Env{*std::move(pairs)}) : std::nullopt;
}

Body make_label(const Typing& typing) {
  auto pairs = pairs_of(typing, "LABEL");
  return pairs ? Body(Label{*std::move(pairs)}) : std::nullopt;
}

Body make_arg(const Typing& typing) {
  if (typing.line.words.empty()) return needs_some(typing, "ARG");
  Arg arg;
  for (const Word& word : typing.line.words) {
    std::size_t equals = word.text.find('=');
    ArgDefinition one;
    one.key = {word.text.substr(0, equals), word.span};
    if (one.key.text.empty()) return typing.error(word.span, "ARG names can not be blank");
    if (equals != std::string::npos) one.value = word.text.substr(equals + 1);
    one.description = description_of(typing.line.comments, one.key.text);
    arg.args.push_back(std::move(one));
  }
  return arg;
}

Body make_maintainer(const Typing& typing) {
  if (typing.line.words.size() != 1) return needs_one(typing, "MAINTAINER");
  return Maintainer{typing.line.words.front().text};
}

Body make_cmd(const Typing& typing) { return Cmd{command_of(typing.line)}; }

Body make_entrypoint(const Typing& typing) { return Entrypoint{command_of(typing.line)}; }

Body make_shell(const Typing& typing) {
  if (typing.line.words.empty()) return needs_some(typing, "SHELL");
  if (!typing.line.json)
    return typing.error(typing.line.words.front().span,
                        "SHELL requires the arguments to be in JSON form",
                        "write SHELL [\"/bin/sh\", \"-c\"]");
  return Shell{command_of(typing.line).words};
}

Body make_workdir(const Typing& typing) {
  if (typing.line.words.size() != 1) return needs_one(typing, "WORKDIR");
  return Workdir{typing.line.words.front()};
}

Body make_user(const Typing& typing) {
  if (typing.line.words.size() != 1) return needs_one(typing, "USER");
  return User{typing.line.words.front()};
}

Body make_stopsignal(const Typing& typing) {
  if (typing.line.words.size() != 1) return needs_one(typing, "STOPSIGNAL");
  const Word& signal = typing.line.words.front();
  std::string_view name = signal.text;
  if (!has_variable(name) && name.find_first_of("\"'\\`") == std::string_view::npos &&
      !is_signal(name))
    return typing.error(signal.span, "invalid signal: " + text::clip(name));
  return Stopsignal{signal};
}

Body make_expose(const Typing& typing) {
  if (typing.line.words.empty()) return needs_some(typing, "EXPOSE");
  bool good = true;
  for (const Word& port : typing.line.words) {
    bool literal = port.text.find_first_of("$\"'\\`") == std::string::npos;
    if (!literal) continue;
    auto ports = parse_ports(port.text);
    if (ports) continue;
    typing.error(port.span, ports.error().message(), ports.error().hint());
    good = false;
  }
  return good ? Body(Expose{typing.line.words}) : std::nullopt;
}

Body make_volume(const Typing& typing) {
  if (typing.line.words.empty()) return needs_some(typing, "VOLUME");
  Volume volume;
  for (const Word& word : typing.line.words) {
    Word path{std::string(text::trim(word.text)), word.span};
    if (path.text.empty())
      return typing.error(word.span, "VOLUME specified can not be an empty string");
    volume.paths.push_back(std::move(path));
  }
  return volume;
}

constexpr std::array<FlagSpec, 1> kFromFlags = {{{"platform", FlagKind::Text}}};
constexpr std::array<FlagSpec, 6> kCopyFlags = {{{"from", FlagKind::Text},
                                                 {"chown", FlagKind::Text},
                                                 {"chmod", FlagKind::Text},
                                                 {"link", FlagKind::Bool},
                                                 {"parents", FlagKind::Bool},
                                                 {"exclude", FlagKind::Repeated}}};
constexpr std::array<FlagSpec, 7> kAddFlags = {{{"keep-git-dir", FlagKind::Bool},
                                                {"checksum", FlagKind::Text},
                                                {"chown", FlagKind::Text},
                                                {"chmod", FlagKind::Text},
                                                {"link", FlagKind::Bool},
                                                {"unpack", FlagKind::Bool},
                                                {"exclude", FlagKind::Repeated}}};
constexpr std::array<FlagSpec, 4> kRunFlags = {{{"mount", FlagKind::Repeated},
                                                {"network", FlagKind::Text},
                                                {"security", FlagKind::Text},
                                                {"device", FlagKind::Repeated}}};
constexpr std::array<FlagSpec, 5> kHealthFlags = {{{"interval", FlagKind::Text},
                                                   {"timeout", FlagKind::Text},
                                                   {"start-period", FlagKind::Text},
                                                   {"start-interval", FlagKind::Text},
                                                   {"retries", FlagKind::Text}}};

/// Everything that there is to know about a keyword.
struct Keyword {
  std::string_view name;
  Body (*make)(const Typing&);
  std::span<const FlagSpec> flags;
};
constexpr std::array<Keyword, 18> kKeywords = {{{"ADD", make_add, kAddFlags},
                                                {"ARG", make_arg, {}},
                                                {"CMD", make_cmd, {}},
                                                {"COPY", make_copy, kCopyFlags},
                                                {"ENTRYPOINT", make_entrypoint, {}},
                                                {"ENV", make_env, {}},
                                                {"EXPOSE", make_expose, {}},
                                                {"FROM", make_from, kFromFlags},
                                                {"HEALTHCHECK", make_healthcheck, kHealthFlags},
                                                {"LABEL", make_label, {}},
                                                {"MAINTAINER", make_maintainer, {}},
                                                {"ONBUILD", make_onbuild, {}},
                                                {"RUN", make_run, kRunFlags},
                                                {"SHELL", make_shell, {}},
                                                {"STOPSIGNAL", make_stopsignal, {}},
                                                {"USER", make_user, {}},
                                                {"VOLUME", make_volume, {}},
                                                {"WORKDIR", make_workdir, {}}}};

// The suggestion comes in the case of what was written.
std::string unknown_keyword(std::string_view keyword) {
  bool shouting = keyword == text::upper(keyword);
  std::vector<std::string> names;
  for (const Keyword& one : kKeywords)
    names.push_back(shouting ? std::string(one.name) : text::lower(one.name));
  return fmt::format("unknown instruction: {}{}", text::clip(keyword),
                     text::suggestion(keyword, names));
}

}  // namespace

CommandLine command_of(const LogicalLine& line) {
  CommandLine command;
  command.shell_form = !line.json;
  for (const Word& word : line.words)
    command.words.push_back(word.text);
  return command;
}

std::string description_of(const std::vector<Word>& comments, std::string_view name) {
  if (name.empty()) return {};
  for (const Word& comment : comments) {
    std::string_view text = comment.text;
    if (text.starts_with(name) && text.substr(name.size()).starts_with(' '))
      return std::string(text.substr(name.size() + 1));
  }
  return {};
}

std::optional<Instruction> type_instruction(const LogicalLine& line, char escape,
                                            std::vector<Diagnostic>& diagnostics) {
  auto keyword = std::ranges::find_if(kKeywords, [&](const Keyword& one) {
    return text::equal_ignoring_case(one.name, line.keyword);
  });
  if (keyword == kKeywords.end()) {
    SourceSpan span = line.span;
    span.length = std::min(line.keyword.size(), span.length);
    diagnostics.push_back({Severity::Error, span, unknown_keyword(line.keyword), {}, {}});
    return std::nullopt;
  }
  if (line.broken) return std::nullopt;
  std::size_t before = diagnostics.size();
  FlagValues flags = FlagValues::read(line.flags, keyword->flags, diagnostics);
  Body body = keyword->make(Typing{line, escape, flags, diagnostics});
  if (!body || diagnostics.size() > before) return std::nullopt;
  return Instruction{*std::move(body), line.keyword,    line.text,     line.span,
                     line.last_line,   line.empty_line, line.comments, line.segments};
}

std::string_view keyword_of(const InstructionBody& body) {
  // In the order of the variant's types.
  constexpr std::array<std::string_view, std::variant_size_v<InstructionBody>> kNames = {
      "FROM", "ARG",    "ENV",    "LABEL",      "MAINTAINER",  "COPY",
      "ADD",  "RUN",    "CMD",    "ENTRYPOINT", "SHELL",       "WORKDIR",
      "USER", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD"};
  return kNames[body.index()];
}

}  // namespace suit::dockerfile
