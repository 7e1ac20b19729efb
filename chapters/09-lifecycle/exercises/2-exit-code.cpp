/// \file
/// Exercise 2: the number behind `Exited`.
///
///     2-exit-code WAIT-STATUS
///
/// WAIT-STATUS is the number that wait(2) stores. Print what a shell and `suit ps -a` make of it:
/// the exit code; 128 and the signal for a program that was killed; `lives` for one that has only
/// stopped or goes on. wait(2) names macros for it. Write it without them: the low seven bits are
/// the signal, 0 for an exit, 127 for a stop; the next byte is the code; 65535 says that it goes
/// on.

#include <cstdio>
#include <cstdlib>
#include <string>

/// Your part.
static bool text_of(unsigned status, std::string& out) {
  std::fprintf(stderr, "not implemented: %u%s\n", status, out.c_str());
  return false;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string out;
  if (!text_of(static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)), out)) return 99;
  std::printf("%s\n", out.c_str());
  return 0;
}
