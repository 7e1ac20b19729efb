#include "cli/report.h"

#include <cerrno>

#include <fmt/format.h>

#include "base/steps.h"

namespace suit::cli {

std::string render_error(const Error& error) {
  std::string out = fmt::format("suit: {}\n", error.message());
  if (!error.excerpt().empty()) {
    out += error.excerpt();
    if (!out.ends_with('\n')) out += '\n';
  }
  if (const Step* step = find_step(error.step())) {
    out += fmt::format("  step: {}: {}\n   why: {}\n", step->id, step->title, step->why);
    if (!step->man.empty())
      out += fmt::format("   see: {}, tutorial {}\n", step->man, step->tutorial);
  }
  if (!error.hint().empty()) out += fmt::format("  help: {}\n", error.hint());
  return out;
}

int exit_code(const Error& error, ExitRule rule, Stopped stopped) {
  if (stopped == Stopped::ForHelp) return 0;
  if (stopped == Stopped::ByFlags) return 125;
  if (stopped == Stopped::ByArguments || rule == ExitRule::Plain) return 1;
  const int other = rule == ExitRule::Run ? 125 : 1;
  if (error.step() != "exec") return other;
  if (error.code() == ENOENT) return 127;
  return error.code() == EACCES || error.code() == ENOEXEC ? 126 : other;
}

}  // namespace suit::cli
