#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/url.h"

// What is parsed reads back as itself, and a reference never leads to another scheme.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t line = text.find('\n');
  auto url = suit::http::parse_url(text.substr(0, line));
  if (!url) return 0;
  auto again = suit::http::parse_url(url->text());
  if (!again || *again != *url) std::abort();
  if (line == std::string_view::npos) return 0;
  auto there = suit::http::resolve_url(*url, text.substr(line + 1));
  if (there && there->scheme != "http" && there->scheme != "https") std::abort();
  return 0;
}
