#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace suit::cli {
namespace {

struct Rune {
  char32_t code = 0;
  std::size_t length = 0;  ///< bytes; 0: not UTF-8
};

// Decodes the character at the front of \p text, which is not empty. Strict: overlong forms and
// surrogates are not UTF-8.
Rune decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xc2 || lead > 0xf4) return {};
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < length) return {};
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  const char32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

// Characters that reorder or hide what is around them (Unicode bidirectional controls): a name must
// read as it is.
bool is_hidden(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

struct Range {
  char32_t first, last;
};

// East Asian Wide and Fullwidth, in blocks (Unicode 15, EastAsianWidth.txt).
constexpr std::array kWide = {
    Range{0x1100, 0x115f},   Range{0x231a, 0x231b},   Range{0x2e80, 0x303e},
    Range{0x3041, 0x33ff},   Range{0x3400, 0x4dbf},   Range{0x4e00, 0x9fff},
    Range{0xa000, 0xa4cf},   Range{0xa960, 0xa97f},   Range{0xac00, 0xd7a3},
    Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
    Range{0xffe0, 0xffe6},   Range{0x16fe0, 0x18aff}, Range{0x1b000, 0x1b2ff},
    Range{0x1f300, 0x1f64f}, Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff},
    Range{0x20000, 0x3fffd}};

std::size_t width_of(char32_t code) {
  return std::any_of(kWide.begin(), kWide.end(),
                     [&](Range range) { return code >= range.first && code <= range.last; })
             ? 2
             : 1;
}

}  // namespace

std::string safe(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode(text);
    const std::size_t length = std::max<std::size_t>(rune.length, 1);
    const bool plain = rune.length != 0 && (rune.code == '\n' || rune.code == '\t' ||
                                            (!is_control(rune.code) && !is_hidden(rune.code)));
    if (plain) {
      out += text.substr(0, length);
    } else {
      for (char c : text.substr(0, length))
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(length);
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = decode(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Rune rune = decode(text);
    width += rune.length == 0 ? 1 : width_of(rune.code);
    text.remove_prefix(std::max<std::size_t>(rune.length, 1));
  }
  return width;
}

std::string ellipsis(std::string_view text, std::size_t width) {
  if (width == 0 || text.empty()) return "";
  // Docker's one column always shows a character, even one that needs two.
  if (width == 1) return std::string(text.substr(0, std::max<std::size_t>(decode(text).length, 1)));
  if (display_width(text) <= width) return std::string(text);
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const Rune rune = decode(text.substr(end));
    const std::size_t columns = rune.length == 0 ? 1 : width_of(rune.code);
    if (used + columns > width - 1) break;
    used += columns;
    end += std::max<std::size_t>(rune.length, 1);
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string short_id(std::string_view id) {
  const std::size_t colon = id.find(':');
  if (colon != std::string_view::npos) id.remove_prefix(colon + 1);
  return std::string(id.substr(0, 12));
}

std::vector<std::string> wrap_text(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, end);
    std::string& line = lines.back();
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.emplace_back(word);
    } else {
      if (!line.empty()) line += ' ';
      line += word;
    }
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') lines.emplace_back();
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string Table::text() const {
  constexpr std::size_t kLeast = 10;
  constexpr std::size_t kGap = 3;
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max({widths[i], display_width(safe(row[i])) + kGap, kLeast});
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = safe(row[i]);
      out += cell;
      if (i + 1 < row.size()) out.append(widths[i] - display_width(cell), ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace suit::cli
