// Commands that only look.

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "os/file.h"
#include "os/process.h"
#include "os/user.h"
#include "runtime/caps.h"
#include "runtime/lifecycle.h"
#include "runtime/oci_main/commands.h"
#include "runtime/options.h"

namespace suit::oci_main {
namespace {

Result<bool> wants_json(const Arguments& args) {
  std::string format = args.text("format", "table");
  if (format == "json" || format == "table") return format == "json";
  return fail(0, fmt::format("--format: \"{}\" is neither table nor json", format));
}

// The name of a user id, as the host's /etc/passwd has it.
std::string user_name(std::uint32_t uid) {
  auto text = os::read_file("/etc/passwd", 1U << 20);
  for (std::string_view rest = text ? std::string_view(*text) : ""; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::size_t name = line.find(':');
    std::size_t password = line.find(':', name + 1);
    if (password == std::string_view::npos) continue;
    std::string_view id = line.substr(password + 1, line.find(':', password + 1) - password - 1);
    if (id == std::to_string(uid)) return std::string(line.substr(0, name));
  }
  return std::to_string(uid);
}

oci::Json list_entry(const runtime::ContainerState& state, runtime::Status status) {
  oci::Json out = runtime::oci_state(state, status);
  // As runc has it: 0 when there is none.
  out.set("pid", status == runtime::Status::Stopped ? 0 : state.init.pid);
  out.set("rootfs", state.rootfs).set("created", state.created);
  out.set("owner", user_name(state.owner));
  return out;
}

std::string table_row(std::initializer_list<std::string_view> cells,
                      const std::vector<std::size_t>& widths) {
  std::string out;
  std::size_t i = 0;
  for (std::string_view cell : cells) {
    bool is_last = i + 1 == widths.size();
    out += is_last ? std::string(cell) : fmt::format("{:<{}}", cell, widths[i] + 3);
    ++i;
  }
  return out + "\n";
}

struct Listed {
  runtime::ContainerState state;
  runtime::Status status;
};

std::string list_table(const std::vector<Listed>& containers) {
  std::vector<std::size_t> widths = {11, 10, 11, 11, 30, 5};
  for (const Listed& one : containers) {
    widths[0] = std::max(widths[0], one.state.id.size());
    widths[3] = std::max(widths[3], one.state.bundle.size());
  }
  std::string out = table_row({"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}, widths);
  for (const Listed& one : containers) {
    std::string pid =
        std::to_string(one.status == runtime::Status::Stopped ? 0 : one.state.init.pid);
    out += table_row({one.state.id, pid, status_name(one.status), one.state.bundle,
                      one.state.created, user_name(one.state.owner)},
                     widths);
  }
  return out;
}

// The lines of `ps` whose PID column is one of the container's.
Result<std::string> ps_table(const std::vector<pid_t>& pids, const Arguments& args) {
  std::vector<std::string> command = {"/bin/ps"};
  command.insert(command.end(), args.positional.begin() + 1, args.positional.end());
  if (command.size() == 1) command.emplace_back("-ef");
  SUIT_LET(os::Captured ran, os::run_and_capture(command));
  if (ran.status.shell_code() != 0) return fail(0, fmt::format("ps: {}", ran.err));
  std::string out;
  std::size_t column = 0;
  bool is_head = true;
  for (std::string_view rest = ran.out; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::vector<std::string_view> words;
    for (std::string_view left = line; !left.empty();) {
      left.remove_prefix(std::min(left.size(), left.find_first_not_of(' ')));
      std::string_view word = left.substr(0, left.find(' '));
      if (!word.empty()) words.push_back(word);
      left.remove_prefix(word.size());
    }
    if (is_head) {
      auto found = std::ranges::find(words, "PID");
      if (found == words.end()) return fail(0, "ps: its output has no PID column");
      column = static_cast<std::size_t>(found - words.begin());
    }
    pid_t pid = 0;
    if (!is_head && column < words.size())
      std::from_chars(words[column].data(), words[column].data() + words[column].size(), pid);
    if (is_head || std::ranges::find(pids, pid) != pids.end()) out.append(line).append("\n");
    is_head = false;
  }
  return out;
}

oci::Json texts(std::initializer_list<std::string_view> words) {
  oci::Json out = oci::Json::array();
  for (std::string_view word : words)
    out.push(word);
  return out;
}

oci::Json enabled(bool is_enabled) {
  oci::Json out = oci::Json::object();
  out.set("enabled", is_enabled);
  return out;
}

oci::Json linux_features() {
  oci::Json out = oci::Json::object();
  out.set("namespaces", texts({"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}));
  oci::Json capabilities = oci::Json::array();
  for (unsigned number = 0; number < runtime::kCapabilityCount; ++number)
    capabilities.push(runtime::capability_name(number));
  out.set("capabilities", std::move(capabilities));
  oci::Json cgroup = oci::Json::object();
  cgroup.set("v1", true).set("v2", true).set("systemd", false).set("systemdUser", false);
  cgroup.set("rdma", true);
  out.set("cgroup", std::move(cgroup));
  out.set("apparmor", enabled(true)).set("selinux", enabled(true));
  out.set("intelRdt", enabled(false));
  oci::Json extensions = oci::Json::object();
  oci::Json idmap = oci::Json::object();
  idmap.set("idmap", enabled(true));
  out.set("mountExtensions", std::move(idmap));
  return out;
}

}  // namespace

Result<int> state(const Session& session, const Arguments& args) {
  SUIT_LET(runtime::ContainerState found, session.store.load(args.positional[0]));
  runtime::Status status = session.store.status(found);
  print(list_entry(found, status).dump(2) + "\n");
  return 0;
}

Result<int> list(const Session& session, const Arguments& args) {
  SUIT_LET(bool is_json, wants_json(args));
  SUIT_LET(std::vector<std::string> ids, session.store.list());
  std::vector<Listed> containers;
  oci::Json entries = oci::Json::array();
  std::string quiet;
  for (const std::string& id : ids) {
    auto found = session.store.load(id);
    if (!found) continue;  // deleted while we looked
    runtime::Status status = session.store.status(*found);
    entries.push(list_entry(*found, status));
    quiet += id + "\n";
    containers.push_back({*std::move(found), status});
  }
  print(args.has("quiet") ? quiet : is_json ? entries.dump() + "\n" : list_table(containers));
  return 0;
}

Result<int> ps(const Session& session, const Arguments& args) {
  SUIT_LET(bool is_json, wants_json(args));
  SUIT_LET(runtime::ContainerState found, session.store.load(args.positional[0]));
  SUIT_LET(std::vector<pid_t> pids, runtime::container_pids(found));
  if (is_json) {
    oci::Json out = oci::Json::array();
    for (pid_t pid : pids)
      out.push(pid);
    print(out.dump() + "\n");
    return 0;
  }
  SUIT_LET(std::string table, ps_table(pids, args));
  print(table);
  return 0;
}

Result<int> features(const Session&, const Arguments&) {
  oci::Json out = oci::Json::object();
  out.set("ociVersionMin", "1.0.0").set("ociVersionMax", "1.2.0");
  out.set("hooks", texts({"prestart", "createRuntime", "createContainer", "startContainer",
                          "poststart", "poststop"}));
  oci::Json options = oci::Json::array();
  for (const std::string& word : runtime::known_mount_options())
    options.push(word);
  out.set("mountOptions", std::move(options));
  out.set("linux", linux_features());
  oci::Json notes = oci::Json::object();
  notes.set("io.github.spacesuit.version", "0.1.0");
  out.set("annotations", std::move(notes));
  print(out.dump(2) + "\n");
  return 0;
}

Result<int> write_spec(const Session&, const Arguments& args) {
  std::string path = args.text("config", args.text("bundle", ".") + "/config.json");
  if (os::exists(path)) return fail(EEXIST, path, "remove it first: it is not overwritten");
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"sh"};
  spec.process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.hostname = "spacesuit";
  if (args.has("rootless")) {
    spec.linux_.namespaces.push_back({"user", ""});
    spec.linux_.uid_mappings = {{0, ::geteuid(), 1}};
    spec.linux_.gid_mappings = {{0, ::getegid(), 1}};
  }
  SUIT_TRY(os::replace_file(path, oci::to_json(spec), 0644));
  return 0;
}

}  // namespace suit::oci_main
