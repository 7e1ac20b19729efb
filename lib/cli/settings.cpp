#include "cli/settings.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/split.h"
#include "base/suggest.h"
#include "cli/text.h"
#include "os/file.h"

namespace suit::cli {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\v\f";

Result<void> add_env_line(std::string_view name, std::string_view line, std::size_t number,
                          const HostEnv& host, std::vector<std::string>& out) {
  if (!is_utf8(line))
    return fail(0, fmt::format("--env-file: {}: invalid utf8 bytes at line {}", name, number));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.empty() || line[0] == '#') return {};
  const std::size_t equals = line.find('=');
  const std::string variable(line.substr(0, equals));
  const auto refuse = [&](std::string_view reason) {
    return fail(0, fmt::format("--env-file: {}:{}: {}", name, number, reason));
  };
  if (variable.empty()) return refuse(fmt::format("no variable name on line '{}'", line));
  if (variable.find_first_of(kSpaces) != std::string::npos)
    return refuse(fmt::format("variable '{}' contains whitespaces", variable));
  if (equals != std::string_view::npos) {
    out.emplace_back(line);
  } else if (const std::optional<std::string> value = host(variable)) {
    out.push_back(variable + "=" + *value);
  }
  return {};
}

}  // namespace

std::optional<std::string> host_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread here
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Result<std::string> read_env(std::string_view text, const HostEnv& host) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || text.empty())
    return fail(0, fmt::format("invalid environment variable: {}", text), "write NAME=value");
  if (equals == std::string_view::npos) {
    if (const auto value = host(std::string(text))) return std::string(text) + "=" + *value;
  }
  return std::string(text);
}

Result<std::vector<std::string>> read_env_lines(std::string_view name, std::string_view text,
                                                const HostEnv& host) {
  std::vector<std::string> out;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    SUIT_TRY(add_env_line(name, line, number, host, out));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

Result<std::vector<std::string>> read_environment(const std::vector<std::string>& files,
                                                  const std::vector<std::string>& settings) {
  std::vector<std::string> out;
  for (const std::string& file : files) {
    Result<std::string> text = os::read_file(file);
    if (!text) return wrap(std::move(text).error(), "--env-file");
    SUIT_LET(std::vector<std::string> lines, read_env_lines(file, *text));
    out.insert(out.end(), lines.begin(), lines.end());
  }
  for (const std::string& setting : settings) {
    SUIT_LET(std::string entry, read_env(setting));
    out.push_back(std::move(entry));
  }
  return out;
}

Result<std::map<std::string, std::string>> read_labels(const std::vector<std::string>& settings) {
  std::map<std::string, std::string> labels;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string key = setting.substr(0, equals);
    // Docker takes blanks in front of a key, and nowhere else in it.
    const std::string_view name = trim(key, kSpaces);
    if (name.empty()) return fail(0, fmt::format("invalid label '{}': empty name", setting));
    if (name.find_first_of(kSpaces) != std::string_view::npos)
      return fail(0, fmt::format("label '{}' contains whitespaces", key));
    labels[key] = equals == std::string::npos ? "" : setting.substr(equals + 1);
  }
  return labels;
}

Result<Filters> Filters::read(const std::vector<std::string>& settings,
                              std::span<const std::string_view> known) {
  Filters filters;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(0,
                  fmt::format("invalid argument \"{}\" for \"-f, --filter\" flag: invalid filter "
                              "(must be name=value)",
                              setting));
    const std::string key = setting.substr(0, equals);
    if (std::find(known.begin(), known.end(), key) == known.end())
      return fail(0, fmt::format("invalid filter '{}'{}", key, did_you_mean(key, known)),
                  fmt::format("there are: {}", fmt::join(known, ", ")));
    filters.values_[key].push_back(setting.substr(equals + 1));
  }
  return filters;
}

bool Filters::any(std::string_view key,
                  const std::function<bool(const std::string&)>& matches) const {
  const auto found = values_.find(std::string(key));
  return found == values_.end() || std::any_of(found->second.begin(), found->second.end(), matches);
}

bool Filters::all(std::string_view key,
                  const std::function<bool(const std::string&)>& matches) const {
  const auto found = values_.find(std::string(key));
  return found == values_.end() || std::all_of(found->second.begin(), found->second.end(), matches);
}

Result<std::optional<bool>> Filters::flag(std::string_view key) const {
  const auto found = values_.find(std::string(key));
  if (found == values_.end()) return std::optional<bool>();
  const std::string& value = found->second.back();
  if (value == "true" || value == "1") return std::optional(true);
  if (value == "false" || value == "0") return std::optional(false);
  return fail(0, fmt::format("invalid filter '{}={}': true or false is expected", key, value));
}

bool Filters::match_labels(const std::map<std::string, std::string>& labels) const {
  const auto has = [&](const std::string& wanted) {
    const std::size_t equals = wanted.find('=');
    const auto label = labels.find(wanted.substr(0, equals));
    return label != labels.end() &&
           (equals == std::string::npos || label->second == wanted.substr(equals + 1));
  };
  return all("label", has) && all("label!", std::not_fn(has));
}

}  // namespace suit::cli
