#include "cli/console.h"

#include <unistd.h>

#include <cerrno>

#include "cli/text.h"

namespace suit::cli {
namespace {

constexpr std::size_t kFlushAt = 64U << 10;  // a pipe's capacity, pipe(7)

Result<void> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(errno, descriptor == STDOUT_FILENO ? "write to stdout" : "write to stderr");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

void Console::text(std::string_view text) { append(safe(text)); }

void Console::raw(std::string_view text) {
  append(is_terminal(STDOUT_FILENO) ? safe(text) : std::string(text));
}

void Console::append(std::string_view text) {
  pending_ += text;
  // An error shows again at the final flush, which reports it.
  if (pending_.size() >= kFlushAt && write_all(STDOUT_FILENO, pending_)) pending_.clear();
}

void Console::complain(std::string_view text) const {
  // Nobody is left to be told when stderr is gone.
  (void)write_all(STDERR_FILENO, safe(text));
}

Result<void> Console::flush() {
  Result<void> written = write_all(STDOUT_FILENO, pending_);
  pending_.clear();
  return written;
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

}  // namespace suit::cli
