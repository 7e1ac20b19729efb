/// \file
/// What a container printed: one JSON object a line, as Docker's json-file driver writes it. The
/// files turn over (line_file.h), so that a program that prints for ever does not fill the disk.
///
///     {"log":"hello\n","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/line_file.h"

namespace suit::engine {

enum class Stream { Stdout, Stderr };

/// Cuts two byte streams into lines and appends them to a log. A line longer than 16 KiB is written
/// in pieces, only the last of which ends in a newline.
class LogWriter {
 public:
  /// \param attributes written with every line, for `logs --details`
  static Result<LogWriter> create(const std::string& path, LineLimits limits = {},
                                  std::map<std::string, std::string> attributes = {});
  Result<void> write(Stream stream, std::string_view bytes);
  /// Writes what has no newline yet.
  Result<void> flush();

 private:
  LogWriter(LineWriter lines, std::map<std::string, std::string> attributes)
      : lines_(std::move(lines)), attributes_(std::move(attributes)) {}
  Result<void> append(Stream stream, std::string_view piece);
  LineWriter lines_;
  std::map<std::string, std::string> attributes_;
  std::string pending_[2];
};

struct LogLine {
  Stream stream = Stream::Stdout;
  std::string text;  ///< with its newline, if it had one
  std::string time;  ///< \shape RFC 3339, nanoseconds
  std::map<std::string, std::string> attributes;
};

struct LogQuery {
  std::optional<std::size_t> tail;            ///< only the last lines; then what follows
  bool follow = false;                        ///< wait for more until \p alive says no
  std::optional<std::int64_t> since_ns = {};  ///< nanoseconds since 1970, included
  std::optional<std::int64_t> until_ns = {};  ///< likewise
};

/// Calls \p each for every line of the log at \p path, and goes on as the container writes.
/// \param alive whether more may come; asked whenever the end is reached
/// \param each returns false to stop
Result<void> read_log(const std::string& path, const LogQuery& query,
                      const std::function<bool()>& alive,
                      const std::function<bool(const LogLine&)>& each);

}  // namespace suit::engine
