#include "digest/digest.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace suit::digest {
namespace {

struct Algorithm {
  std::string_view name;
  std::size_t hex_digits;
};

// The algorithms that the specification registers; content under any other could not be verified.
constexpr std::array kAlgorithms = {Algorithm{"sha256", 64}, Algorithm{"sha384", 96},
                                    Algorithm{"sha512", 128}};

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Of every byte, without a branch: a digest's digits are as good as random.
bool is_lower_hex(std::string_view text) {
  unsigned strangers = 0;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    strangers |= static_cast<unsigned>(byte - unsigned{'0'} > 9) &
                 static_cast<unsigned>(byte - unsigned{'a'} > 5);
  }
  return strangers == 0;
}

bool is_encoded(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '=' || c == '_' || c == '-';
}

// algorithm ::= component (separator component)*, component ::= [a-z0-9]+, separator ::= [+._-]
bool is_algorithm(std::string_view text) {
  bool after_component = false;
  for (char c : text) {
    if (is_lower_or_digit(c)) {
      after_component = true;
    } else if (after_component && std::string_view("+._-").find(c) != std::string_view::npos) {
      after_component = false;
    } else {
      return false;
    }
  }
  return after_component;
}

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size())
    return fail(0,
                fmt::format("invalid checksum digest format: \"{}\" is not algorithm:hex", text));
  const std::string_view algorithm = text.substr(0, colon);
  const std::string_view encoded = text.substr(colon + 1);

  const auto* known = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                   [&](const Algorithm& a) { return a.name == algorithm; });
  if (known == kAlgorithms.end()) {
    if (!is_algorithm(algorithm) || !std::all_of(encoded.begin(), encoded.end(), is_encoded))
      return fail(0, fmt::format("invalid checksum digest format: \"{}\"", text));
    return fail(0, fmt::format("unsupported digest algorithm: \"{}\" in \"{}\"", algorithm, text),
                "sha256, sha384 and sha512 are known");
  }
  if (encoded.size() != known->hex_digits)
    return fail(
        0, fmt::format("invalid checksum digest length: \"{}\" has {} hex digits, {} has {}", text,
                       encoded.size(), algorithm, known->hex_digits));
  if (!is_lower_hex(encoded))
    return fail(0,
                fmt::format("invalid checksum digest format: \"{}\" is not lower-case hex", text));
  return Digest(std::string(text));
}

Digest Digest::sha256(std::string_view hex) { return Digest(std::string("sha256:").append(hex)); }

std::string_view Digest::algorithm() const {
  return std::string_view(text_).substr(0, std::min(text_.find(':'), text_.size()));
}

std::string_view Digest::hex() const {
  const std::size_t colon = text_.find(':');
  return colon == std::string::npos ? std::string_view()
                                    : std::string_view(text_).substr(colon + 1);
}

}  // namespace suit::digest
