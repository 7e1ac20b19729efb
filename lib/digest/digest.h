/// \file
/// `algorithm:hex`, the name of content by its hash.
/// \source OCI image-spec, descriptor.md, "Digests"

#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace suit::digest {

/// A well-formed digest, such as `sha256:` and 64 lower-case hex digits. Never empty once parsed.
class Digest {
 public:
  Digest() = default;
  /// \errors 0 with the reason: no colon, unknown algorithm, wrong length, upper-case hex.
  static Result<Digest> parse(std::string_view text);
  /// From a raw SHA-256 \p hex that is known to be 64 lower-case digits.
  static Digest sha256(std::string_view hex);

  bool empty() const noexcept { return text_.empty(); }
  const std::string& text() const noexcept { return text_; }
  std::string_view algorithm() const;
  std::string_view hex() const;
  /// The first 12 hex digits, as tables show an id.
  std::string_view short_hex() const { return hex().substr(0, 12); }

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace suit::digest
