#include "engine/logs.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <deque>

#include <fmt/format.h>

#include "base/log.h"
#include "base/time.h"
#include "oci/json.h"
#include "os/file.h"

namespace suit::engine {
namespace {

// 16 KiB: Docker's longest piece of a line, so that other tools' readers need not be larger.
constexpr std::size_t kPieceBytes = 16 * 1024;
// A piece in JSON: each byte may become six (\u001b), plus the frame around it.
constexpr std::size_t kLongestRecord = 6 * kPieceBytes + 256;

std::string_view name_of(Stream stream) { return stream == Stream::Stdout ? "stdout" : "stderr"; }

Result<LogLine> parse_line(std::string_view text) {
  SUIT_LET(oci::Json object, oci::parse_json(text));
  LogLine line;
  line.stream = object.string_or("stream") == "stderr" ? Stream::Stderr : Stream::Stdout;
  line.text = object.string_or("log");
  line.time = object.string_or("time");
  return line;
}

// Programs print bytes; JSON holds Unicode. Bytes that are not UTF-8 become U+FFFD, as Docker's do.
std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    auto lead = static_cast<unsigned char>(bytes[i]);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xc2 && lead < 0xe0 ? 2
                         : lead >= 0xe0 && lead < 0xf0 ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
    bool good = length > 0 && i + length <= bytes.size();
    for (std::size_t k = 1; good && k < length; ++k)
      good = (static_cast<unsigned char>(bytes[i + k]) & 0xc0) == 0x80;
    if (good && length == 3) {
      auto second = static_cast<unsigned char>(bytes[i + 1]);
      good = !(lead == 0xe0 && second < 0xa0) && !(lead == 0xed && second >= 0xa0);
    }
    if (good && length == 4) {
      auto second = static_cast<unsigned char>(bytes[i + 1]);
      good = !(lead == 0xf0 && second < 0x90) && !(lead == 0xf4 && second >= 0x90);
    }
    if (good)
      text.append(bytes.substr(i, length));
    else
      text += "\xef\xbf\xbd";
    i += good ? length : 1;
  }
  return text;
}

// Reads whole records from where it stands.
class LogFile {
 public:
  explicit LogFile(os::Fd fd) : fd_(std::move(fd)) {}

  // The next complete record without its newline; nullopt at the end of what is written.
  Result<std::optional<std::string>> next() {
    while (true) {
      std::size_t end = buffer_.find('\n', scanned_);
      if (end != std::string::npos) {
        std::string record = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        scanned_ = 0;
        return std::optional(std::move(record));
      }
      scanned_ = buffer_.size();
      if (scanned_ > kLongestRecord)
        return fail(EFBIG, fmt::format("a log record is longer than {} bytes", kLongestRecord));
      char chunk[32 * 1024];  // a few records a read
      ssize_t count = ::read(fd_.raw(), chunk, sizeof chunk);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(errno, "read");
      if (count == 0) return std::optional<std::string>();
      buffer_.append(chunk, static_cast<std::size_t>(count));
    }
  }

 private:
  os::Fd fd_;
  std::string buffer_;
  std::size_t scanned_ = 0;
};

// A monitor that was killed leaves half a record, to which the next start's first is appended: that
// line is lost, the others are not.
bool give(std::string_view record, const std::function<bool(const LogLine&)>& each) {
  auto line = parse_line(record);
  if (line) return each(*line);
  SUIT_LOG(Warn, "a damaged line of the log is left out: {}", line.error().message());
  return true;
}

// Gives `each` all that is in the file now; false when it asked to stop.
Result<bool> drain(LogFile& file, const std::function<bool(const LogLine&)>& each) {
  while (true) {
    SUIT_LET(std::optional<std::string> record, file.next());
    if (!record) return true;
    if (!give(*record, each)) return false;
  }
}

Result<bool> drain_tail(LogFile& file, std::size_t count,
                        const std::function<bool(const LogLine&)>& each) {
  std::deque<std::string> last;
  while (true) {
    SUIT_LET(std::optional<std::string> record, file.next());
    if (!record) break;
    last.push_back(*std::move(record));
    if (last.size() > count) last.pop_front();
  }
  for (const std::string& record : last) {
    if (!give(record, each)) return false;
  }
  return true;
}

}  // namespace

Result<LogWriter> LogWriter::create(const std::string& path) {
  SUIT_LET(os::Fd file, os::open_at(os::FdRef::cwd(), path, O_WRONLY | O_CREAT | O_APPEND, 0600));
  return LogWriter(std::move(file));
}

Result<void> LogWriter::write(Stream stream, std::string_view bytes) {
  std::string& pending = pending_[stream == Stream::Stderr ? 1 : 0];
  while (!bytes.empty()) {
    std::size_t room = kPieceBytes - pending.size();
    std::size_t end = bytes.substr(0, room).find('\n');
    std::size_t take = end == std::string_view::npos ? std::min(room, bytes.size()) : end + 1;
    pending.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (end == std::string_view::npos && pending.size() < kPieceBytes) continue;
    SUIT_TRY(append(stream, pending));
    pending.clear();
  }
  return {};
}

Result<void> LogWriter::flush() {
  for (Stream stream : {Stream::Stdout, Stream::Stderr}) {
    std::string& pending = pending_[stream == Stream::Stderr ? 1 : 0];
    if (pending.empty()) continue;
    SUIT_TRY(append(stream, pending));
    pending.clear();
  }
  return {};
}

Result<void> LogWriter::append(Stream stream, std::string_view piece) {
  oci::Json object = oci::Json::object();
  object.set("log", to_utf8(piece)).set("stream", name_of(stream));
  object.set("time", to_rfc3339(now_ns()));
  // One write a record: O_APPEND keeps records of two writers apart.
  os::FdWriter writer(file_);
  return writer.write(bytes_of(object.dump() + "\n"));
}

Result<void> read_log(const std::string& path, const LogQuery& query,
                      const std::function<bool()>& alive,
                      const std::function<bool(const LogLine&)>& each) {
  auto opened = os::open_at(os::FdRef::cwd(), path, O_RDONLY);
  if (!opened && opened.error().code() == ENOENT && !query.follow) return {};  // never started
  if (!opened) return std::unexpected(std::move(opened).error());
  os::Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // Watch before the first read: what is written between the two is not missed.
  bool watched =
      changes.valid() && ::inotify_add_watch(changes.raw(), path.c_str(), IN_MODIFY) >= 0;
  LogFile file(*std::move(opened));
  SUIT_LET(bool wanted, query.tail ? drain_tail(file, *query.tail, each) : drain(file, each));
  while (wanted && query.follow) {
    // Ask first, read after: the last words are written before the end is.
    bool more = alive();
    SUIT_LET(bool go_on, drain(file, each));
    wanted = go_on && more;
    if (!wanted) break;
    // 200 ms: how soon the end of a silent container is noticed.
    pollfd waiting{changes.raw(), POLLIN, 0};
    ::poll(&waiting, watched ? 1 : 0, 200);
    char events[4096];
    while (watched && ::read(changes.raw(), events, sizeof events) > 0)
      continue;
  }
  return {};
}

}  // namespace suit::engine
