// A name that is accepted has a canonical and a familiar form, and both mean the same again.

#include <cstdlib>

#include "naming/grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\n'));
  const auto name = suit::naming::parse_reference(text);
  if (!name) return 0;
  const std::string canonical = name->canonical();
  for (const std::string& form : {canonical, name->familiar()}) {
    const auto again = suit::naming::parse_reference(form);
    if (!again || again->canonical() != canonical) std::abort();
  }
  if (all.size() > text.size())
    (void)suit::naming::matches_pattern(*name, all.substr(text.size() + 1));
  return 0;
}
