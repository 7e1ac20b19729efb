/// \file
/// Just enough JSON for the exec form: an array of strings is taken apart, any other value is only
/// recognised, because `["a", 1]` is an error and `[a]` is a shell command.

#include <cstdint>
#include <string>
#include <string_view>

#include "dockerfile/text_internal.h"
#include "dockerfile/words_internal.h"

namespace suit::dockerfile {
namespace {

// Deeper nesting is not JSON for us: no instruction needs any.
constexpr int kMaxDepth = 64;

void append_utf8(std::string& out, std::uint32_t code) {
  auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void skip_blanks() {
    while (!done() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool string(std::string& out) {
    if (!take('"')) return false;
    while (!done()) {
      char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\')
        out += c;
      else if (!escape(out))
        return false;
    }
    return false;
  }

  bool value(int depth) {
    if (depth > kMaxDepth) return false;
    skip_blanks();
    std::string ignored;
    switch (peek()) {
      case '"':
        return string(ignored);
      case '[':
        return sequence('[', ']', depth);
      case '{':
        return sequence('{', '}', depth);
      default:
        return literal("true") || literal("false") || literal("null") || number();
    }
  }

 private:
  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (done()) return false;
    char c = text_[at_++];
    std::size_t index = kNames.find(c);
    if (index != std::string_view::npos) {
      out += kValues[index];
      return true;
    }
    std::uint32_t code = 0;
    if (c != 'u' || !hex4(code)) return false;
    if (code >= 0xd800 && code < 0xe000) code = surrogate(code);
    append_utf8(out, code);
    return true;
  }

  // The second half of a pair, if it follows; what has no partner becomes U+FFFD, as in Go.
  std::uint32_t surrogate(std::uint32_t high) {
    constexpr std::uint32_t kReplacement = 0xfffd;
    std::size_t back = at_;
    std::uint32_t low = 0;
    if (high < 0xdc00 && take('\\') && take('u') && hex4(low) && low >= 0xdc00 && low < 0xe000)
      return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    at_ = back;
    return kReplacement;
  }

  bool hex4(std::uint32_t& code) {
    if (text_.size() - at_ < 4) return false;
    for (int i = 0; i < 4; ++i) {
      char c = text_[at_++];
      code <<= 4;
      if (c >= '0' && c <= '9')
        code |= static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        code |= static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        code |= static_cast<std::uint32_t>(c - 'A' + 10);
      else
        return false;
    }
    return true;
  }

  bool sequence(char open, char close, int depth) {
    take(open);
    skip_blanks();
    if (take(close)) return true;
    while (true) {
      skip_blanks();
      std::string key;
      if (open == '{') {
        if (!string(key)) return false;
        skip_blanks();
        if (!take(':')) return false;
      }
      if (!value(depth + 1)) return false;
      skip_blanks();
      if (take(close)) return true;
      if (!take(',')) return false;
    }
  }

  bool literal(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool digits() {
    std::size_t start = at_;
    while (text::is_digit(peek()))
      ++at_;
    return at_ > start;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace

JsonArray parse_json_array(std::string_view line, std::size_t begin) {
  Scanner scan(line, begin);
  JsonArray array;
  bool only_strings = true;
  // The reference trims what Unicode calls blank in front, JSON's own blanks elsewhere.
  while (!scan.done() && text::is_blank(scan.peek()))
    scan.take(scan.peek());
  if (!scan.take('[')) return array;
  scan.skip_blanks();
  bool more = !scan.take(']');
  while (more) {
    scan.skip_blanks();
    std::size_t start = scan.at();
    if (scan.peek() == '"') {
      Piece piece{{}, start, 0};
      if (!scan.string(piece.text)) return {};
      piece.length = scan.at() - start;
      array.strings.push_back(std::move(piece));
    } else {
      only_strings = false;
      if (!scan.value(0)) return {};
    }
    scan.skip_blanks();
    if (scan.take(']')) break;
    if (!scan.take(',')) return {};
  }
  while (!scan.done() && text::is_blank(scan.peek()))
    scan.take(scan.peek());
  if (!scan.done()) return {};
  array.form = only_strings ? JsonForm::Strings : JsonForm::NotStrings;
  return array;
}

std::string json_string_member(std::string_view text, std::string_view key) {
  Scanner scan(text, 0);
  std::string found;
  scan.skip_blanks();
  if (!scan.take('{')) return {};
  do {
    scan.skip_blanks();
    std::string name;
    if (!scan.string(name)) return {};
    scan.skip_blanks();
    if (!scan.take(':')) return {};
    scan.skip_blanks();
    std::string value;
    bool is_string = scan.peek() == '"';
    if (is_string ? !scan.string(value) : !scan.value(0)) return {};
    if (name == key && is_string) found = value;
    scan.skip_blanks();
  } while (scan.take(','));
  if (!scan.take('}')) return {};
  scan.skip_blanks();
  return scan.done() ? found : std::string();
}

}  // namespace suit::dockerfile
