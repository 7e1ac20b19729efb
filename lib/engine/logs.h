/// \file
/// What a container printed: one JSON object a line, as Docker's json-file driver writes it.
///
///     {"log":"hello\n","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace suit::engine {

enum class Stream { Stdout, Stderr };

/// Cuts two byte streams into lines and appends them to a log. A line longer than 16 KiB is written
/// in pieces, only the last of which ends in a newline.
class LogWriter {
 public:
  static Result<LogWriter> create(const std::string& path);
  Result<void> write(Stream stream, std::string_view bytes);
  /// Writes what has no newline yet.
  Result<void> flush();

 private:
  explicit LogWriter(os::Fd file) : file_(std::move(file)) {}
  Result<void> append(Stream stream, std::string_view piece);
  os::Fd file_;
  std::string pending_[2];
};

struct LogLine {
  Stream stream = Stream::Stdout;
  std::string text;  ///< with its newline, if it had one
  std::string time;  ///< \shape RFC 3339, nanoseconds
};

struct LogQuery {
  std::optional<std::size_t> tail;  ///< only the last lines; then what follows
  bool follow = false;              ///< wait for more until \p alive says no
};

/// Calls \p each for every line of the log at \p path, and goes on as the container writes.
/// \param alive whether more may come; asked whenever the end is reached
/// \param each returns false to stop
Result<void> read_log(const std::string& path, const LogQuery& query,
                      const std::function<bool()>& alive,
                      const std::function<bool(const LogLine&)>& each);

}  // namespace suit::engine
