#include "cli/progress_plain.h"

#include <utility>

#include <fmt/format.h>

namespace suit::cli {

namespace {

using build::Event;
using Kind = build::Event::Kind;

// How long a vertex may be silent before another gets the page.
constexpr std::chrono::seconds kPatience{10};

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// `0.248`, `11.03`, `112.4`: four digits, so that columns stay in line.
std::string stamp(std::chrono::nanoseconds since) {
  const double value = seconds(since);
  const int precision = value < 10 ? 3 : value < 100 ? 2 : 1;
  return fmt::format("{:.{}f}", value, precision);
}

/// Length of the escape sequence at the front of \p text, which starts with ESC.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == '[') {  // CSI: parameters, then one byte from @ to ~
    std::size_t i = 2;
    while (i < text.size() && (text[i] < '@' || text[i] > '~'))
      ++i;
    return std::min(i + 1, text.size());
  }
  if (text[1] == ']') {  // OSC: up to BEL or ESC backslash
    for (std::size_t i = 2; i < text.size(); ++i) {
      if (text[i] == '\a') return i + 1;
      if (text[i] == '\x1b') return std::min(i + 2, text.size());
    }
    return text.size();
  }
  return 2;
}

}  // namespace

std::string sanitize(std::string_view text) {
  while (text.ends_with('\r'))
    text.remove_suffix(1);
  if (const std::size_t back = text.rfind('\r'); back != std::string_view::npos) {
    text.remove_prefix(back + 1);
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;  // U+0080..9F in UTF-8
    if (byte == 0x1b) {
      i += escape_length(text.substr(i)) - 1;
    } else if (c1) {
      out += '?';
      ++i;
    } else if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
      out += '?';
    } else {
      out += text[i];
    }
  }
  return out;
}

void PlainProgress::on(const Event& event) {
  Vertex& vertex = vertices_[event.vertex];
  if (event.kind == Kind::Started) {
    vertex.name = event.text;
    vertex.started = event.at;
  }
  const auto holder = vertices_.find(current_);
  const bool held = holder != vertices_.end() && current_ != event.vertex &&
                    !holder->second.finished && event.at - last_line_at_ < kPatience;
  if (held) {
    vertex.waiting.push_back(event);
    return;
  }
  switch_to(event.vertex);
  show(event);
  release_waiting();
}

void PlainProgress::finish() {
  for (auto& [id, vertex] : vertices_) {
    if (vertex.waiting.empty()) continue;
    switch_to(id);
    for (const Event& event : std::exchange(vertex.waiting, {}))
      show(event);
  }
}

/// When the holder of the page has ended, those that waited follow, oldest first.
void PlainProgress::release_waiting() {
  while (vertices_[current_].finished) {
    int next = 0;
    for (const auto& [id, vertex] : vertices_) {
      if (!vertex.waiting.empty()) {
        next = id;
        break;
      }
    }
    if (next == 0) return;
    switch_to(next);
    for (const Event& event : std::exchange(vertices_[next].waiting, {}))
      show(event);
  }
}

void PlainProgress::switch_to(int id) {
  if (current_ == id) return;
  const auto left = vertices_.find(current_);
  if (left != vertices_.end() && !left->second.finished) line(fmt::format("#{} ...", current_));
  if (!first_block_) line("");
  first_block_ = false;
  current_ = id;
  Vertex& vertex = vertices_[id];
  line(fmt::format("#{} {}", id, sanitize_ == Sanitize::Yes ? sanitize(vertex.name) : vertex.name));
}

void PlainProgress::show(const Event& event) {
  Vertex& vertex = vertices_[event.vertex];
  last_line_at_ = event.at;
  const std::string text = sanitize_ == Sanitize::Yes ? sanitize(event.text) : event.text;
  const std::chrono::nanoseconds since = event.at - vertex.started;
  switch (event.kind) {
    case Kind::Started:
      break;
    case Kind::Status:
    case Kind::Miss:
      line(fmt::format("#{} {}", event.vertex, text));
      break;
    case Kind::Log:
      line(fmt::format("#{} {} {}", event.vertex, stamp(since), text));
      break;
    case Kind::Warning:
      line(fmt::format("#{} WARN: {}", event.vertex, text));
      break;
    case Kind::Cached:
      line(fmt::format("#{} CACHED", event.vertex));
      break;
    case Kind::Done:
      line(fmt::format("#{} DONE {:.1f}s", event.vertex, seconds(since)));
      break;
    case Kind::Failed:
      line(fmt::format("#{} ERROR: {}", event.vertex, text));
      break;
  }
  vertex.finished = vertex.finished || event.kind == Kind::Cached || event.kind == Kind::Done ||
                    event.kind == Kind::Failed;
}

void PlainProgress::line(std::string_view text) {
  // A reader that went away is no reason to stop a build.
  static_cast<void>(out_.write(bytes_of(fmt::format("{}\n", text))));
}

}  // namespace suit::cli
