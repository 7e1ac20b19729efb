/// \file
/// Exercise 2: the address is the lease.
///
///     2-lease SUBNET GATEWAY TAKEN...
///
/// SUBNET is IPv4, /16 to /30. TAKEN are names of interfaces: `s` and eight hex digits is an
/// address that is given away, everything else is somebody else's. Print the name of the interface
/// for the lowest address that is free: not the subnet's first or last, not the gateway. Print
/// `full` when there is none.
///
/// To think about: two of you ask at once. Who must notice, and how?

#include <cstdio>
#include <span>
#include <string>

/// Your part. \returns false while it is not there
static bool choose(const std::string& subnet, const std::string& gateway, std::span<char*> taken,
                   std::string& name) {
  std::fprintf(stderr, "not implemented: %s %s, %zu names%s\n", subnet.c_str(), gateway.c_str(),
               taken.size(), name.c_str());
  return false;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::string name;
  if (!choose(argv[1], argv[2], {argv + 3, argv + argc}, name)) return 99;  // 99: not implemented
  std::printf("%s\n", name.c_str());
  return 0;
}
