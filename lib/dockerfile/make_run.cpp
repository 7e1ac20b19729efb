/// \file
/// RUN, and the two instructions with a second instruction inside: HEALTHCHECK CMD and ONBUILD.

#include <array>

#include <fmt/format.h>

#include "base/split.h"
#include "dockerfile/mount.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/typing_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

// \shape `[name=]vendor.com/class=device[,required[=bool]]`
std::expected<DeviceFlag, std::string> read_device(std::string_view text) {
  auto fields = csv_fields(text);
  if (!fields) return std::unexpected("failed to parse csv devices: " + fields.error());
  DeviceFlag device;
  for (const std::string& field : *fields) {
    std::size_t equals = field.find('=');
    std::string key = text::lower(std::string_view(field).substr(0, equals));
    std::string value = equals == std::string::npos ? "true" : field.substr(equals + 1);
    if (key == "required") {
      std::optional<bool> required = parse_bool(value);
      if (!required)
        return std::unexpected(fmt::format("invalid value for required: {}", text::clip(value)));
      device.required = *required;
      continue;
    }
    if (!device.name.empty())
      return std::unexpected("device name already set to " + text::clip(device.name));
    device.name = key == "name" ? value : field;
  }
  return device;
}

bool take_mounts(const Typing& typing, Run& run) {
  bool good = true;
  for (const Word& flag : typing.flags.all("mount")) {
    auto from = check_mount(flag.text, typing.escape);
    if (!from) {
      typing.error(flag.span, from.error().message(), from.error().hint());
      good = false;
      continue;
    }
    run.mounts.push_back({flag.text, *std::move(from), flag.span});
  }
  return good;
}

bool take_devices(const Typing& typing, Run& run) {
  for (const Word& flag : typing.flags.all("device")) {
    auto device = read_device(flag.text);
    if (!device) {
      typing.error(flag.span, device.error());
      return false;
    }
    device->span = flag.span;
    run.devices.push_back(*std::move(device));
  }
  return true;
}

bool take_network(const Typing& typing, Run& run) {
  constexpr std::array<std::string_view, 3> kModes = {"default", "none", "host"};
  Word word = typing.flags.text("network");
  if (word.text.empty() || word.text == "default") return true;
  run.network = word.text == "none" ? RunNetwork::None : RunNetwork::Host;
  if (word.text == "none" || word.text == "host") return true;
  typing.error(word.span, fmt::format("invalid network mode {}{}", text::quote(word.text),
                                      text::suggestion(word.text, kModes)));
  return false;
}

bool take_security(const Typing& typing, Run& run) {
  constexpr std::array<std::string_view, 2> kModes = {"sandbox", "insecure"};
  Word word = typing.flags.text("security");
  if (word.text.empty() || word.text == "sandbox") return true;
  run.security = RunSecurity::Insecure;
  if (word.text == "insecure") return true;
  typing.error(word.span, fmt::format("security {} is not valid{}", text::quote(word.text),
                                      text::suggestion(word.text, kModes)));
  return false;
}

// The value of a duration flag, 0 when it was not given; nothing after an error.
std::optional<std::chrono::nanoseconds> duration_of(const Typing& typing, std::string_view name) {
  Word word = typing.flags.text(name);
  if (word.text.empty()) return std::chrono::nanoseconds(0);
  auto duration = parse_duration(word.text);
  if (!duration) return typing.error(word.span, duration.error());
  if (duration->count() != 0 && *duration < std::chrono::milliseconds(1))
    return typing.error(word.span,
                        fmt::format("Interval {} cannot be less than 1ms", text::quote(name)));
  return *duration;
}

}  // namespace

Body make_run(const Typing& typing) {
  Run run;
  run.command = command_of(typing.line);
  run.heredocs = typing.line.heredocs;
  bool good = take_mounts(typing, run);
  good &= take_devices(typing, run);
  good &= take_network(typing, run);
  good &= take_security(typing, run);
  return good ? Body(std::move(run)) : std::nullopt;
}

Body make_healthcheck(const Typing& typing) {
  const std::vector<Word>& words = typing.line.words;
  if (words.empty())
    return typing.error(typing.line.span, "HEALTHCHECK requires at least one argument",
                        "write HEALTHCHECK CMD command, or HEALTHCHECK NONE");
  Healthcheck check;
  std::string type = text::upper(words.front().text);
  if (type == "NONE") {
    if (words.size() > 1) return typing.error(words[1].span, "HEALTHCHECK NONE takes no arguments");
    check.test = {"NONE"};
    return check;
  }
  if (type != "CMD")
    return typing.error(words.front().span,
                        fmt::format("Unknown type {} in HEALTHCHECK (try CMD)", text::quote(type)));
  if (words.size() == 1)
    return typing.error(typing.line.span, "Missing command after HEALTHCHECK CMD");
  check.test = {typing.line.json ? "CMD" : "CMD-SHELL"};
  for (std::size_t i = 1; i < words.size(); ++i)
    check.test.push_back(words[i].text);

  auto interval = duration_of(typing, "interval");
  auto timeout = duration_of(typing, "timeout");
  auto start_period = duration_of(typing, "start-period");
  auto start_interval = duration_of(typing, "start-interval");
  if (!interval || !timeout || !start_period || !start_interval) return std::nullopt;
  check.interval = *interval;
  check.timeout = *timeout;
  check.start_period = *start_period;
  check.start_interval = *start_interval;

  Word retries = typing.flags.text("retries");
  if (retries.text.empty()) return check;
  bool negative = retries.text.starts_with('-');
  auto number = parse_number(std::string_view(retries.text).substr(negative ? 1 : 0), 10);
  constexpr std::uint32_t kMost = 0x7fffffff;
  if (!number || *number > kMost)
    return typing.error(retries.span,
                        "--retries must be a number, not " + text::quote(retries.text));
  if (negative && *number > 0)
    return typing.error(retries.span, fmt::format("--retries cannot be negative (-{})", *number));
  check.retries = static_cast<int>(*number);
  return check;
}

Body make_onbuild(const Typing& typing) {
  if (typing.line.onbuild.empty())
    return typing.error(typing.line.span, "ONBUILD requires at least one argument");
  const LogicalLine& inner = typing.line.onbuild.front();
  std::string keyword = text::upper(inner.keyword.substr(0, 16));
  if (keyword == "ONBUILD")
    return typing.error(inner.span, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword == "FROM" || keyword == "MAINTAINER")
    return typing.error(inner.span, keyword + " isn't allowed as an ONBUILD trigger");
  // Read it now, so that its mistakes show in the file that has them.
  if (!type_instruction(inner, typing.escape, typing.diagnostics)) return std::nullopt;
  Onbuild onbuild{inner.text};
  for (const Heredoc& heredoc : typing.line.heredocs)
    onbuild.trigger += "\n" + heredoc.content + heredoc.name;
  return onbuild;
}

}  // namespace suit::dockerfile
