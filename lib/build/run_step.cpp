// RUN: one container on the step's overlay, its output as log lines, its exit code as the outcome.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <initializer_list>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "build/plan_internal.h"
#include "build/run_internal.h"
#include "os/leased_dir.h"
#include "os/user.h"
#include "runtime/cgroup.h"
#include "runtime/etc_files.h"
#include "runtime/plan.h"
#include "runtime/seccomp.h"

namespace suit::build {

namespace {

constexpr std::size_t kMaxLineBytes = 64U << 10;  // a longer line is shown in pieces
constexpr std::size_t kTailLines = 10;            // repeated under the error of a failed step
constexpr std::string_view kHostname = "suit-build";

/// Cuts a stream into lines and sends them on.
class LineLog {
 public:
  LineLog(Session& session, int vertex, int stream, std::deque<std::string>& tail,
          secrets::Redactor redactor)
      : session_(session),
        vertex_(vertex),
        stream_(stream),
        tail_(tail),
        redactor_(std::move(redactor)) {}

  void add(std::string_view bytes) { cut(redactor_.feed(bytes)); }
  void finish() {
    cut(redactor_.finish());
    if (!pending_.empty()) flush();
  }
  const std::vector<std::string>& printed_secrets() const { return redactor_.printed(); }

 private:
  void cut(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      pending_ += bytes.substr(0, end);
      const bool complete = end != std::string_view::npos;
      bytes = complete ? bytes.substr(end + 1) : std::string_view{};
      if (complete || pending_.size() >= kMaxLineBytes) flush();
    }
  }
  void flush() {
    if (pending_.ends_with('\r')) pending_.pop_back();
    tail_.push_back(pending_);
    if (tail_.size() > kTailLines) tail_.pop_front();
    session_.report.send(Event::Kind::Log, vertex_, std::exchange(pending_, {}), stream_);
  }

  Session& session_;
  int vertex_;
  int stream_;
  std::deque<std::string>& tail_;
  secrets::Redactor redactor_;
  std::string pending_;
};

/// Reads what is there; false at the end of the stream.
Result<bool> drain(const os::Fd& fd, LineLog& log) {
  std::array<char, 16384> buffer;  // NOLINT(*-member-init): filled by read
  const ssize_t count = ::read(fd.raw(), buffer.data(), buffer.size());
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) return true;
    return fail(errno, "read the output of the step");
  }
  log.add(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  return count > 0;
}

/// Follows output until both streams have ended. When the program ends first, what it left running
/// in the background is killed, which ends the streams.
Result<runtime::ExitStatus> follow(runtime::Container& container, const os::Fd& out,
                                   const os::Fd& err, LineLog& out_log, LineLog& err_log) {
  std::optional<runtime::ExitStatus> status;
  bool out_open = true;
  bool err_open = true;
  while (out_open || err_open || !status) {
    std::array<pollfd, 3> fds{
        pollfd{.fd = out_open ? out.raw() : -1, .events = POLLIN, .revents = 0},
        pollfd{.fd = err_open ? err.raw() : -1, .events = POLLIN, .revents = 0},
        pollfd{.fd = status ? -1 : container.pidfd().raw(), .events = POLLIN, .revents = 0}};
    if (::poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return fail(errno, "poll the output of the step");
    }
    if (fds[0].revents != 0) {
      SUIT_LET(out_open, drain(out, out_log));
    }
    if (fds[1].revents != 0) {
      SUIT_LET(err_open, drain(err, err_log));
    }
    if (fds[2].revents != 0) {
      SUIT_LET(status, container.wait());
    }
  }
  out_log.finish();
  err_log.finish();
  return *status;
}

/// The output is the user's own and stays as it is; that it holds a secret is worth a word.
void mark_printed_secrets(Session& session, int vertex, std::initializer_list<LineLog*> logs) {
  std::set<std::string> ids;
  for (const LineLog* log : logs)
    ids.insert(log->printed_secrets().begin(), log->printed_secrets().end());
  for (const std::string& id : ids)
    session.report.send(Event::Kind::Warning, vertex, fmt::format("printed secret \"{}\"", id));
}

oci::Spec make_spec(const RunOp& op, const os::User& user, const runtime::HostFacts& facts) {
  oci::Spec spec = oci::default_spec();
  spec.hostname = kHostname;
  spec.process.args = op.args;
  spec.process.env = op.proxy_env;
  for (const std::string& entry : op.env) {
    const std::size_t equals = entry.find('=');
    oci::set_env(spec.process.env, entry.substr(0, equals), entry.substr(equals + 1));
  }
  if (!oci::env_value(spec.process.env, "HOME")) {
    oci::set_env(spec.process.env, "HOME", user.home.empty() ? "/" : user.home);
  }
  spec.process.cwd = op.cwd;
  spec.process.user.uid = user.uid;
  spec.process.user.gid = user.gid;
  // The primary group is among the others too: else a program that drops it could undo a file's
  // "not this group" (CVE-2023-25173).
  std::vector<std::uint32_t>& groups = spec.process.user.additional_gids;
  groups = user.additional_gids;
  if (std::ranges::find(groups, user.gid) == groups.end()) groups.insert(groups.begin(), user.gid);
  oci::Capabilities& caps = spec.process.capabilities;
  // Where no device cgroup guards the host's disks, whoever can make a node could open one.
  if (!runtime::guards_devices(facts))
    for (auto* set : {&caps.bounding, &caps.effective, &caps.permitted})
      std::erase(*set, "CAP_MKNOD");
  if (user.uid != 0) {  // only root keeps capabilities across exec, capabilities(7)
    caps.effective.clear();
    caps.permitted.clear();
  }
  if (op.network == "host") {
    std::erase_if(spec.linux_.namespaces, [](const auto& one) { return one.type == "network"; });
  }
  return spec;
}

/// `#!` here-documents stand as programs in /dev/pipes: /dev is memory, so no layer sees them.
Result<void> add_scripts(const RunOp& op, const std::string& directory, oci::Spec& spec) {
  if (op.scripts.empty()) return {};
  const std::string path = directory + "/pipes";
  SUIT_TRY(os::make_dirs(path, 0755));
  for (const dockerfile::InlineFile& script : op.scripts) {
    SUIT_TRY(os::replace_file(fmt::format("{}/{}", path, script.name), script.content, 0755));
  }
  spec.mounts.push_back(
      {.destination = "/dev/pipes", .type = "bind", .source = path, .options = {"bind", "ro"}});
  return {};
}

/// Paths on the way to a mount's target that are not in the image: the runtime makes them, and they
/// must not stay in the layer. Deepest last.
std::vector<std::string> missing_parts(const os::Root& root, const std::string& target) {
  std::vector<std::string> missing;
  for (std::size_t end = target.find('/', 1);; end = target.find('/', end + 1)) {
    const std::string part = target.substr(0, end);
    if (!root.lstat(part)) missing.push_back(part);
    if (end == std::string::npos) return missing;
  }
}

void remove_stubs(const os::Root& root, const std::vector<std::string>& stubs) {
  for (auto it = stubs.rbegin(); it != stubs.rend(); ++it) {
    const std::size_t slash = it->rfind('/');
    const Result<os::Fd> parent = root.open_in(it->substr(0, slash), O_PATH | O_DIRECTORY);
    if (!parent) continue;
    const std::string name = it->substr(slash + 1);
    // What the step filled stays: rmdir refuses it, and a file it wrote is not empty.
    if (::unlinkat(parent->raw(), name.c_str(), AT_REMOVEDIR) == 0 || errno != ENOTDIR) continue;
    const Result<struct stat> status = os::stat_at(*parent, name);
    if (status && status->st_size == 0) ::unlinkat(parent->raw(), name.c_str(), 0);
  }
}

std::unexpected<Error> failed(const Session& session, const Step& step, const RunOp& op,
                              const runtime::ExitStatus& status,
                              const std::deque<std::string>& tail) {
  const std::string how = status.signal != 0 ? fmt::format("killed by signal {}", status.signal)
                                             : fmt::format("exit code: {}", status.code);
  Error error = Place{.source = session.source, .span = step.span}
                    .fail(fmt::format("process \"{}\" did not complete successfully: {}",
                                      fmt::join(op.args, " "), how))
                    .error();
  if (tail.empty()) return std::unexpected(std::move(error));
  std::string excerpt = fmt::format("------\n > {}:\n", step.name);
  for (const std::string& line : tail)
    excerpt += line + "\n";
  excerpt += "------\n" + error.excerpt();
  return std::unexpected(std::move(error).with_excerpt(std::move(excerpt)));
}

}  // namespace

Result<void> execute_run(Session& session, const Step& step, const RunOp& op,
                         const MountedRoot& mounted, const os::LeasedDir& work, int vertex) {
  SUIT_LET(const os::User user, os::resolve_user(mounted.root, op.user.empty() ? "0" : op.user));
  oci::Spec spec = make_spec(op, user, session.facts);
  const std::string etc_dir = work.path() + "/etc";
  SUIT_TRY(os::make_dirs(etc_dir, 0755));
  runtime::EtcFiles files{.hostname = std::string(kHostname),
                          .address = {},
                          .hosts = {},
                          .shares_host_network = op.network == "host",
                          .dns = {}};
  SUIT_LET(const std::vector<oci::SpecMount> etc, runtime::write_etc_files(etc_dir, files));
  spec.mounts.insert(spec.mounts.end(), etc.begin(), etc.end());
  SUIT_TRY(add_scripts(op, work.path(), spec));
  SUIT_LET(RunMounts mounts, prepare_mounts(session, op, work));
  std::vector<std::string> stubs;
  for (oci::SpecMount& mount : mounts.mounts) {
    const std::vector<std::string> missing = missing_parts(mounted.root, mount.destination);
    stubs.insert(stubs.end(), missing.begin(), missing.end());
    spec.mounts.push_back(std::move(mount));
  }
  for (const std::string& variable : mounts.env) {
    const std::size_t equals = variable.find('=');
    oci::set_env(spec.process.env, variable.substr(0, equals), variable.substr(equals + 1));
  }
  // The base image may name a directory that it does not have.
  SUIT_TRY(
      make_directories(mounted.root, op.cwd, {.destination = op.cwd, .owner = {}, .mode = {}}));

  SUIT_LET(const runtime::SeccompFilter filter, runtime::default_filter(spec.process.capabilities));
  SUIT_LET(const runtime::LaunchPlan plan,
           runtime::plan_launch(spec, session.facts, work.id(), &filter));
  for (const std::string& warning : plan.warnings) {
    session.report.send(Event::Kind::Warning, vertex, warning);
  }
  SUIT_LET(const os::Fd null, os::open_at(os::FdRef::cwd(), "/dev/null", O_RDONLY));
  SUIT_LET(os::Pipe out, os::Pipe::create());
  SUIT_LET(os::Pipe err, os::Pipe::create());
  runtime::LaunchInputs inputs{.rootfs = mounted.root.fd(),
                               .stdin_ = null,
                               .stdout_ = out.write_end,
                               .stderr_ = err.write_end};
  inputs.die_with_parent = true;
  SUIT_LET(runtime::Container container, runtime::launch(plan, inputs));
  out.write_end.reset();  // from here on the container holds the only writing ends
  err.write_end.reset();
  std::deque<std::string> tail;
  LineLog out_log(session, vertex, 1, tail, make_redactor(session, op, vertex));
  LineLog err_log(session, vertex, 2, tail, make_redactor(session, op, vertex));
  SUIT_LET(const runtime::ExitStatus status,
           follow(container, out.read_end, err.read_end, out_log, err_log));
  mark_printed_secrets(session, vertex, {&out_log, &err_log});
  remove_stubs(mounted.root, stubs);
  if (status.shell_code() != 0) return failed(session, step, op, status, tail);
  return {};
}

}  // namespace suit::build
