#include "engine/detach_keys.h"

#include <fmt/format.h>

#include "base/split.h"

namespace suit::engine {

Result<DetachKeys> DetachKeys::parse(std::string_view text) {
  DetachKeys keys;
  for (std::string_view key : split(text, ',')) {
    if (key.size() == 1) {
      keys.sequence_ += key[0];
      continue;
    }
    std::string_view letter = key;
    const bool is_control = letter.starts_with("ctrl-");
    if (is_control) letter.remove_prefix(5);
    const char c = letter.size() == 1 ? letter[0] : '\0';
    // ctrl-a is 1 … ctrl-z 26, ctrl-@ 0 and ctrl-[ 27 … ctrl-_ 31: the letter's low five bits.
    const bool has_code = (c >= 'a' && c <= 'z') || c == '@' || (c >= '[' && c <= '_');
    if (!is_control || !has_code)
      return fail(0, fmt::format("invalid detach keys (\"{}\"): unknown key \"{}\"", text, key),
                  "a letter, or ctrl- and one of a-z @ [ \\ ] ^ _, with commas between");
    keys.sequence_ += static_cast<char>(c & 0x1f);
  }
  return keys;
}

DetachKeys DetachKeys::usual() {
  DetachKeys keys;
  keys.sequence_ = "\x10\x11";  // ctrl-p, ctrl-q
  return keys;
}

DetachKeys::Typed DetachKeys::feed(std::string_view bytes) {
  if (sequence_.empty()) return {std::string(bytes), false};
  Typed out;
  for (const char byte : bytes) {
    if (byte == sequence_[matched_]) {
      if (++matched_ < sequence_.size()) continue;
      matched_ = 0;
      out.detached = true;
      return out;
    }
    out.bytes.append(sequence_, 0, matched_);
    matched_ = byte == sequence_[0] ? 1 : 0;
    if (matched_ == 0) out.bytes += byte;
  }
  return out;
}

}  // namespace suit::engine
