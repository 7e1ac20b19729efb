#include "secrets/secret_bytes.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace suit::secrets {

Result<SecretBytes> SecretBytes::allocate(std::size_t capacity_bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t bytes = std::max(page, (capacity_bytes + page - 1) / page * page);
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return fail(errno, fmt::format("mmap({} bytes for a secret)", bytes));
  SecretBytes secret;
  secret.data_ = static_cast<char*>(pages);
  secret.mapped_bytes_ = bytes;
  // As far as the host allows: RLIMIT_MEMLOCK of a plain user may be small, and a secret that
  // cannot be locked is still worth more than none.
  [[maybe_unused]] int best_effort = ::mlock(pages, bytes);
  best_effort = ::madvise(pages, bytes, MADV_DONTDUMP);
  best_effort = ::madvise(pages, bytes, MADV_WIPEONFORK);
  return secret;
}

Result<SecretBytes> SecretBytes::copy_of(std::string_view value) {
  if (value.size() > kMaxSecretBytes)
    return fail(EFBIG,
                fmt::format("a secret of {} bytes, more than {}", value.size(), kMaxSecretBytes));
  SUIT_LET(SecretBytes secret, allocate(value.size()));
  std::ranges::copy(value, secret.data_);
  secret.size_ = value.size();
  return secret;
}

Result<SecretBytes> SecretBytes::read_from(os::FdRef fd) {
  // One byte more than allowed, to see that there is more.
  SUIT_LET(SecretBytes secret, allocate(kMaxSecretBytes + 1));
  while (secret.size_ <= kMaxSecretBytes) {
    ssize_t count =
        ::read(fd.raw(), secret.data_ + secret.size_, kMaxSecretBytes + 1 - secret.size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno, "read the secret");
    if (count == 0) return secret;
    secret.size_ += static_cast<std::size_t>(count);
  }
  return fail(EFBIG, fmt::format("the secret is larger than {} bytes", kMaxSecretBytes));
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_bytes_, other.mapped_bytes_);
  return *this;
}

SecretBytes::~SecretBytes() {
  if (!data_) return;
  ::explicit_bzero(data_, mapped_bytes_);
  ::munmap(data_, mapped_bytes_);
}

}  // namespace suit::secrets
