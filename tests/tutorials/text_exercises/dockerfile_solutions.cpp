/// \file
/// Right answers to the exercises of chapter 6, for the grader's own test: the module does the
/// work.
///
///     dockerfile_solutions lines|stages < Dockerfile
///     dockerfile_solutions expand WORD [NAME=VALUE]...
///
/// And wrong ones that forget a rule each: `lines-no-comments`, `expand-empty`, `stages-direct`.

#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "dockerfile/expand.h"
#include "dockerfile/parse.h"

namespace {
namespace df = suit::dockerfile;

void print_lines(std::string text, bool forget_comments) {
  if (forget_comments)  // as if `#` behind a continuation were text
    for (std::size_t at = 0; (at = text.find("\n  # an", at)) != std::string::npos;)
      text.replace(at, 5, "\n  % a");
  for (const df::LogicalLine& line : df::parse_lines(text).lines)
    std::cout << line.span.line << ' ' << line.text << '\n';
}

int print_stages(const std::string& text, bool only_direct) {
  const df::ParseResult parsed = df::parse("Dockerfile", text);
  const df::ResolveResult resolved = df::resolve(parsed.file, {});
  if (!parsed.ok() || !resolved.ok()) return 1;
  std::set<std::size_t> needed(resolved.resolution.order.begin(), resolved.resolution.order.end());
  if (only_direct) {
    needed = {resolved.resolution.target};
    for (const df::Dependency& one :
         resolved.resolution.stages[resolved.resolution.target].dependencies)
      if (one.stage) needed.insert(*one.stage);
  }
  const char* blank = "";
  for (std::size_t index : needed) {
    std::cout << blank << index;
    blank = " ";
  }
  std::cout << '\n';
  return 0;
}

int print_expansion(int argc, char** argv, bool empty_is_set) {
  std::map<std::string, std::string, std::less<>> variables;
  for (int i = 3; i < argc; ++i) {
    const std::string_view given = argv[i];
    variables.emplace(given.substr(0, given.find('=')), given.substr(given.find('=') + 1));
  }
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return empty_is_set && found->second.empty() ? "empty" : found->second;
  };
  const auto text = df::expand(argv[2], '\\', lookup);
  if (!text) return 1;
  std::cout << *text << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb.starts_with("expand") && argc > 2)
    return print_expansion(argc, argv, verb == "expand-empty");
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (verb.starts_with("stages")) return print_stages(text, verb == "stages-direct");
  print_lines(text, verb == "lines-no-comments");
  return 0;
}
