/// \file
/// What a pull or a push shows: Docker's lines, one a blob; on a terminal each in its place, with a
/// bar.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/stream.h"
#include "registry/plan.h"

namespace suit::cli {

/// `[=====>    ]  12.3MB/45.6MB`, as Docker draws it.
std::string progress_bar(std::uint64_t done, std::uint64_t total);

/// Told by several threads; writes when a blob's state changes, on a terminal ten times a second.
class TransferDisplay {
 public:
  enum class Verb { Pull, Push };
  enum class Style { Plain, Terminal, Quiet };
  TransferDisplay(Writer& out, Verb verb, Style style) : out_(out), verb_(verb), style_(style) {}

  void on(const registry::BlobProgress& progress);
  registry::OnProgress callback() {
    return [this](const registry::BlobProgress& progress) { on(progress); };
  }

 private:
  struct Line {
    registry::BlobProgress progress;
    bool is_drawn = false;
  };
  std::string text_of(const registry::BlobProgress& progress) const;
  void draw(std::size_t index);

  Writer& out_;
  Verb verb_;
  Style style_;
  std::mutex mutex_;
  std::vector<Line> lines_;
  std::size_t drawn_ = 0;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace suit::cli
