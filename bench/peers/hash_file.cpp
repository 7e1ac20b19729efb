/// \file
/// `suit-hash FILE`: the engine's SHA-256 over a file, to stand beside `sha256sum` and `openssl
/// dgst`.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "hash/sha256.h"
#include "os/fd.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: suit-hash FILE\n", stderr);
    return 2;
  }
  auto file = suit::os::open_at(suit::os::FdRef::cwd(), argv[1], O_RDONLY);
  if (!file) {
    std::fprintf(stderr, "suit-hash: %s\n", file.error().message().c_str());
    return 1;
  }
  suit::hash::Sha256 hash;
  alignas(64) static std::array<std::byte, 256 * 1024>
      buffer;  // 256 KiB: stays in the level-2 cache
  ssize_t count = 0;
  while ((count = ::read(file->raw(), buffer.data(), buffer.size())) > 0) {
    hash.update(std::span(buffer.data(), static_cast<std::size_t>(count)));
  }
  if (count < 0) {
    std::perror("suit-hash: read");
    return 1;
  }
  std::printf("%s  %s\n", hash.finish().text().c_str(), argv[1]);
  return 0;
}
