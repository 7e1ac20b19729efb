/// \file
/// The small grammars inside flags' values: environment, labels, filters.
/// \source docker/cli opts

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::cli {

/// Looks a variable up in the caller's environment.
using HostEnv = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> host_env(const std::string& name);

/// `-e NAME=value`, or `-e NAME` for the caller's value. A NAME that the caller has not is kept as
/// it is: it removes the image's.
Result<std::string> read_env(std::string_view text, const HostEnv& host = host_env);

/// The lines of an `--env-file`: `#` comments and empty lines are left out, and so are bare names
/// that the caller has not.
/// \param name of the file, for messages
Result<std::vector<std::string>> read_env_lines(std::string_view name, std::string_view text,
                                                const HostEnv& host = host_env);
/// All `--env-file`s, then all `-e`: later ones win.
Result<std::vector<std::string>> read_environment(const std::vector<std::string>& files,
                                                  const std::vector<std::string>& settings);

/// `--label key=value` or `--label key`.
/// \errors 0 as Docker words them
Result<std::map<std::string, std::string>> read_labels(const std::vector<std::string>& settings);

/// `--filter key=value`: all values of each key.
class Filters {
 public:
  /// \errors 0 for a key that is not one of \p known, with did-you-mean
  static Result<Filters> read(const std::vector<std::string>& settings,
                              std::span<const std::string_view> known);
  bool has(std::string_view key) const { return values_.contains(std::string(key)); }
  /// True when \p key was not given, or \p matches holds for one of its values.
  bool any(std::string_view key, const std::function<bool(const std::string&)>& matches) const;
  /// True when \p matches holds for every value of \p key.
  bool all(std::string_view key, const std::function<bool(const std::string&)>& matches) const;
  /// The single value of a key that is true or false.
  Result<std::optional<bool>> flag(std::string_view key) const;
  /// `label=key`, `label=key=value`, and `label!=…` for those that have it not
  bool match_labels(const std::map<std::string, std::string>& labels) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace suit::cli
