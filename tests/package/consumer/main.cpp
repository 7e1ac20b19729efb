/// \file
/// A stranger's program: modules of Spacesuit, used as their READMEs say. `hash` has a dependency
/// of its own, OpenSSL, which the package must find.

#include <cstdio>

#include "hash/sha256.h"
#include "naming/reference.h"

int main() {
  auto reference = suit::naming::parse_reference("python:3.9");
  if (!reference) {
    std::fputs(reference.error().message().c_str(), stderr);
    return 1;
  }
  bool named = reference->canonical() == "docker.io/library/python:3.9";
  bool hashed = suit::hash::sha256("").short_hex() == "e3b0c44298fc";
  return named && hashed ? 0 : 1;
}
