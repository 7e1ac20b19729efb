/// \file
/// Bytes from one thread to another: what is packed here is unpacked there, and nothing touches the
/// disk between.

#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

namespace suit::engine {

/// A bounded queue of bytes with a writing and a reading end.
class Conduit final : public Reader, public Writer {
 public:
  Conduit() : ring_(kBytes) {}
  Result<std::size_t> read(std::span<std::byte> out) override;
  /// \errors EPIPE when the reader has left
  Result<void> write(std::span<const std::byte> bytes) override;
  /// The writer has no more; \p failure reaches the reader after what was written.
  void end(std::optional<Error> failure);
  /// The reader wants no more.
  void leave();

 private:
  static constexpr std::size_t kBytes = 1U << 20;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte> ring_;
  std::size_t first_ = 0, count_ = 0;
  bool ended_ = false, left_ = false;
  std::optional<Error> failure_;
};

/// Runs \p produce on a thread of its own and \p consume on this one, joined by a conduit. The
/// producer's error is the one to tell when both fail because of it.
Result<void> pass(const std::function<Result<void>(Writer&)>& produce,
                  const std::function<Result<void>(Reader&)>& consume);

}  // namespace suit::engine
