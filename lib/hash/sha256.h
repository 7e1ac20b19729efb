/// \file
/// SHA-256 by OpenSSL (SHA-NI where the processor has it), over streams and strings, and chain ids.
/// \source FIPS 180-4; OCI image-spec, config.md, "Layer ChainID"

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "digest/digest.h"

namespace suit::hash {

/// A hash in progress. Move-only.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(bytes_of(text)); }
  /// The digest of what was given, and a fresh start.
  digest::Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

digest::Digest sha256(std::string_view text);

/// Hashes and counts what passes through to another writer (or to none).
class HashingWriter final : public Writer {
 public:
  explicit HashingWriter(Writer* next = nullptr) : next_(next) {}
  Result<void> write(std::span<const std::byte> bytes) override;
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  digest::Digest finish() { return hash_.finish(); }

 private:
  Writer* next_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

/// Hashes and counts what is read through it.
class HashingReader final : public Reader {
 public:
  explicit HashingReader(Reader& next) : next_(next) {}
  Result<std::size_t> read(std::span<std::byte> out) override;
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  digest::Digest finish() { return hash_.finish(); }

 private:
  Reader& next_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

/// The name of a stack of layers: C0 = d0, Cn = sha256(Cn-1 + " " + dn). One id for each prefix.
std::vector<digest::Digest> chain_ids(std::span<const digest::Digest> diff_ids);

}  // namespace suit::hash
