// OpenSSL's SHA256_* rather than its EVP layer: the same assembly (SHA-NI where the processor has
// it), but no provider to load. EVP_MD_fetch costs 0.45 ms once per process, measured in a static
// binary, which is as much as the rest of the start of `suit`; it also links in the resolver.
// They are deprecated since OpenSSL 3.0, hence the API level asked for here.
#define OPENSSL_API_COMPAT 0x10100000L  // NOLINT(readability-identifier-naming)
#include "hash/sha256.h"

#include <openssl/sha.h>

#include <array>

#include "hash/sha256_internal.h"

namespace suit::hash {

struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
}

digest::Digest Sha256::finish() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> raw{};
  SHA256_Final(raw.data(), &state_->context);
  SHA256_Init(&state_->context);
  return digest_of(raw);
}

digest::Digest digest_of(std::span<const unsigned char, 32> raw) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 2 * SHA256_DIGEST_LENGTH> hex{};
  for (std::size_t i = 0; i < raw.size(); ++i) {
    hex[2 * i] = kHex[raw[i] >> 4U];
    hex[2 * i + 1] = kHex[raw[i] & 15U];
  }
  return digest::Digest::sha256(std::string_view(hex.data(), hex.size()));
}

digest::Digest sha256(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

Result<void> HashingWriter::write(std::span<const std::byte> bytes) {
  hash_.update(bytes);
  size_bytes_ += bytes.size();
  return next_ ? next_->write(bytes) : Result<void>();
}

Result<std::size_t> HashingReader::read(std::span<std::byte> out) {
  SUIT_LET(const std::size_t count, next_.read(out));
  hash_.update(out.first(count));
  size_bytes_ += count;
  return count;
}

std::vector<digest::Digest> chain_ids(std::span<const digest::Digest> diff_ids) {
  std::vector<digest::Digest> chain;
  chain.reserve(diff_ids.size());
  for (const digest::Digest& diff_id : diff_ids) {
    if (chain.empty()) {
      chain.push_back(diff_id);
    } else {
      chain.push_back(sha256(chain.back().text() + " " + diff_id.text()));
    }
  }
  return chain;
}

}  // namespace suit::hash
