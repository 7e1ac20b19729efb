/// \file
/// A main for fuzzers that are built without libFuzzer: runs every file named on the command line.

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <fmt/format.h>

#include "os/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    auto text = suit::os::read_file(argv[i]);
    if (!text) {
      fmt::print(stderr, "{}\n", text.error().message());
      return 1;
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text->data()), text->size());
  }
  return argc > 1 ? 0 : 2;
}
