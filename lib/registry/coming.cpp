#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "registry/coming_internal.h"

namespace suit::registry {

void Coming::start(os::Fd file) {
  std::lock_guard lock(mutex_);
  file_ = std::move(file);
}

void Coming::advance(std::uint64_t bytes_there) {
  {
    std::lock_guard lock(mutex_);
    there_ = bytes_there;
  }
  changed_.notify_all();
}

void Coming::finish(Result<void> outcome) {
  {
    std::lock_guard lock(mutex_);
    if (!outcome_) outcome_ = std::move(outcome);
  }
  changed_.notify_all();
}

Result<std::size_t> Coming::read(std::span<std::byte> out) {
  std::size_t want = 0;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return outcome_ || there_ > at_; });
    if (outcome_ && !*outcome_) return std::unexpected(outcome_->error());
    want = static_cast<std::size_t>(
        std::min<std::uint64_t>(out.size(), there_ - std::min(at_, there_)));
  }
  if (want == 0) return 0U;
  ssize_t got = -1;
  do {
    got = ::pread(file_.raw(), out.data(), want, static_cast<off_t>(at_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail(errno, "read a blob that is being fetched");
  at_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

Result<void> Coming::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return outcome_.has_value(); });
  return *outcome_;
}

}  // namespace suit::registry
