#include "build/progress.h"

#include <utility>

namespace suit::build {

Reporter::Reporter(ProgressSink& sink) : sink_(sink), begin_(std::chrono::steady_clock::now()) {}

std::chrono::nanoseconds Reporter::elapsed() const {
  return std::chrono::steady_clock::now() - begin_;
}

int Reporter::start(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const int vertex = ++last_vertex_;
  sink_.on(Event{.kind = Event::Kind::Started,
                 .vertex = vertex,
                 .text = std::string(name),
                 .stream = 1,
                 .at = elapsed()});
  return vertex;
}

void Reporter::send(Event::Kind kind, int vertex, std::string text, int stream) {
  const std::lock_guard lock(mutex_);
  sink_.on(Event{
      .kind = kind, .vertex = vertex, .text = std::move(text), .stream = stream, .at = elapsed()});
}

}  // namespace suit::build
