/// \file
/// Files of lines that turn over: logs and events.
///
///     log.json      being written; renamed to log.json.1 when it is full, that to log.json.2, …
///     log.json.1    the lines before; the oldest file goes
///
/// Readers take no lock and miss nothing that is still there: a reader holds the file it reads, and
/// finds its successors by comparing inodes.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace suit::engine {

/// How much a file of lines may hold, with its predecessors.
struct LineLimits {
  std::uint64_t max_size_bytes = 20'000'000;  ///< of one file; exceeded by no more than a line
  std::uint32_t max_files = 5;                ///< at least 1
};

/// Appends lines; the only writer of its file.
class LineWriter {
 public:
  static Result<LineWriter> create(std::string path, LineLimits limits);
  /// \param line with its newline; written in one write(2)
  Result<void> append(std::string_view line);

 private:
  LineWriter(std::string path, LineLimits limits, os::Fd file, std::uint64_t size_bytes)
      : path_(std::move(path)), limits_(limits), file_(std::move(file)), size_(size_bytes) {}
  std::string path_;
  LineLimits limits_;
  os::Fd file_;
  std::uint64_t size_;
};

/// Renames \p path to `path.1` and so on: the next writer makes a new file.
Result<void> turn_over(const std::string& path, std::uint32_t max_files);

/// Reads lines from the oldest file to the newest, and goes on in the next when files turn over.
class LineReader {
 public:
  /// \param longest_line \unit{bytes} a longer one is EFBIG
  /// \errors ENOENT when there is no such file yet
  static Result<LineReader> open(std::string path, std::size_t longest_line);
  /// The next complete line without its newline; nullopt at the end of what is written now.
  Result<std::optional<std::string>> next();

 private:
  LineReader(std::string path, std::size_t longest) : path_(std::move(path)), longest_(longest) {}
  Result<std::optional<std::string>> next_here();
  Result<bool> find_successors();
  std::string path_;
  std::size_t longest_;
  os::Fd file_;
  std::deque<os::Fd> later_;  ///< files to be read after `file_`
  std::string buffer_;
  std::size_t scanned_ = 0;
};

/// Waits for writers of \p path.
class LineWatch {
 public:
  explicit LineWatch(const std::string& path);
  /// Returns when something may have been written, or after \p timeout_ms.
  void wait(int timeout_ms) const;

 private:
  os::Fd changes_;
};

}  // namespace suit::engine
