/// \file
/// Signal names; the table is the kernel's, by number.
/// \see signal(7)

#include <array>
#include <charconv>
#include <csignal>
#include <string>

#include <fmt/format.h>

#include "base/suggest.h"
#include "engine/record.h"

namespace suit::engine {
namespace {

struct Named {
  std::string_view name;
  int number;
};

constexpr std::array<Named, 34> kSignals = {{
    {"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},   {"IOT", SIGABRT},  {"BUS", SIGBUS},
    {"FPE", SIGFPE},   {"KILL", SIGKILL},   {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", 16},    {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG},   {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"POLL", SIGIO},
    {"PWR", SIGPWR},   {"SYS", SIGSYS},
}};

// Real-time signals as the kernel numbers them; a C library keeps the first two for itself.
constexpr int kRtMin = 34;
constexpr int kRtMax = 64;

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

int number_of(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 1 && value <= kRtMax ? value : 0;
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  if (int number = number_of(text)) return number;
  std::string name = upper(text.substr(0, 32));
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (const Named& signal : kSignals)
    if (signal.name == name) return signal.number;
  if (name == "RTMIN") return kRtMin;
  if (name == "RTMAX") return kRtMax;
  if (name.starts_with("RTMIN+"))
    if (int offset = number_of(std::string_view(name).substr(6));
        offset > 0 && offset <= kRtMax - kRtMin)
      return kRtMin + offset;
  std::array<std::string_view, kSignals.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = kSignals[i].name;
  return fail(
      0, fmt::format("invalid signal: \"{}\"{}", text.substr(0, 32), did_you_mean(name, names)));
}

}  // namespace suit::engine
