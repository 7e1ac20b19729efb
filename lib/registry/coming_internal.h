/// \file
/// A blob that one thread brings and another reads behind it, through the file.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "base/stream.h"
#include "os/fd.h"

namespace suit::registry {

/// The reader never holds the bringer up: what is ahead lies in the page cache, not in a queue.
class Coming final : public Reader {
 public:
  // The bringer's side.
  void start(os::Fd file);
  void advance(std::uint64_t bytes_there);
  void finish(Result<void> outcome);

  // The reader's side.
  /// Waits for bytes. \errors the bringer's
  Result<std::size_t> read(std::span<std::byte> out) override;
  /// Waits for the end: the bringer's outcome.
  Result<void> wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  os::Fd file_;
  std::uint64_t there_ = 0;
  std::optional<Result<void>> outcome_;
  std::uint64_t at_ = 0;  ///< the reader's
};

}  // namespace suit::registry
