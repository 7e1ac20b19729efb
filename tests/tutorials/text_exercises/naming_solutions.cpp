/// \file
/// Right answers to the exercises of chapter 8, for the grader's own test: the module does the
/// work.
///
///     naming_solutions split|canonical NAME
///     naming_solutions id TEXT ID...
///
/// And wrong ones that forget a rule each: `split-port`, `canonical-library`, `id-first`.

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "naming/grammar.h"
#include "naming/id.h"

namespace {
namespace naming = suit::naming;

int print_split(const std::string& name, bool port_is_tag) {
  const std::size_t slash = name.find('/');
  const std::string first = name.substr(0, slash);
  const bool has_registry =
      slash != std::string::npos &&
      (first == "localhost" ||
       first.find_first_of(".:ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos);
  const auto parts = has_registry
                         ? naming::split_rest(first, std::string_view(name).substr(slash + 1))
                         : naming::split_rest({}, name);
  if (!parts) return 1;
  const auto shown = [](std::string_view part) { return std::string(part.empty() ? "-" : part); };
  std::string registry = shown(parts->domain);
  if (port_is_tag) registry = registry.substr(0, registry.find(':'));
  std::printf("%s\n%s\n%s\n%s\n", registry.c_str(), shown(parts->path).c_str(),
              shown(parts->tag).c_str(), shown(parts->digest).c_str());
  return 0;
}

int print_canonical(const std::string& text, bool forget_library) {
  const auto name = naming::parse_reference(text);
  if (!name) return 1;
  std::string full = name->canonical();
  if (forget_library && full.starts_with("docker.io/library/")) full.erase(10, 8);
  std::puts(full.c_str());
  return 0;
}

int print_id(const std::string& text, std::set<std::string> given, bool first) {
  std::vector<suit::digest::Digest> ids;
  for (const std::string& one : given)
    ids.push_back(suit::digest::Digest::parse(one).value());
  const auto found = naming::resolve_id(text, ids);
  if (!found)
    std::puts(first ? ids.front().text().c_str() : "ambiguous");
  else
    std::puts(*found ? ids[**found].text().c_str() : "none");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string verb = argv[1];
  if (verb.starts_with("split")) return print_split(argv[2], verb == "split-port");
  if (verb.starts_with("canonical")) return print_canonical(argv[2], verb == "canonical-library");
  return print_id(argv[2], std::set<std::string>(argv + 3, argv + argc), verb == "id-first");
}
