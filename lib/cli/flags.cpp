#include "cli/flags.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/text.h"

namespace suit::cli {
namespace {

constexpr std::size_t kWidth = 80;

bool takes_value(const FlagSet::Flag& flag) {
  return !std::holds_alternative<bool*>(flag.target) && flag.bare.empty();
}

// pflag's way of naming a flag in a message: `-e, --env` or `--env`.
std::string described(const FlagSet::Flag& flag) {
  return flag.letter != '\0' ? fmt::format("-{}, --{}", flag.letter, flag.name)
                             : fmt::format("--{}", flag.name);
}

std::unexpected<Error> invalid(const FlagSet::Flag& flag, std::string_view value,
                               std::string_view reason) {
  return fail(0, fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value, described(flag),
                             reason));
}

// strconv.ParseBool
std::optional<bool> parse_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return std::nullopt;
}

Result<void> assign(const FlagSet::Flag& flag, std::string_view value) {
  if (bool* const* target = std::get_if<bool*>(&flag.target)) {
    const std::optional<bool> parsed = parse_bool(value);
    if (!parsed)
      return invalid(flag, value,
                     fmt::format("strconv.ParseBool: parsing \"{}\": invalid syntax", value));
    **target = *parsed;
  } else if (auto* const* number = std::get_if<std::optional<std::int64_t>*>(&flag.target)) {
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size())
      return invalid(flag, value,
                     fmt::format("strconv.ParseInt: parsing \"{}\": {}", value,
                                 error == std::errc::result_out_of_range ? "value out of range"
                                                                         : "invalid syntax"));
    **number = parsed;
  } else if (auto* const* list = std::get_if<std::vector<std::string>*>(&flag.target)) {
    (*list)->emplace_back(value);
  } else if (auto* const* maybe = std::get_if<std::optional<std::string>*>(&flag.target)) {
    **maybe = std::string(value);
  } else {
    **std::get_if<std::string*>(&flag.target) = value;
  }
  return {};
}

// `--publish` of the entry `p,publish`.
std::string_view long_name(std::string_view entry) {
  return entry.size() > 2 && entry[1] == ',' ? entry.substr(2) : entry;
}

}  // namespace

FlagSet& FlagSet::add(char letter, std::string_view name, Target target, std::string_view type,
                      std::string_view help) {
  flags_.push_back({letter, name, target, type, help, ""});
  return *this;
}

FlagSet& FlagSet::optional_text(std::string_view name, std::optional<std::string>& target,
                                std::string_view bare, std::string_view help) {
  flags_.push_back({'\0', name, &target, "string", help, bare});
  return *this;
}

FlagSet& FlagSet::unsupported(std::span<const std::string_view> names) {
  unsupported_.insert(unsupported_.end(), names.begin(), names.end());
  return *this;
}

const FlagSet::Flag* FlagSet::find(std::string_view name) const {
  const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                 [&](const Flag& candidate) { return candidate.name == name; });
  return flag == flags_.end() ? nullptr : &*flag;
}

const FlagSet::Flag* FlagSet::find(char letter) const {
  const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                 [&](const Flag& candidate) { return candidate.letter == letter; });
  return flag == flags_.end() ? nullptr : &*flag;
}

Result<void> FlagSet::refuse_unknown(std::string_view name) const {
  for (std::string_view entry : unsupported_) {
    if (long_name(entry) == name)
      return fail(0, fmt::format("flag --{} is not supported yet", name),
                  "Docker has this flag; suit does not, and does not ignore it");
  }
  std::vector<std::string> names = {"help"};
  for (const Flag& flag : flags_)
    names.emplace_back(flag.name);
  const std::string_view near = nearest(name, names);
  return fail(0, fmt::format("unknown flag: --{}{}", name,
                             near.empty() ? "" : fmt::format(" (did you mean --{}?)", near)));
}

Result<std::size_t> FlagSet::parse_long(std::span<const std::string> args, std::size_t at) {
  const std::string_view arg = std::string_view(args[at]).substr(2);
  const std::size_t equals = arg.find('=');
  const std::string_view name = arg.substr(0, equals);
  if (name.empty() || name[0] == '-' || name[0] == '=')
    return fail(0, fmt::format("bad flag syntax: {}", args[at]));
  const Flag* flag = find(name);
  if (!flag) {
    SUIT_TRY(refuse_unknown(name));
  }
  if (equals != std::string_view::npos) {
    SUIT_TRY(assign(*flag, arg.substr(equals + 1)));
    return at + 1;
  }
  if (!takes_value(*flag)) {
    SUIT_TRY(assign(*flag, flag->bare.empty() ? "true" : flag->bare));
    return at + 1;
  }
  if (at + 1 == args.size()) return fail(0, fmt::format("flag needs an argument: --{}", name));
  SUIT_TRY(assign(*flag, args[at + 1]));
  return at + 2;
}

Result<std::size_t> FlagSet::parse_short(std::span<const std::string> args, std::size_t at) {
  const std::string_view letters = std::string_view(args[at]).substr(1);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const Flag* flag = find(letters[i]);
    if (!flag) {
      for (std::string_view entry : unsupported_) {
        if (entry.size() > 2 && entry[1] == ',' && entry[0] == letters[i]) {
          SUIT_TRY(refuse_unknown(long_name(entry)));
        }
      }
      return fail(0, fmt::format("unknown shorthand flag: '{}' in -{}", letters[i], letters));
    }
    const std::string_view rest = letters.substr(i + 1);
    if (rest.starts_with('=')) {
      SUIT_TRY(assign(*flag, rest.substr(1)));
      return at + 1;
    }
    if (!takes_value(*flag)) {
      SUIT_TRY(assign(*flag, flag->bare.empty() ? "true" : flag->bare));
      continue;
    }
    if (!rest.empty()) {
      SUIT_TRY(assign(*flag, rest));
      return at + 1;
    }
    if (at + 1 == args.size())
      return fail(0, fmt::format("flag needs an argument: '{}' in -{}", letters[i], letters));
    SUIT_TRY(assign(*flag, args[at + 1]));
    return at + 2;
  }
  return at + 1;
}

Result<std::vector<std::string>> FlagSet::parse(std::span<const std::string> args, Order order) {
  std::vector<std::string> rest;
  std::size_t at = 0;
  while (at < args.size()) {
    const std::string& arg = args[at];
    if (arg == "--") {
      ++at;
      break;
    }
    if (arg.size() < 2 || arg[0] != '-') {
      if (order == Order::FlagsFirst) break;
      rest.push_back(arg);
      ++at;
    } else if (arg[1] == '-') {
      SUIT_LET(at, parse_long(args, at));
    } else {
      SUIT_LET(at, parse_short(args, at));
    }
  }
  rest.insert(rest.end(), args.begin() + static_cast<std::ptrdiff_t>(at), args.end());
  return rest;
}

std::string FlagSet::help_text() const {
  if (flags_.empty()) return "";
  std::vector<const Flag*> sorted;
  for (const Flag& flag : flags_)
    sorted.push_back(&flag);
  std::sort(sorted.begin(), sorted.end(),
            [](const Flag* a, const Flag* b) { return a->name < b->name; });
  std::vector<std::string> heads;
  std::size_t width = 0;
  for (const Flag* flag : sorted) {
    std::string head = flag->letter != '\0' ? fmt::format("  -{}, --{}", flag->letter, flag->name)
                                            : fmt::format("      --{}", flag->name);
    if (!flag->bare.empty())
      head += "[=";
    else if (!flag->type.empty())
      head += ' ';
    head += flag->type;
    if (!flag->bare.empty()) head += ']';
    width = std::max(width, head.size() + 3);
    heads.push_back(std::move(head));
  }
  std::string out = "\nOptions:\n";
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    std::string head = heads[i];
    for (const std::string& line :
         wrap_text(sorted[i]->help, kWidth - std::min(width, kWidth / 2))) {
      out += fmt::format("{:<{}}{}\n", head, width, line);
      head.clear();
    }
  }
  return out;
}

}  // namespace suit::cli
