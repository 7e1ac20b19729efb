#include "engine/logs.h"

#include <cerrno>
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

// How soon the end of a silent container is noticed.
constexpr int kPatienceMs = 200;

std::string_view name_of(Stream stream) { return stream == Stream::Stdout ? "stdout" : "stderr"; }

Result<LogLine> parse_line(std::string_view text) {
  SUIT_LET(oci::Json object, oci::parse_json(text));
  LogLine line;
  line.stream = object.string_or("stream") == "stderr" ? Stream::Stderr : Stream::Stdout;
  line.text = object.string_or("log");
  line.time = object.string_or("time");
  const oci::Json* attributes = object.find("attrs");
  if (const auto* members = attributes ? attributes->as_object() : nullptr)
    for (const auto& [key, value] : *members)
      if (const std::string* known = value.as_string()) line.attributes.emplace(key, *known);
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

// A monitor that was killed leaves half a record, to which the next start's first is appended: that
// line is lost, the others are not.
bool give(std::string_view record, const LogQuery& query,
          const std::function<bool(const LogLine&)>& each) {
  auto line = parse_line(record);
  if (line) {
    // A time that cannot be read is no reason to hide a line.
    auto time =
        query.since_ns || query.until_ns ? parse_rfc3339(line->time) : Result<std::int64_t>(0);
    if (time && query.since_ns && *time < *query.since_ns) return true;
    if (time && query.until_ns && *time > *query.until_ns) return false;
    return each(*line);
  }
  SUIT_LOG(Warn, "a damaged line of the log is left out: {}", line.error().message());
  return true;
}

// Gives `each` all that is in the file now; false when it asked to stop.
Result<bool> drain(LineReader& file, const LogQuery& query,
                   const std::function<bool(const LogLine&)>& each) {
  while (true) {
    SUIT_LET(std::optional<std::string> record, file.next());
    if (!record) return true;
    if (!give(*record, query, each)) return false;
  }
}

Result<bool> drain_tail(LineReader& file, const LogQuery& query,
                        const std::function<bool(const LogLine&)>& each) {
  std::deque<std::string> last;
  while (true) {
    SUIT_LET(std::optional<std::string> record, file.next());
    if (!record) break;
    last.push_back(*std::move(record));
    if (last.size() > *query.tail) last.pop_front();
  }
  for (const std::string& record : last) {
    if (!give(record, query, each)) return false;
  }
  return true;
}

}  // namespace

Result<LogWriter> LogWriter::create(const std::string& path, LineLimits limits,
                                    std::map<std::string, std::string> attributes) {
  SUIT_LET(LineWriter lines, LineWriter::create(path, limits));
  return LogWriter(std::move(lines), std::move(attributes));
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
  if (!attributes_.empty()) {
    oci::Json attributes = oci::Json::object();
    for (const auto& [key, value] : attributes_)
      attributes.set(key, to_utf8(value));
    object.set("attrs", std::move(attributes));
  }
  object.set("time", to_rfc3339(now_ns()));
  return lines_.append(object.dump() + "\n");
}

Result<void> read_log(const std::string& path, const LogQuery& query,
                      const std::function<bool()>& alive,
                      const std::function<bool(const LogLine&)>& each) {
  // Watch before the first read: what is written between the two is not missed.
  LineWatch watch(path);
  auto opened = LineReader::open(path, kLongestRecord);
  // Never started, or nothing is kept yet.
  while (!opened && opened.error().code() == ENOENT && query.follow && alive()) {
    watch.wait(kPatienceMs);
    opened = LineReader::open(path, kLongestRecord);
  }
  if (!opened && opened.error().code() == ENOENT) return {};
  if (!opened) return std::unexpected(std::move(opened).error());
  LineReader file = *std::move(opened);
  SUIT_LET(bool wanted, query.tail ? drain_tail(file, query, each) : drain(file, query, each));
  while (wanted && query.follow) {
    // Ask first, read after: the last words are written before the end is.
    bool more = alive();
    SUIT_LET(bool go_on, drain(file, query, each));
    wanted = go_on && more;
    if (!wanted) break;
    watch.wait(kPatienceMs);
  }
  return {};
}

}  // namespace suit::engine
