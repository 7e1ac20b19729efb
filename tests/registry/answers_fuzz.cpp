// Whatever a registry says, what comes out of the readers could be put into a header or shown on a
// terminal.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "registry/challenge.h"
#include "registry/document.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_header_safe(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

// The first byte says whose answer the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace suit;  // NOLINT(google-build-using-namespace): a program of one function
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      if (auto all = registry::parse_challenges(text))
        for (const registry::Challenge& each : *all)
          require(!each.scheme.empty());
      break;
    case 1:
      if (auto token = registry::parse_token(text)) {
        require(is_header_safe(token->text) && !token->text.empty() &&
                is_header_safe(token->refresh));
        require(token->lives.count() > 0 && token->lives.count() <= 86400);
      }
      break;
    case 2: {
      std::string line = registry::describe_errors(text);
      require(line.size() <= 400);
      require(
          std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
      break;
    }
    default:
      (void)registry::parse_document({.media_type = "", .digest = {}, .text = std::string(text)});
  }
  return 0;
}
