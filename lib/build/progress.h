/// \file
/// What a build tells while it runs: a stream of events that a printer turns into text.
///
/// A vertex is one numbered block of the display (`#5 [2/3] RUN make`). The build only sends
/// events; the plain, terminal and JSON forms are printers of the same stream, so they are tested
/// alone.

#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace suit::build {

struct Event {
  enum class Kind {
    Started,  ///< text is the vertex's name
    Status,   ///< text is a line about what is going on: `transferring context: 2B done`
    Log,      ///< text is one line of the step's own output, without newline
    Miss,     ///< text says why an earlier result of this step could not be used
    Cached,   ///< the vertex's result was there already
    Done,
    Failed,  ///< text is the error
    Warning,
  };
  Kind kind = Kind::Started;
  int vertex = 0;  ///< counts from 1, in order of first appearance
  std::string text;
  int stream = 1;                 ///< of a Log line: 1 stdout, 2 stderr
  std::chrono::nanoseconds at{};  ///< since the start of the build
};

/// Receives a build's events, one at a time, from any thread.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void on(const Event& event) = 0;
  /// No more events follow: a terminal display draws its last state.
  virtual void finish() {}
};

/// Drops everything: `--quiet`.
class NoProgress final : public ProgressSink {
 public:
  void on(const Event&) override {}
};

/// Numbers the vertices and stamps the events. Safe to use from several threads.
class Reporter {
 public:
  explicit Reporter(ProgressSink& sink);
  /// Announces a vertex and returns its number.
  int start(std::string_view name);
  void send(Event::Kind kind, int vertex, std::string text = {}, int stream = 1);
  std::chrono::nanoseconds elapsed() const;

 private:
  std::mutex mutex_;
  ProgressSink& sink_;
  std::chrono::steady_clock::time_point begin_;
  int last_vertex_ = 0;
};

}  // namespace suit::build
