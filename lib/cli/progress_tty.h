/// \file
/// A build's progress on a terminal, redrawn in place.
///
///     [+] Building 3.4s (5/6)
///      => CACHED [2/3] COPY . /src                      0.0s
///      => [3/3] RUN make                                2.1s
///      => => # cc -c main.c

#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/stream.h"
#include "build/progress.h"

namespace suit::cli {

/// Columns and rows of the terminal now.
struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

/// Draws at most ten times a second, each time with one write: no flicker.
class TtyProgress final : public build::ProgressSink {
 public:
  /// \param size asked before every drawing, so that a resized window is followed.
  TtyProgress(Writer& out, std::function<TerminalSize()> size);
  ~TtyProgress() override;
  void on(const build::Event& event) override;
  void finish() override;

  /// The display as lines, for \p now after the start; what a drawing writes.
  std::string frame(std::chrono::nanoseconds now, TerminalSize size, bool finished) const;

 private:
  enum class State { Running, Cached, Done, Failed };
  struct Vertex {
    std::string name;
    State state = State::Running;
    std::chrono::nanoseconds started{};
    std::chrono::nanoseconds ended{};
    std::deque<std::string> log;  ///< the last lines
    std::string note;             ///< why it was not cached
  };
  void draw(bool finished);
  std::string vertex_lines(const Vertex& vertex, std::chrono::nanoseconds now,
                           unsigned columns) const;

  Writer& out_;
  std::function<TerminalSize()> size_;
  mutable std::mutex mutex_;
  std::map<int, Vertex> vertices_;
  std::chrono::steady_clock::time_point begin_;
  std::size_t drawn_lines_ = 0;
  bool finished_ = false;
  std::jthread
      ticker_;  ///< redraws while a step is silent: its time goes on; last, so it ends first
};

}  // namespace suit::cli
