#include "cli/processes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "base/split.h"
#include "base/suggest.h"
#include "cli/text.h"
#include "os/file.h"

namespace suit::cli {
namespace {

// The host, as far as processes are told by it.
struct Clock {
  double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  double uptime_s = 0;
  double memory_kib = 1;
  std::string users;  // /etc/passwd

  static Clock read() {
    Clock clock;
    const std::string uptime = os::read_file("/proc/uptime", 256).value_or("0");
    std::from_chars(uptime.data(), uptime.data() + uptime.size(), clock.uptime_s);
    const std::string memory = os::read_file("/proc/meminfo").value_or("");
    if (const std::size_t at = memory.find_first_of("0123456789"); at != std::string::npos)
      std::from_chars(memory.data() + at, memory.data() + memory.size(), clock.memory_kib);
    clock.users = os::read_file("/etc/passwd", 1U << 20).value_or("");
    return clock;
  }

  std::string user(uid_t uid) const {
    for (std::string_view line : split(users, '\n')) {
      const auto fields = split(line, ':');
      if (fields.size() > 2 && fields[2] == std::to_string(uid)) return std::string(fields[0]);
    }
    return std::to_string(uid);
  }
};

// One process, read once.
struct Process {
  pid_t pid = 0;
  uid_t uid = 0;
  std::string name, command;
  std::vector<std::string> stat;  // fields of /proc/PID/stat from the third on

  static std::optional<Process> read(pid_t pid) {
    Process process;
    process.pid = pid;
    struct stat info{};
    const std::string dir = fmt::format("/proc/{}", pid);
    const auto text = os::read_file(dir + "/stat", 4096);
    if (!text || ::stat(dir.c_str(), &info) != 0) return std::nullopt;
    process.uid = info.st_uid;
    const std::size_t open = text->find('(');
    const std::size_t close = text->rfind(')');
    if (open == std::string::npos || close == std::string::npos || close + 2 > text->size())
      return std::nullopt;
    process.name = text->substr(open + 1, close - open - 1);
    for (std::string_view field : split(std::string_view(*text).substr(close + 2), ' '))
      process.stat.emplace_back(field);
    process.command = os::read_file(dir + "/cmdline", 64U << 10).value_or("");
    while (process.command.ends_with('\0'))
      process.command.pop_back();
    std::replace(process.command.begin(), process.command.end(), '\0', ' ');
    // Kernel threads and zombies have none.
    if (process.command.empty()) process.command = "[" + process.name + "]";
    return process;
  }

  // By its number in proc_pid_stat(5), 3 or more.
  double field(std::size_t number) const {
    double value = 0;
    if (number - 3 < stat.size()) {
      const std::string& text = stat[number - 3];
      std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
  }
  double cpu_ticks() const { return field(14) + field(15); }
};

std::string terminal_of(const Process& process) {
  const auto device = static_cast<unsigned>(process.field(7));
  if (device == 0) return "?";
  constexpr unsigned kFirstPts = 136, kLastPts = 143;  // devices.txt: Unix98 PTY slaves
  if (major(device) >= kFirstPts && major(device) <= kLastPts)
    return fmt::format("pts/{}", minor(device) + (major(device) - kFirstPts) * 256);
  return fmt::format("{}:{}", major(device), minor(device));
}

double age_s(const Process& process, const Clock& clock) {
  return std::max(0.0, clock.uptime_s - process.field(22) / clock.ticks_per_second);
}

// `14:05` today, `Jan02` before.
std::string start_of(const Process& process, const Clock& clock) {
  const std::time_t now = std::time(nullptr);
  const std::time_t start = now - static_cast<std::time_t>(age_s(process, clock));
  std::tm then{};
  std::tm today{};
  ::localtime_r(&start, &then);
  ::localtime_r(&now, &today);
  std::array<char, 32> text{};
  const bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  const std::size_t size =
      std::strftime(text.data(), text.size(), same_day ? "%H:%M" : "%b%d", &then);
  return {text.data(), size};
}

std::string cpu_time(const Process& process, const Clock& clock) {
  const auto seconds = static_cast<std::int64_t>(process.cpu_ticks() / clock.ticks_per_second);
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

double cpu_share(const Process& process, const Clock& clock) {
  const double age = age_s(process, clock);
  return age > 0 ? process.cpu_ticks() / clock.ticks_per_second / age * 100 : 0;
}

double resident_kib(const Process& process) {
  return process.field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

std::string elapsed(const Process& process, const Clock& clock) {
  const auto seconds = static_cast<std::int64_t>(age_s(process, clock));
  const std::string clock_part = fmt::format("{:02}:{:02}", seconds / 60 % 60, seconds % 60);
  if (seconds < 3600) return clock_part;
  const std::string hours = fmt::format("{:02}:{}", seconds / 3600 % 24, clock_part);
  return seconds < 86400 ? hours : fmt::format("{}-{}", seconds / 86400, hours);
}

struct Column {
  std::string_view name;
  std::string_view title;
  std::string (*text)(const Process&, const Clock&);
};

std::string whole(double value) { return fmt::format("{:.0f}", value); }

constexpr std::array kColumns = std::to_array<Column>({
    {"uid", "UID", [](const Process& p, const Clock& c) { return c.user(p.uid); }},
    {"user", "USER", [](const Process& p, const Clock& c) { return c.user(p.uid); }},
    {"pid", "PID", [](const Process& p, const Clock&) { return std::to_string(p.pid); }},
    {"ppid", "PPID", [](const Process& p, const Clock&) { return whole(p.field(4)); }},
    {"c", "C", [](const Process& p, const Clock& c) { return whole(cpu_share(p, c)); }},
    {"stime", "STIME", start_of},
    {"start", "START", start_of},
    {"tty", "TTY", [](const Process& p, const Clock&) { return terminal_of(p); }},
    {"time", "TIME", cpu_time},
    {"etime", "ELAPSED", elapsed},
    {"cmd", "CMD", [](const Process& p, const Clock&) { return p.command; }},
    {"args", "COMMAND", [](const Process& p, const Clock&) { return p.command; }},
    {"command", "COMMAND", [](const Process& p, const Clock&) { return p.command; }},
    {"comm", "COMMAND", [](const Process& p, const Clock&) { return p.name; }},
    {"pcpu", "%CPU",
     [](const Process& p, const Clock& c) { return fmt::format("{:.1f}", cpu_share(p, c)); }},
    {"pmem", "%MEM",
     [](const Process& p, const Clock& c) {
       return fmt::format("{:.1f}", resident_kib(p) / c.memory_kib * 100);
     }},
    {"vsz", "VSZ", [](const Process& p, const Clock&) { return whole(p.field(23) / 1024); }},
    {"rss", "RSS", [](const Process& p, const Clock&) { return whole(resident_kib(p)); }},
    {"stat", "STAT",
     [](const Process& p, const Clock&) { return p.stat.empty() ? "?" : p.stat[0]; }},
    {"nlwp", "NLWP", [](const Process& p, const Clock&) { return whole(p.field(20)); }},
    {"ni", "NI", [](const Process& p, const Clock&) { return whole(p.field(19)); }},
});

const Column* find_column(std::string_view name) {
  if (name == "%cpu") name = "pcpu";
  if (name == "%mem") name = "pmem";
  const auto* found = std::find_if(kColumns.begin(), kColumns.end(),
                                   [&](const Column& one) { return one.name == name; });
  return found == kColumns.end() ? nullptr : found;
}

Result<void> add_columns(std::string_view list, std::vector<std::string>& columns) {
  for (std::string_view name : split(list, ',')) {
    if (name.empty()) continue;
    if (!find_column(name)) {
      std::vector<std::string_view> known;
      for (const Column& column : kColumns)
        known.push_back(column.name);
      return fail(0, fmt::format("top: column \"{}\" is not supported yet{}", name,
                                 did_you_mean(name, known)));
    }
    columns.emplace_back(name);
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> process_columns(const std::vector<std::string>& options) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string& option = options[i];
    const bool lists = option == "-o" || option == "-eo" || option == "o" || option == "-eo";
    if (lists && i + 1 < options.size()) {
      SUIT_TRY(add_columns(options[++i], columns));
    } else if (option.starts_with("-o") && option.size() > 2) {
      SUIT_TRY(add_columns(std::string_view(option).substr(2), columns));
    } else if (option == "aux" || option == "-aux") {
      columns = {"user", "pid",  "pcpu",  "pmem", "vsz",    "rss",
                 "tty",  "stat", "start", "time", "command"};
    } else if (option != "-ef" && option != "-e" && option != "-f") {
      return fail(0, fmt::format("top: ps option \"{}\" is not supported yet", option),
                  "there are -ef, aux and -o COLUMNS");
    }
  }
  if (columns.empty()) columns = {"uid", "pid", "ppid", "c", "stime", "tty", "time", "cmd"};
  return columns;
}

std::string process_table(const std::vector<std::string>& columns, const std::vector<pid_t>& pids) {
  const Clock clock = Clock::read();
  std::vector<std::string> titles;
  for (const std::string& name : columns)
    titles.emplace_back(find_column(name)->title);
  Table table(std::move(titles));
  for (const pid_t pid : pids) {
    const std::optional<Process> process = Process::read(pid);
    if (!process) continue;
    std::vector<std::string> row;
    for (const std::string& name : columns)
      row.push_back(find_column(name)->text(*process, clock));
    table.add(std::move(row));
  }
  return table.text();
}

}  // namespace suit::cli
