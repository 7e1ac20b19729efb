// Any bytes as a word: expansion must end, within its bounds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "dockerfile/expand.h"
#include "dockerfile/mount.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto lookup = [](std::string_view name) -> std::optional<std::string> {
    if (name.size() > 1) return std::nullopt;
    return name == "e" ? "" : "a/b a*b?" + std::string(name);
  };
  for (char escape : {'\\', '`'}) {
    auto plain = suit::dockerfile::expand_with_names(text, escape, lookup);
    if (plain && plain->text.size() > suit::dockerfile::kMaxExpandedBytes) std::abort();
    (void)suit::dockerfile::expand_with_names(
        text, escape, lookup, {.keep_quotes = true, .keep_escapes = true, .keep_unset = true});
    (void)suit::dockerfile::expand_with_names(text, escape, lookup, {.literal_quotes = true});
    (void)suit::dockerfile::parse_mount(text, escape, lookup);
  }
  return 0;
}
