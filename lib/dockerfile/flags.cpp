#include <algorithm>

#include <fmt/format.h>

#include "dockerfile/flags_internal.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

void error(std::vector<Diagnostic>& diagnostics, const SourceSpan& span, std::string message,
           std::string help = {}) {
  diagnostics.push_back({Severity::Error, span, std::move(message), {}, std::move(help)});
}

std::string known_flags(std::span<const FlagSpec> specs) {
  if (specs.empty()) return "this instruction has no flags";
  std::string out = "it has:";
  for (const FlagSpec& spec : specs)
    out += fmt::format(" --{}", spec.name);
  return out;
}

// The value of a flag of this kind, or nothing after reporting why not.
std::optional<std::string> value_of(const FlagSpec& spec, const Word& flag,
                                    std::vector<Diagnostic>& diagnostics) {
  std::size_t equals = flag.text.find('=');
  bool given = equals != std::string::npos;
  std::string value = given ? flag.text.substr(equals + 1) : std::string();
  if (spec.kind != FlagKind::Bool) {
    if (given) return value;
    error(diagnostics, flag.span, fmt::format("missing a value on flag: --{}", spec.name),
          fmt::format("write --{}=value", spec.name));
    return std::nullopt;
  }
  if (!given) return "true";
  value = text::lower(value);
  if (value == "true" || value == "false") return value;
  error(diagnostics, flag.span,
        fmt::format("expecting boolean value for flag --{}, not: {}", spec.name,
                    text::clip(flag.text.substr(equals + 1))));
  return std::nullopt;
}

}  // namespace

FlagValues FlagValues::read(const std::vector<Word>& flags, std::span<const FlagSpec> specs,
                            std::vector<Diagnostic>& diagnostics) {
  FlagValues out;
  for (const Word& flag : flags) {
    std::string_view name = std::string_view(flag.text).substr(0, flag.text.find('='));
    name.remove_prefix(std::min<std::size_t>(2, name.size()));
    auto spec = std::ranges::find(specs, name, &FlagSpec::name);
    if (spec == specs.end()) {
      std::vector<std::string> names;
      for (const FlagSpec& one : specs)
        names.emplace_back(one.name);
      error(diagnostics, flag.span,
            fmt::format("unknown flag: --{}{}", text::clip(name), text::suggestion(name, names)),
            known_flags(specs));
      continue;
    }
    bool seen = std::ranges::find(out.values_, name, &Value::name) != out.values_.end();
    if (seen && spec->kind != FlagKind::Repeated) {
      error(diagnostics, flag.span, fmt::format("duplicate flag specified: --{}", name));
      continue;
    }
    std::optional<std::string> value = value_of(*spec, flag, diagnostics);
    if (value) out.values_.push_back({std::string(name), {*std::move(value), flag.span}});
  }
  return out;
}

Word FlagValues::text(std::string_view name) const {
  auto found = std::ranges::find(values_, name, &Value::name);
  return found == values_.end() ? Word() : found->word;
}

std::optional<bool> FlagValues::boolean(std::string_view name) const {
  auto found = std::ranges::find(values_, name, &Value::name);
  if (found == values_.end()) return std::nullopt;
  return found->word.text == "true";
}

std::vector<Word> FlagValues::all(std::string_view name) const {
  std::vector<Word> out;
  for (const Value& value : values_)
    if (value.name == name) out.push_back(value.word);
  return out;
}

}  // namespace suit::dockerfile
