#include "runtime/limits.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"

namespace suit::runtime {
namespace {

// By number, as x86-64 and aarch64 have them.
constexpr std::array<std::string_view, 16> kNames = {
    "RLIMIT_CPU",      "RLIMIT_FSIZE", "RLIMIT_DATA",   "RLIMIT_STACK",
    "RLIMIT_CORE",     "RLIMIT_RSS",   "RLIMIT_NPROC",  "RLIMIT_NOFILE",
    "RLIMIT_MEMLOCK",  "RLIMIT_AS",    "RLIMIT_LOCKS",  "RLIMIT_SIGPENDING",
    "RLIMIT_MSGQUEUE", "RLIMIT_NICE",  "RLIMIT_RTPRIO", "RLIMIT_RTTIME"};

}  // namespace

std::optional<unsigned> rlimit_number(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kNames.begin());
}

std::string_view rlimit_name(unsigned number) {
  return number < kNames.size() ? kNames[number] : std::string_view();
}

std::string suggest_rlimit(std::string_view name) { return did_you_mean(name, kNames); }

}  // namespace suit::runtime
