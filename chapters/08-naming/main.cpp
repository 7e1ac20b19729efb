/// \file
/// Chapter 8: a name is an address.
///
///     08-naming cut|address NAME...
///
/// `cut` shows the three cuts that take a name apart; `address` the place on the network that it
/// means. No network is used. \see tutorials/08-naming.md

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "naming/grammar.h"
#include "naming/reference.h"

namespace {
using suit::Result;
namespace naming = suit::naming;

//> cut
struct Cut {
  std::string_view registry, repository, tag, digest;
};

bool is_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos;
}

Cut cut(std::string_view name) {
  Cut parts;
  if (std::size_t at = name.find('@'); at != std::string_view::npos) {  // no name holds an @
    parts.digest = name.substr(at + 1);
    name = name.substr(0, at);
  }
  std::size_t colon = name.rfind(':');  // a colon with a slash behind it is a port's
  if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
    parts.tag = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  std::size_t slash = name.find('/');
  if (slash != std::string_view::npos && is_registry(name.substr(0, slash))) {
    parts.registry = name.substr(0, slash);
    name = name.substr(slash + 1);
  }
  parts.repository = name;
  return parts;
}
//< cut

void print_cut(std::string_view name) {
  auto shown = [](std::string_view part) { return part.empty() ? "-" : part; };
  const Cut parts = cut(name);
  fmt::print("registry {}  repository {}  tag {}  digest {}\n", shown(parts.registry),
             shown(parts.repository), shown(parts.tag), shown(parts.digest));
}

//> address
Result<std::string> address_of(std::string_view name) {
  SUIT_LET(naming::Reference full, naming::parse_reference(name));
  const bool is_hub = full.domain == "docker.io";  // the name of a house, not of its door
  const bool is_here = full.domain.starts_with("localhost") || full.domain.starts_with("127.");
  return fmt::format("{}://{}/v2/{}/manifests/{}", is_here ? "http" : "https",
                     is_hub ? "registry-1.docker.io" : full.domain, full.path,
                     full.digest.empty() ? full.tag : full.digest.text());
}
//< address

int print_address(std::string_view name) {
  Result<std::string> address = address_of(name);
  if (address) {
    fmt::print("{}\n", *address);
    return 0;
  }
  fmt::print(stderr, "08-naming: {}\n{}  help: {}\n", address.error().message(),
             address.error().excerpt(), address.error().hint());
  return 1;
}
}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 2 ? argv[1] : "";
  if (verb != "cut" && verb != "address") {
    fmt::print(stderr, "usage: 08-naming cut|address NAME...\n");
    return 2;
  }
  int code = 0;
  for (const std::string_view name : std::vector<std::string_view>(argv + 2, argv + argc)) {
    if (verb == "cut")
      print_cut(name);
    else
      code |= print_address(name);
  }
  return code;
}
