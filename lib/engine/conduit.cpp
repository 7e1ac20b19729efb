#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "engine/conduit_internal.h"

namespace suit::engine {

Result<std::size_t> Conduit::read(std::span<std::byte> out) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return count_ > 0 || ended_; });
  if (count_ == 0 && failure_) return std::unexpected(Error(*failure_));
  std::size_t take = std::min({out.size(), count_, ring_.size() - first_});
  if (take == 0) return 0;
  std::memcpy(out.data(), ring_.data() + first_, take);
  first_ = (first_ + take) % ring_.size();
  count_ -= take;
  changed_.notify_all();
  return take;
}

Result<void> Conduit::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ < ring_.size() || left_; });
    if (left_) return fail(EPIPE, "what reads the archive has stopped");
    std::size_t at = (first_ + count_) % ring_.size();
    std::size_t room = std::min(ring_.size() - count_, ring_.size() - at);
    std::size_t take = std::min(bytes.size(), room);
    std::memcpy(ring_.data() + at, bytes.data(), take);
    count_ += take;
    bytes = bytes.subspan(take);
    changed_.notify_all();
  }
  return {};
}

void Conduit::end(std::optional<Error> failure) {
  std::lock_guard lock(mutex_);
  ended_ = true;
  failure_ = std::move(failure);
  changed_.notify_all();
}

void Conduit::leave() {
  std::lock_guard lock(mutex_);
  left_ = true;
  changed_.notify_all();
}

Result<void> pass(const std::function<Result<void>(Writer&)>& produce,
                  const std::function<Result<void>(Reader&)>& consume) {
  Conduit conduit;
  std::optional<Error> cause;
  std::thread producer([&] {
    Result<void> done = produce(conduit);
    if (!done && done.error().code() != EPIPE) cause = done.error();
    conduit.end(done ? std::nullopt : std::optional(done.error()));
  });
  Result<void> done = consume(conduit);
  conduit.leave();
  producer.join();
  if (cause) return std::unexpected(*std::move(cause));
  return done;
}

}  // namespace suit::engine
