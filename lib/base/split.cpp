#include "base/split.h"

#include <algorithm>
#include <utility>

namespace suit {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text, std::string_view blanks) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::expected<std::vector<std::string>, std::string> csv_fields(std::string_view text) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (true) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      for (++at; true; ++at) {
        if (at >= text.size()) return std::unexpected("extraneous or missing \" in quoted-field");
        if (text[at] != '"')
          field += text[at];
        else if (at + 1 < text.size() && text[at + 1] == '"')
          field += text[++at];
        else
          break;
      }
      ++at;
      if (at < text.size() && text[at] != ',')
        return std::unexpected("extraneous or missing \" in quoted-field");
    } else {
      std::size_t end = std::min(text.find(',', at), text.size());
      field = text.substr(at, end - at);
      if (field.find('"') != std::string::npos)
        return std::unexpected("bare \" in non-quoted-field");
      at = end;
    }
    fields.push_back(std::move(field));
    if (at >= text.size()) return fields;
    ++at;
  }
}

}  // namespace suit
