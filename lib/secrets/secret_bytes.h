/// \file
/// The one carrier of a secret value inside this process.
///
/// Locked in memory (no swap), left out of core dumps and of forked children, wiped at the end.
/// There is no way to print it: no stream operator, no conversion to std::string.
/// \see mlock(2), madvise(2) MADV_DONTDUMP, MADV_WIPEONFORK

#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace suit::secrets {

/// BuildKit's limit, and large enough for a chain of certificates.
constexpr std::size_t kMaxSecretBytes = 512'000;

class [[nodiscard]] SecretBytes {
 public:
  static Result<SecretBytes> copy_of(std::string_view value);
  /// Reads to the end of \p fd.
  /// \errors EFBIG above `kMaxSecretBytes`
  static Result<SecretBytes> read_from(os::FdRef fd);

  SecretBytes() noexcept = default;
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  std::size_t size() const noexcept { return size_; }
  /// The value, for the one place that must hand it on. Do not keep it, do not copy it into a
  /// string that outlives the call.
  std::string_view reveal() const noexcept { return {data_, size_}; }

 private:
  static Result<SecretBytes> allocate(std::size_t capacity_bytes);
  char* data_ = nullptr;  ///< whole pages of their own
  std::size_t size_ = 0;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace suit::secrets
