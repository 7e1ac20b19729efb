/// \file
/// Bytes that were read to see what comes, given again before the rest.

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

namespace suit::layer {

/// The head that was read to tell the format, and then the rest.
class Prefixed : public Reader {
 public:
  Prefixed(std::vector<std::byte> head, Reader& rest) : head_(std::move(head)), rest_(rest) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t count = std::min(out.size(), head_.size() - used_);
    if (count == 0) return rest_.read(out);
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(used_), count, out.begin());
    used_ += count;
    return count;
  }
  Result<bool> skip(std::uint64_t size_bytes) override {
    if (used_ < head_.size()) return false;
    return rest_.skip(size_bytes);
  }

 private:
  std::vector<std::byte> head_;
  std::size_t used_ = 0;
  Reader& rest_;
};

/// The same, with the rest in its keeping.
class OwningPrefixed final : public Prefixed {
 public:
  OwningPrefixed(std::vector<std::byte> head, std::unique_ptr<Reader> rest)
      : Prefixed(std::move(head), *rest), owned_(std::move(rest)) {}

 private:
  std::unique_ptr<Reader> owned_;
};

}  // namespace suit::layer
