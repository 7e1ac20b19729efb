#include "naming/id.h"

#include <vector>

#include <fmt/format.h>

#include "naming/grammar.h"

namespace suit::naming {

Result<AnyReference> parse_any(std::string_view text) {
  if (is_identifier(text)) return digest::Digest::sha256(text);
  if (Result<digest::Digest> digest = digest::Digest::parse(text)) return *std::move(digest);
  SUIT_LET(Reference name, parse_name(text));
  return name;
}

std::string_view id_prefix(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  if (text.starts_with(kAlgorithm)) text.remove_prefix(kAlgorithm.size());
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_hex && text.size() <= 64 ? text : std::string_view();
}

Result<std::optional<std::size_t>> resolve_id(std::string_view text,
                                              std::span<const digest::Digest> ids) {
  const std::string_view prefix = id_prefix(text);
  std::optional<std::size_t> found;
  std::vector<digest::Digest> all;
  if (prefix.empty()) return found;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!ids[i].hex().starts_with(prefix)) continue;
    found = i;
    all.push_back(ids[i]);
  }
  if (all.size() > 1) return std::unexpected(ambiguous_id(text, all));
  return found;
}

Error ambiguous_id(std::string_view text, std::span<const digest::Digest> ids) {
  std::string list;
  for (const digest::Digest& id : ids)
    list += fmt::format("{}{}", list.empty() ? "" : ", ", id.short_hex());
  return Error(0, fmt::format("\"{}\" is the start of {} image ids: {}", text, ids.size(), list))
      .with_hint("give more digits, or a name");
}

}  // namespace suit::naming
