/// \file
/// Exercise 3: whose side is it on?
///
///     3-whose-side < FACTS
///
/// FACTS are lines `NAME yes` or `NAME no`, in any order; what is not named is unknown and counts
/// as yes:
///
///     gpu module nodes libraries smi      the host's five: smi is nvidia-smi on the host
///     cuda framework libc                 the image's three
///     asked                               --gpus was given
///
/// Print `ok`, `host`, `image`, `both` or `request`. The request counts only when host and image
/// are well. Exit 0.
///
/// \see tutorials/12-gpu.md; lib/gpu/doctor.h afterwards

#include <cstdio>
#include <iostream>
#include <string>

/// Your part. \returns the exit code
static int name_side(std::istream& facts) {
  (void)facts;
  std::fputs("not implemented: name the side\n", stderr);
  return 99;  // the grader's "not implemented"
}

int main() { return name_side(std::cin); }
