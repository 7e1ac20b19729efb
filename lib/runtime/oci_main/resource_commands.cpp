// pause, resume, update, events: what is done with a container's cgroups.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "os/file.h"
#include "runtime/cgroup_stats.h"
#include "runtime/lifecycle.h"
#include "runtime/oci_main/commands.h"

namespace suit::oci_main {
namespace {

constexpr std::size_t kMostResources = 4U << 20;  // bytes of JSON

Result<std::int64_t> whole_number(std::string_view option, const std::string& text) {
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size())
    return fail(0, fmt::format("--{}: \"{}\" is not a number", option, text));
  return value;
}

// `64m`, `1G`, `512`, `-1`: factors of 1024.
Result<std::int64_t> bytes(std::string_view option, const std::string& text) {
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::string_view kUnits = "bkmgt";
  std::size_t power = 0;
  if (!unit.empty()) power = kUnits.find(static_cast<char>(std::tolower(unit[0])));
  bool is_plain = unit.size() <= 1 || unit == "kb" || unit == "mb" || unit == "gb" ||
                  unit == "KB" || unit == "MB" || unit == "GB";
  constexpr int kBits = 10;
  bool is_bad = code != std::errc{} || power == std::string_view::npos || !is_plain || value < -1;
  if (is_bad || value > (INT64_MAX >> (kBits * static_cast<int>(power))))
    return fail(0, fmt::format("--{}: \"{}\" is no amount of memory", option, text),
                "bytes, or a number with k, m or g behind it; -1 is no limit");
  return value < 0 ? value : value << (kBits * static_cast<int>(power));
}

// One option that sets one number.
struct Setting {
  std::string_view option;
  Result<std::int64_t> (*read)(std::string_view, const std::string&);
  void (*set)(oci::Resources&, std::int64_t);
};

std::uint64_t natural(std::int64_t value) {
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

constexpr std::array kSettings = std::to_array<Setting>({
    {"memory", bytes, [](oci::Resources& r, std::int64_t v) { r.memory.limit = v; }},
    {"memory-reservation", bytes,
     [](oci::Resources& r, std::int64_t v) { r.memory.reservation = v; }},
    {"memory-swap", bytes, [](oci::Resources& r, std::int64_t v) { r.memory.swap = v; }},
    {"kernel-memory", bytes, [](oci::Resources& r, std::int64_t v) { r.memory.kernel = v; }},
    {"kernel-memory-tcp", bytes,
     [](oci::Resources& r, std::int64_t v) { r.memory.kernel_tcp = v; }},
    {"cpu-period", whole_number,
     [](oci::Resources& r, std::int64_t v) { r.cpu.period = natural(v); }},
    {"cpu-quota", whole_number, [](oci::Resources& r, std::int64_t v) { r.cpu.quota = v; }},
    {"cpu-burst", whole_number,
     [](oci::Resources& r, std::int64_t v) { r.cpu.burst = natural(v); }},
    {"cpu-share", whole_number,
     [](oci::Resources& r, std::int64_t v) { r.cpu.shares = natural(v); }},
    {"cpu-shares", whole_number,
     [](oci::Resources& r, std::int64_t v) { r.cpu.shares = natural(v); }},
    {"cpu-rt-period", whole_number,
     [](oci::Resources& r, std::int64_t v) { r.cpu.realtime_period = natural(v); }},
    {"cpu-rt-runtime", whole_number,
     [](oci::Resources& r, std::int64_t v) { r.cpu.realtime_runtime = v; }},
    {"cpu-idle", whole_number, [](oci::Resources& r, std::int64_t v) { r.cpu.idle = v; }},
    {"pids-limit", whole_number, [](oci::Resources& r, std::int64_t v) { r.pids_limit = v; }},
    {"blkio-weight", whole_number,
     [](oci::Resources& r, std::int64_t v) {
       r.block_io.weight = static_cast<std::uint16_t>(std::min<std::int64_t>(v, UINT16_MAX));
     }},
});

Result<std::string> read_stdin() {
  std::string text;
  std::array<char, 65536> buffer;
  while (text.size() <= kMostResources) {
    ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size == 0) return text;
    if (size < 0 && errno != EINTR) return fail(errno, "read(stdin)");
    if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return fail(0, "--resources: more than 4 MiB of JSON");
}

// As runc: a document of resources, or options, not both.
Result<oci::Resources> wanted_resources(const Arguments& args) {
  for (const char* refused : {"l3-cache-schema", "mem-bw-schema"})
    if (args.has(refused)) return fail(0, fmt::format("--{}: intelRdt is not supported", refused));
  if (args.has("resources")) {
    std::string path = args.text("resources");
    SUIT_LET(std::string text, path == "-" ? read_stdin() : os::read_file(path, kMostResources));
    return oci::parse_resources(text);
  }
  oci::Resources out;
  for (const Setting& setting : kSettings) {
    if (!args.has(setting.option)) continue;
    SUIT_LET(std::int64_t value, setting.read(setting.option, args.text(setting.option)));
    setting.set(out, value);
  }
  out.cpu.cpus = args.text("cpuset-cpus");
  out.cpu.mems = args.text("cpuset-mems");
  return out;
}

// `5s`, `500ms`, `1m30s`.
Result<std::chrono::milliseconds> interval_of(const std::string& text) {
  double total_ms = 0;
  std::string_view rest(text);
  while (!rest.empty()) {
    double value = 0;
    auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    std::string_view unit = rest.substr(0, rest.find_first_of("0123456789."));
    rest.remove_prefix(unit.size());
    double factor = unit == "ms"  ? 1
                    : unit == "s" ? 1e3
                    : unit == "m" ? 6e4
                    : unit == "h" ? 36e5
                                  : 0;
    if (code != std::errc{} || factor == 0) total_ms = NAN;
    total_ms += value * factor;
  }
  constexpr double kMost = 1e9;
  if (!(total_ms >= 1 && total_ms <= kMost))
    return fail(0, fmt::format("--interval: \"{}\" is no duration", text), "such as 5s or 500ms");
  return std::chrono::milliseconds(static_cast<std::int64_t>(total_ms));
}

void print_event(std::string_view type, const std::string& id, oci::Json data) {
  oci::Json out = oci::Json::object();
  out.set("type", type).set("id", id);
  if (data.as_object()) out.set("data", std::move(data));
  print(out.dump() + "\n");
}

// Readable when the kernel says that memory has run out: an inotify(7) of memory.events, or an
// eventfd(2) that version 1 was told of.
Result<os::Fd> oom_events(const runtime::CgroupDirs& dirs) {
  if (!dirs.v2.empty() && os::exists(dirs.v2 + "/memory.events")) {
    os::Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch.valid()) return fail(errno, "inotify_init1()");
    std::string path = dirs.v2 + "/memory.events";
    if (::inotify_add_watch(watch.raw(), path.c_str(), IN_MODIFY) < 0)
      return fail(errno, fmt::format("inotify_add_watch(\"{}\")", path));
    return watch;
  }
  for (const std::string& dir : dirs.v1) {
    auto control = os::open_at(os::FdRef::cwd(), dir + "/memory.oom_control", O_RDONLY);
    if (!control) continue;
    os::Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event.valid()) return fail(errno, "eventfd()");
    SUIT_TRY(os::write_file(dir + "/cgroup.event_control",
                            fmt::format("{} {}", event.raw(), control->raw())));
    return event;
  }
  return os::Fd();
}

Result<void> follow(const runtime::ContainerState& state, std::chrono::milliseconds interval) {
  runtime::CgroupDirs dirs = runtime::cgroups_of(state);
  SUIT_LET(os::Fd pidfd, runtime::open_process(state.init));
  SUIT_LET(os::Fd oom, oom_events(dirs));
  bool was_short = runtime::was_oom_killed(dirs);
  auto next = std::chrono::steady_clock::now() + interval;
  while (true) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    std::array<pollfd, 2> waits = {{{pidfd.raw(), POLLIN, 0}, {oom.raw(), POLLIN, 0}}};
    int ready = ::poll(waits.data(), waits.size(),
                       static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno != EINTR) return fail(errno, "poll()");
    if (waits[1].revents != 0) {
      std::array<char, 4096> said;
      ssize_t size = ::read(oom.raw(), said.data(), said.size());
      // Version 1 announces the end of the group, too; version 2 other events.
      bool is_short = runtime::was_oom_killed(dirs);
      if (size > 0 && (is_short || was_short)) print_event("oom", state.id, {});
      was_short = is_short;
    }
    if (waits[0].revents != 0) return {};
    if (std::chrono::steady_clock::now() < next) continue;
    print_event("stats", state.id, to_value(runtime::read_cgroup_stats(dirs)));
    next += interval;
  }
}

}  // namespace

Result<int> pause(const Session& session, const Arguments& args) {
  SUIT_TRY(runtime::pause_container(session.store, args.positional[0]));
  return 0;
}

Result<int> resume(const Session& session, const Arguments& args) {
  SUIT_TRY(runtime::resume_container(session.store, args.positional[0]));
  return 0;
}

Result<int> update(const Session& session, const Arguments& args) {
  SUIT_LET(oci::Resources resources, wanted_resources(args));
  SUIT_TRY(runtime::update_container(session.store, args.positional[0], resources));
  return 0;
}

Result<int> events(const Session& session, const Arguments& args) {
  SUIT_LET(std::chrono::milliseconds interval, interval_of(args.text("interval", "5s")));
  SUIT_LET(runtime::ContainerState found, session.store.load(args.positional[0]));
  if (session.store.status(found) == runtime::Status::Stopped)
    return fail(0, fmt::format("container not running: \"{}\" is stopped", found.id));
  if (args.has("stats")) {
    print_event("stats", found.id, to_value(read_cgroup_stats(runtime::cgroups_of(found))));
    return 0;
  }
  SUIT_TRY(follow(found, interval));
  return 0;
}

}  // namespace suit::oci_main
