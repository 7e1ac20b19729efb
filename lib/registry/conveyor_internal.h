/// \file
/// From a thread that writes to one that reads: a bounded queue of bytes.

#pragma once

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/stream.h"

namespace suit::registry {

/// Turns a `Writer` (a compressor writes) into a `Reader` (an upload reads). Holds 4 MiB at most.
class Conveyor final : public Writer, public Reader {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return buffer_.size() - at_ < kRoom || abandoned_; });
    if (abandoned_) return fail(ECANCELED, "nobody reads any more");
    buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    changed_.notify_all();
    return {};
  }
  /// No more comes; or the reason why not.
  void finish(Result<void> outcome) {
    std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    changed_.notify_all();
  }
  Result<std::size_t> read(std::span<std::byte> out) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return at_ < buffer_.size() || outcome_; });
    if (at_ == buffer_.size()) {
      if (!*outcome_) return std::unexpected(outcome_->error());
      return 0U;
    }
    std::size_t count = std::min(out.size(), buffer_.size() - at_);
    std::copy_n(reinterpret_cast<const std::byte*>(buffer_.data()) + at_, count, out.data());
    at_ += count;
    if (at_ == buffer_.size()) {
      buffer_.clear();
      at_ = 0;
    }
    changed_.notify_all();
    return count;
  }
  /// The reader has given up: the writer is told.
  void abandon() {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr std::size_t kRoom = 4U << 20;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::optional<Result<void>> outcome_;
  bool abandoned_ = false;
};

}  // namespace suit::registry
