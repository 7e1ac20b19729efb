#include "cli/progress_tty.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include <fmt/format.h>

#include "cli/progress_plain.h"

namespace suit::cli {

namespace {

using Kind = build::Event::Kind;

constexpr std::size_t kLogLines = 6;
constexpr std::chrono::milliseconds kFrame{100};

/// Bytes of \p text that take \p columns on the screen, cut between characters.
/// A character counts one column: wide ones only make a line end early.
std::pair<std::string_view, std::size_t> fit(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0U) == 0x80U)
      ++next;
    if (width == columns) break;
    ++width;
    i = next;
  }
  return {text.substr(0, i), width};
}

std::string row(std::string_view left, std::string_view right, unsigned columns) {
  const std::size_t room = columns > right.size() + 1 ? columns - right.size() - 1 : 0;
  const auto [shown, width] = fit(left, room);
  return fmt::format("{}{:{}}{}\n", shown, "", room + 1 - width, right);
}

}  // namespace

TtyProgress::TtyProgress(Writer& out, std::function<TerminalSize()> size)
    : out_(out),
      size_(std::move(size)),
      begin_(std::chrono::steady_clock::now()),
      ticker_([this](const std::stop_token& stop) {
        std::mutex sleeping;
        std::condition_variable_any wake;
        while (!stop.stop_requested()) {
          {
            std::unique_lock lock(sleeping);
            wake.wait_for(lock, stop, kFrame, [] { return false; });
          }
          if (stop.stop_requested()) return;
          const std::lock_guard lock(mutex_);
          if (!finished_ && !vertices_.empty()) draw(false);
        }
      }) {}

TtyProgress::~TtyProgress() = default;

void TtyProgress::on(const build::Event& event) {
  const std::lock_guard lock(mutex_);
  Vertex& vertex = vertices_[event.vertex];
  switch (event.kind) {
    case Kind::Started:
      vertex.name = sanitize(event.text);
      vertex.started = event.at;
      break;
    case Kind::Log:
      vertex.log.push_back(sanitize(event.text));
      if (vertex.log.size() > kLogLines) vertex.log.pop_front();
      break;
    case Kind::Miss:
      vertex.note = sanitize(event.text);
      break;
    case Kind::Cached:
      vertex.state = State::Cached;
      break;
    case Kind::Done:
      vertex.state = State::Done;
      break;
    case Kind::Failed:
      vertex.state = State::Failed;
      break;
    case Kind::Warning:
      vertex.log.push_back("WARN: " + sanitize(event.text));
      break;
    case Kind::Status:
      break;
  }
  if (vertex.state != State::Running && vertex.ended.count() == 0) vertex.ended = event.at;
}

void TtyProgress::finish() {
  ticker_.request_stop();
  const std::lock_guard lock(mutex_);
  if (std::exchange(finished_, true)) return;
  draw(true);
}

std::string TtyProgress::vertex_lines(const Vertex& vertex, std::chrono::nanoseconds now,
                                      unsigned columns) const {
  const std::chrono::nanoseconds took =
      (vertex.state == State::Running ? now : vertex.ended) - vertex.started;
  std::string left = " => ";
  if (vertex.state == State::Cached) left += "CACHED ";
  if (vertex.state == State::Failed) left += "ERROR ";
  left += vertex.name;
  std::string lines =
      row(left, fmt::format("{:.1f}s", std::chrono::duration<double>(took).count()), columns);
  if (vertex.state == State::Running) {
    if (!vertex.note.empty()) lines += row(" => => " + vertex.note, "", columns);
    for (const std::string& text : vertex.log)
      lines += row(" => => # " + text, "", columns);
  }
  return lines;
}

std::string TtyProgress::frame(std::chrono::nanoseconds now, TerminalSize size,
                               bool finished) const {
  const auto ended = std::ranges::count_if(
      vertices_, [](const auto& entry) { return entry.second.state != State::Running; });
  std::string body;
  for (const auto& [id, vertex] : vertices_)
    body += vertex_lines(vertex, now, size.columns);
  // More than fits cannot be redrawn: what has scrolled away is out of the cursor's reach.
  std::size_t lines = static_cast<std::size_t>(std::ranges::count(body, '\n'));
  const std::size_t room = size.rows > 3 ? size.rows - 3 : 1;
  while (!finished && lines > room) {
    body.erase(0, body.find('\n') + 1);
    --lines;
  }
  const std::string head =
      fmt::format("[+] Building {:.1f}s ({}/{}){}", std::chrono::duration<double>(now).count(),
                  ended, vertices_.size(), finished ? " FINISHED" : "");
  return row(head, "", size.columns) + body;
}

void TtyProgress::draw(bool finished) {
  const std::string text = frame(std::chrono::steady_clock::now() - begin_, size_(), finished);
  std::string out;
  if (drawn_lines_ > 0) out += fmt::format("\x1b[{}A", drawn_lines_);
  out += "\x1b[?25l";  // no cursor while drawing
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    std::string_view shown = rest.substr(0, end);
    while (shown.ends_with(' '))
      shown.remove_suffix(1);
    out += fmt::format("{}\x1b[K\n", shown);  // clear only what is left of the line: no flicker
    rest.remove_prefix(end + 1);
  }
  out += "\x1b[J\x1b[?25h";
  drawn_lines_ = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  static_cast<void>(out_.write(bytes_of(out)));
}

}  // namespace suit::cli
