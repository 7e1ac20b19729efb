/// \file
/// A build's progress as plain lines, for logs and pipes: BuildKit's grammar, byte for byte.
///
///     #5 [2/3] RUN make
///     #5 0.248 cc -c main.c
///     #5 DONE 0.3s
///
/// \source BuildKit, util/progress/progressui

#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "build/progress.h"

namespace suit::cli {

/// \p text without what a terminal would obey: escape sequences are dropped, other control bytes
/// are shown as `?`. Of `a\rb` only `b` is kept, as a terminal would show it. Tabs stay.
std::string sanitize(std::string_view text);

enum class Sanitize { No, Yes };

/// Prints one block a vertex. A vertex keeps the page until it ends; what others say meanwhile
/// waits, unless it has been silent for long.
class PlainProgress final : public build::ProgressSink {
 public:
  /// \param sanitize Yes when \p out is a terminal: a container's output must not drive it.
  PlainProgress(Writer& out, Sanitize sanitize) : out_(out), sanitize_(sanitize) {}
  void on(const build::Event& event) override;
  void finish() override;

 private:
  struct Vertex {
    std::string name;
    std::chrono::nanoseconds started{};
    bool finished = false;
    bool shown = false;
    std::vector<build::Event> waiting;
  };
  void show(const build::Event& event);
  void switch_to(int vertex);
  void release_waiting();
  void line(std::string_view text);

  Writer& out_;
  Sanitize sanitize_;
  std::map<int, Vertex> vertices_;
  int current_ = 0;
  bool first_block_ = true;
  std::chrono::nanoseconds last_line_at_{};
};

}  // namespace suit::cli
