/// \file
/// `suit-lesson`: keeps the lessons true.
///
///     suit-lesson sync    FILE.md...   rewrite the code blocks from the sources
///     suit-lesson check   FILE.md...   fail where a code block or a link is stale
///     suit-lesson run     FILE.md...   execute every command and compare what it prints
///     suit-lesson promote FILE.md...   execute, and write what was really printed
///
/// Exit code: 0 all true, 1 a lesson is wrong, 2 wrong usage.
/// \see tutorials/README.md

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "os/file.h"
#include "runner/lesson.h"
#include "runner/run.h"
#include "runner/sync.h"

namespace {

using suit::Result;
using namespace suit::lesson;

constexpr std::string_view kUsage =
    "usage: suit-lesson sync|check|run|promote [--root DIR] [--bin DIR] FILE.md...\n"
    "  --root DIR  the repository (default: the current directory)\n"
    "  --bin DIR   put DIR on the lessons' PATH (default: where suit-lesson is); may be repeated\n";

struct Arguments {
  std::string verb;
  RunOptions options;
  std::vector<std::string> files;
};

bool read_arguments(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--root" || word == "--bin") {
      if (++i == argc) return false;
      if (word == "--root") out.options.root = argv[i];
      if (word == "--bin") out.options.path.emplace_back(argv[i]);
    } else if (out.verb.empty()) {
      out.verb = word;
    } else {
      out.files.emplace_back(word);
    }
  }
  bool known =
      out.verb == "sync" || out.verb == "check" || out.verb == "run" || out.verb == "promote";
  return known && !out.files.empty();
}

void fill_defaults(RunOptions& options) {
  if (options.root.empty()) options.root = ".";
  char* full = ::realpath(options.root.c_str(), nullptr);
  if (full != nullptr) options.root = full;
  std::free(full);
  if (!options.path.empty()) return;
  auto self = suit::os::read_link(suit::os::FdRef::cwd(), "/proc/self/exe");
  if (self) options.path.push_back(self->substr(0, self->rfind('/')));
}

void print_all(const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    fmt::print(stderr, "{}\n", line);
}

Result<bool> sync(const Lesson& lesson, const RunOptions& options) {
  SUIT_LET(std::string text, synced_text(lesson, options.root));
  SUIT_LET(std::string before, suit::os::read_file(lesson.path));
  if (text == before) return true;
  SUIT_TRY(suit::os::replace_file(lesson.path, text, 0644));
  fmt::print("{}: rewritten\n", lesson.path);
  return true;
}

Result<bool> check(const Lesson& lesson, const RunOptions& options) {
  SUIT_LET(std::vector<std::string> problems, stale_blocks(lesson, options.root));
  print_all(problems);
  return problems.empty();
}

Result<bool> run(const Lesson& lesson, const Arguments& arguments) {
  SUIT_LET(RunReport report, run_lesson(lesson, arguments.options));
  print_all(report.problems);
  print_all(report.skipped);
  fmt::print("{}: {} commands, {} executed, {} wrong\n", lesson.path, report.commands,
             report.executed, report.problems.size());
  if (arguments.verb != "promote") return report.problems.empty();
  if (!report.problems.empty())
    SUIT_TRY(suit::os::replace_file(lesson.path, report.promoted, 0644));
  return true;
}

Result<bool> run_verb(const Arguments& arguments) {
  std::vector<Lesson> lessons;
  for (const std::string& file : arguments.files) {
    SUIT_LET(std::string text, suit::os::read_file(file));
    SUIT_LET(Lesson lesson, parse_lesson(file, text));
    lessons.push_back(std::move(lesson));
  }
  bool good = true;
  for (const Lesson& lesson : lessons) {
    auto one = arguments.verb == "sync"    ? sync(lesson, arguments.options)
               : arguments.verb == "check" ? check(lesson, arguments.options)
                                           : run(lesson, arguments);
    if (!one) return one;
    good = good && *one;
  }
  if (arguments.verb != "check") return good;
  SUIT_LET(std::vector<std::string> unused, unused_regions(lessons, arguments.options.root));
  print_all(unused);
  return good && unused.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!read_arguments(argc, argv, arguments)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  fill_defaults(arguments.options);
  auto good = run_verb(arguments);
  if (!good) {
    fmt::print(stderr, "suit-lesson: {}\n", good.error().message());
    if (!good.error().hint().empty()) fmt::print(stderr, "hint: {}\n", good.error().hint());
    return 1;
  }
  return *good ? 0 : 1;
}
