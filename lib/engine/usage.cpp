#include "engine/usage.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/split.h"
#include "engine/freeze.h"
#include "os/file.h"
#include "runtime/cgroup_stats.h"

namespace suit::engine {
namespace {

std::uint64_t first_number(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The number behind `key` at the start of a line; nullopt without such a line.
std::optional<std::uint64_t> value_of(std::string_view text, std::string_view key) {
  for (std::string_view line : split(text, '\n'))
    if (line.starts_with(key)) return first_number(line.substr(key.size()));
  return std::nullopt;
}

std::string proc(pid_t pid, std::string_view file) {
  return os::read_file(fmt::format("/proc/{}/{}", pid, file)).value_or("");
}

// Field `index` of /proc/PID/stat, counted as the manual page does; from 3 on.
std::uint64_t stat_field(std::string_view stat, std::size_t index) {
  std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 > stat.size()) return 0;
  auto fields = split(stat.substr(name_end + 2), ' ');
  return index - 3 < fields.size() ? first_number(fields[index - 3]) : 0;
}

// What the container's cgroups count, of which a hierarchy that it is not in counts nothing.
struct Counted {
  bool cpu = false, memory = false, tasks = false, io = false;
};

void add_process(Usage& usage, pid_t pid, const Counted& counted) {
  std::string stat = proc(pid, "stat");
  if (!counted.tasks) usage.tasks += stat_field(stat, 20);
  if (!counted.cpu) {
    auto ticks = stat_field(stat, 14) + stat_field(stat, 15);
    auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    usage.cpu += std::chrono::nanoseconds(ticks * (1'000'000'000 / per_second));
  }
  if (!counted.memory)
    usage.memory_bytes += value_of(proc(pid, "smaps_rollup"), "Pss:").value_or(0) * 1024;
  if (counted.io) return;
  std::string io = proc(pid, "io");
  usage.read_bytes += value_of(io, "read_bytes:").value_or(0);
  usage.written_bytes += value_of(io, "write_bytes:").value_or(0);
}

// `  eth0: 1296 16 0 0 0 0 0 0 816 10 …`: received bytes are the 1st number, sent ones the 9th.
void add_network(Usage& usage, pid_t pid) {
  const std::string text = proc(pid, "net/dev");
  for (std::string_view line : split(text, '\n')) {
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.substr(0, colon).ends_with(" lo") ||
        line.starts_with("lo:"))
      continue;
    std::size_t column = 0;
    for (std::string_view word : split(line.substr(colon + 1), ' ')) {
      if (word.empty()) continue;
      ++column;
      if (column == 1) usage.received_bytes += first_number(word);
      if (column == 9) usage.sent_bytes += first_number(word);
    }
  }
}

Counted read_cgroups(Usage& usage, const State& state) {
  const runtime::CgroupStats stats = runtime::read_cgroup_stats(state.cgroups());
  Counted counted{stats.cpu_ns.has_value(), stats.memory.has_value(), stats.pids.has_value(),
                  !stats.io_bytes.empty()};
  usage.cpu = std::chrono::nanoseconds(stats.cpu_ns.value_or(0));
  if (stats.memory) {
    // Without the file pages that the kernel would give up first, as Docker counts.
    usage.memory_bytes =
        stats.memory->usage - std::min(stats.memory->usage, stats.inactive_file_bytes);
    usage.memory_limit_bytes = stats.memory->limit;
  }
  usage.tasks = stats.pids.value_or(0);
  for (const auto& transfer : stats.io_bytes) {
    if (transfer.operation == "Read") usage.read_bytes += transfer.value;
    if (transfer.operation == "Write") usage.written_bytes += transfer.value;
  }
  return counted;
}

}  // namespace

Result<Usage> read_usage(const State& state) {
  Usage usage;
  SUIT_LET(std::vector<pid_t> pids, processes_of(state));
  const Counted counted = read_cgroups(usage, state);
  usage.when = std::chrono::steady_clock::now();
  for (pid_t pid : pids)
    add_process(usage, pid, counted);
  add_network(usage, state.pid);
  if (usage.memory_limit_bytes == 0) {
    std::string memory = os::read_file("/proc/meminfo").value_or("");
    usage.memory_limit_bytes = value_of(memory, "MemTotal:").value_or(0) * 1024;
  }
  return usage;
}

double cpu_percent(const Usage& before, const Usage& after) {
  auto wall = std::chrono::duration<double>(after.when - before.when).count();
  auto cpu = std::chrono::duration<double>(after.cpu - before.cpu).count();
  return wall > 0 && cpu > 0 ? cpu / wall * 100 : 0;
}

}  // namespace suit::engine
