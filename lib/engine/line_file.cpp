#include "engine/line_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include "os/file.h"

namespace suit::engine {
namespace {

// Docker's own bound of max-file is none; nobody reads further back than this.
constexpr std::uint32_t kMostFiles = 1000;

std::string numbered(const std::string& path, std::uint32_t number) {
  return number == 0 ? path : fmt::format("{}.{}", path, number);
}

Result<os::Fd> open_for_appending(const std::string& path) {
  return os::open_at(os::FdRef::cwd(), path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

std::optional<Identity> identity_of(os::FdRef file) {
  struct stat info{};
  if (::fstat(file.raw(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

std::optional<Identity> identity_of(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

// The files newer than `known` (all of them without it), oldest first; nullopt when they turned
// over while they were being opened.
std::optional<std::deque<os::Fd>> open_newer(const std::string& path,
                                             const std::optional<Identity>& known) {
  std::deque<os::Fd> files;
  std::vector<Identity> seen;
  for (std::uint32_t number = 0; number <= kMostFiles; ++number) {
    auto file = os::open_at(os::FdRef::cwd(), numbered(path, number), O_RDONLY | O_NOFOLLOW);
    if (!file && number == 0) continue;  // renamed away, its successor is not there yet
    if (!file) break;
    auto identity = identity_of(*file);
    if (!identity || identity == known) break;
    if (!seen.empty() && seen.back() == *identity) return std::nullopt;
    seen.push_back(*identity);
    files.push_front(*std::move(file));
  }
  if (!seen.empty() && identity_of(path) != seen.front()) return std::nullopt;
  return files;
}

std::deque<os::Fd> open_newer_patiently(const std::string& path,
                                        const std::optional<Identity>& known) {
  constexpr int kAttempts = 8;  // to turn over so often in a row takes that many full files
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (auto files = open_newer(path, known)) return *std::move(files);
  return {};
}

}  // namespace

Result<void> turn_over(const std::string& path, std::uint32_t max_files) {
  if (max_files <= 1) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return fail(errno, fmt::format("unlink(\"{}\")", path));
    return {};
  }
  for (std::uint32_t number = max_files - 1; number > 0; --number) {
    std::string from = numbered(path, number - 1);
    if (::rename(from.c_str(), numbered(path, number).c_str()) != 0 && errno != ENOENT)
      return fail(errno, fmt::format("rename(\"{}\")", from));
  }
  return {};
}

Result<LineWriter> LineWriter::create(std::string path, LineLimits limits) {
  SUIT_LET(os::Fd file, open_for_appending(path));
  struct stat info{};
  if (::fstat(file.raw(), &info) != 0) return fail(errno, fmt::format("fstat(\"{}\")", path));
  return LineWriter(std::move(path), limits, std::move(file),
                    static_cast<std::uint64_t>(info.st_size));
}

Result<void> LineWriter::append(std::string_view line) {
  if (size_ > 0 && size_ + line.size() > limits_.max_size_bytes) {
    SUIT_TRY(turn_over(path_, limits_.max_files));
    SUIT_LET(file_, open_for_appending(path_));
    size_ = 0;
  }
  os::FdWriter writer(file_);
  SUIT_TRY(writer.write(bytes_of(line)));
  size_ += line.size();
  return {};
}

Result<LineReader> LineReader::open(std::string path, std::size_t longest_line) {
  LineReader reader(std::move(path), longest_line);
  reader.later_ = open_newer_patiently(reader.path_, std::nullopt);
  if (reader.later_.empty()) return fail(ENOENT, fmt::format("open(\"{}\")", reader.path_));
  reader.file_ = std::move(reader.later_.front());
  reader.later_.pop_front();
  return reader;
}

Result<std::optional<std::string>> LineReader::next() {
  while (true) {
    SUIT_LET(std::optional<std::string> line, next_here());
    if (line) return line;
    if (later_.empty()) {
      SUIT_LET(bool found, find_successors());
      if (!found) return std::optional<std::string>();
      // Its writer has left it now, and may have written since the end was seen.
      SUIT_LET(std::optional<std::string> last, next_here());
      if (last) return last;
    }
    file_ = std::move(later_.front());
    later_.pop_front();
    buffer_.clear();  // half a line: its writer was killed
    scanned_ = 0;
  }
}

Result<bool> LineReader::find_successors() {
  auto known = identity_of(file_);
  auto newest = identity_of(path_);
  if (!newest || newest == known) return false;
  later_ = open_newer_patiently(path_, known);
  return !later_.empty();
}

Result<std::optional<std::string>> LineReader::next_here() {
  while (true) {
    std::size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      scanned_ = 0;
      return std::optional(std::move(line));
    }
    scanned_ = buffer_.size();
    if (scanned_ > longest_)
      return fail(EFBIG, fmt::format("a line of \"{}\" is longer than {} bytes", path_, longest_));
    std::array<char, 32 * 1024> chunk;  // NOLINT(*-member-init): filled by read
    ssize_t count = ::read(file_.raw(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno, fmt::format("read(\"{}\")", path_));
    if (count == 0) return std::optional<std::string>();
    buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

LineWatch::LineWatch(const std::string& path)
    : changes_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  // The directory, not the file: the file turns over.
  std::string directory = path.substr(0, path.rfind('/'));
  if (changes_.valid() && ::inotify_add_watch(changes_.raw(), directory.c_str(),
                                              IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
    changes_.reset();
}

void LineWatch::wait(int timeout_ms) const {
  pollfd waiting{changes_.raw(), POLLIN, 0};  // poll(2) passes over -1 and waits for the time
  ::poll(&waiting, 1, timeout_ms);
  std::array<char, 4096> events;  // NOLINT(*-member-init): filled by read
  while (changes_.valid() && ::read(changes_.raw(), events.data(), events.size()) > 0)
    continue;
}

}  // namespace suit::engine
