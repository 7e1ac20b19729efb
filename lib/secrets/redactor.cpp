#include "secrets/redactor.h"

#include <string.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/split.h"

namespace suit::secrets {
namespace {

// 8 bytes: shorter lines of a longer secret (braces, `key:`) are found in innocent text.
constexpr std::size_t kShortestLineBytes = 8;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string hex(std::string_view bytes, bool upper) {
  std::string out;
  for (char c : bytes) {
    auto value = static_cast<unsigned char>(c);
    out += upper ? fmt::format("{:02X}", value) : fmt::format("{:02x}", value);
  }
  return out;
}

// The characters that `bytes` alone decide when `skip` (0 to 2) bytes stand before them: without
// the first and last, which neighbours share.
std::string base64_core(std::string_view bytes, std::size_t skip) {
  std::string padded(skip, '\0');
  padded += bytes;
  std::string out;
  for (std::size_t bit = 0; bit + 6 <= padded.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      const unsigned byte = static_cast<unsigned char>(padded[i / 8]);
      value = value << 1U | (byte >> (7 - i % 8) & 1U);
    }
    out += kBase64[value];
  }
  std::size_t shared = (skip * 8 + 5) / 6;
  std::string core = out.substr(std::min(shared, out.size()));
  ::explicit_bzero(padded.data(), padded.size());
  ::explicit_bzero(out.data(), out.size());
  return core;
}

std::string percent_encoded(std::string_view bytes) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (char c : bytes) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 kPlain.find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

void Redactor::add_needle(std::size_t secret, std::string_view bytes) {
  if (bytes.size() < kShortestBytes) return;
  for (const Needle& known : needles_)
    if (known.bytes.reveal() == bytes) return;
  auto copy = SecretBytes::copy_of(bytes);
  if (copy) needles_.push_back({secret, *std::move(copy)});
}

bool Redactor::add(const std::string& id, const SecretBytes& secret) {
  std::string_view value = secret.reveal();
  while (value.ends_with('\n') || value.ends_with('\r'))
    value.remove_suffix(1);
  if (value.size() < kShortestBytes) return false;
  std::size_t index = ids_.size();
  ids_.push_back(id);
  add_needle(index, value);
  for (std::string_view line : split(value, '\n'))
    if (line.size() >= kShortestLineBytes) add_needle(index, line);
  auto add_encoded = [&](std::string encoded) {
    add_needle(index, encoded);
    ::explicit_bzero(encoded.data(), encoded.size());
  };
  add_encoded(hex(value, false));
  add_encoded(hex(value, true));
  for (std::size_t skip = 0; skip < 3; ++skip)
    add_encoded(base64_core(value, skip));
  add_encoded(percent_encoded(value));
  // Longest first: the whole of a value is masked, not a line of it.
  std::ranges::stable_sort(needles_, std::ranges::greater{},
                           [](const Needle& needle) { return needle.bytes.size(); });
  return true;
}

// The longest end of the text that is the beginning of a needle.
std::size_t Redactor::held_back() const {
  std::size_t longest = 0;
  for (const Needle& needle : needles_) {
    std::string_view bytes = needle.bytes.reveal();
    std::size_t most = std::min(bytes.size() - 1, pending_.size());
    for (std::size_t length = most; length > longest; --length) {
      if (!std::string_view(pending_).ends_with(bytes.substr(0, length))) continue;
      longest = length;
      break;
    }
  }
  return longest;
}

std::string Redactor::take(std::size_t end) {
  std::string out;
  std::size_t at = 0;
  // Where each needle is next: looked for again only once it has been passed, so that a text full
  // of one value is not searched for the others from each of its places.
  std::vector<std::size_t> next(needles_.size(), 0);
  for (bool first_round = true;; first_round = false) {
    const Needle* first = nullptr;
    std::size_t where = std::string::npos;
    for (std::size_t i = 0; i < needles_.size(); ++i) {
      if (first_round || next[i] < at) next[i] = pending_.find(needles_[i].bytes.reveal(), at);
      if (next[i] >= where) continue;
      where = next[i];
      first = &needles_[i];
    }
    if (!first || where >= end) break;
    const std::string& id = ids_[first->secret];
    if (std::ranges::find(printed_, id) == printed_.end()) printed_.push_back(id);
    out.append(pending_, at, where - at);
    if (mask_ == Mask::Yes)
      out += fmt::format("[secret {}]", id);
    else
      out += first->bytes.reveal();
    at = where + first->bytes.size();
  }
  if (end > at) {
    out.append(pending_, at, end - at);
    at = end;
  }
  pending_.erase(0, at);
  return out;
}

std::string Redactor::feed(std::string_view bytes) {
  if (needles_.empty()) return std::string(bytes);
  pending_ += bytes;
  return take(pending_.size() - held_back());
}

std::string Redactor::finish() { return take(pending_.size()); }

}  // namespace suit::secrets
