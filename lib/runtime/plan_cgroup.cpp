// The container's cgroups: one directory in each hierarchy that it needs, its limits and its
// devices, before anybody is in them.

#include <fcntl.h>
#include <linux/bpf.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "runtime/builder_internal.h"
#include "runtime/cgroup.h"

namespace suit::runtime {
namespace {

constexpr std::string_view kParent = "/spacesuit";

// `/a/b/c` → `/a`, `/a/b`
std::vector<std::string> parents_of(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    out.push_back(path.substr(0, at));
  return out;
}

class Writer {
 public:
  Writer(Builder& b, const PlanInput& in, std::string path)
      : b_(b), in_(in), path_(std::move(path)), parents_(parents_of(path_)) {}
  void unified(const LimitPlan& limits);
  void hierarchy(const CgroupHierarchy& hierarchy, const LimitPlan& limits);

 private:
  void write_file(const std::string& path, std::string_view text);
  void make_own(const std::string& own);
  void limit(const std::string& own, const CgroupWrite& write);
  void device_lines(const std::string& own);
  void device_program();
  void fill_cpuset(const std::string& from, const std::string& to);
  Value flags(int value) { return Builder::number(value | O_CLOEXEC); }
  Op& open(const std::string& path, int how, std::uint8_t slot) {
    Op& op = b_.op(Call::openat,
                   {Builder::number(AT_FDCWD), b_.text(path), flags(how), Builder::number(0)});
    op.result = slot;
    return op;
  }
  Op& make(const std::string& path) {
    return b_.op(Call::mkdirat, {Builder::number(AT_FDCWD), b_.text(path), Builder::number(0755)});
  }
  std::uint8_t file() { return b_.named_slot("cgroup file"); }

  Builder& b_;
  const PlanInput& in_;
  std::string path_;
  std::vector<std::string> parents_;
};

void Writer::write_file(const std::string& path, std::string_view text) {
  open(path, O_WRONLY, file());
  b_.write(file(), text);
  b_.op(Call::close, {Builder::slot(file())});
}

// Somebody who was killed left it: an empty one can go, one in use cannot (EBUSY).
void Writer::make_own(const std::string& own) {
  Op& first = make(own);
  first.tolerates = kMayExist;
  first.skip_ok = 2;
  b_.op(Call::unlinkat, {Builder::number(AT_FDCWD), b_.text(own), Builder::number(AT_REMOVEDIR)});
  make(own);
}

void Writer::limit(const std::string& own, const CgroupWrite& write) {
  b_.step("host.limit", write.pointer);
  bool has_other = !write.other_file.empty();
  Op& first = open(own + "/" + write.file, O_WRONLY, file());
  if (has_other || write.may_be_absent) first.tolerates = kMayBeAbsent;
  if (has_other || write.may_be_absent) first.skip_failed = 2;
  b_.write(file(), write.text);
  Op& close = b_.op(Call::close, {Builder::slot(file())});
  if (!has_other) return;
  // Found: leave the other name out. Not found: the two above were left out.
  close.skip_ok = 3;
  write_file(own + "/" + write.other_file, write.other_text);
}

// New groups of version 1 have no processors and no memory nodes: nobody may join them. What is
// above has them.
void Writer::fill_cpuset(const std::string& from, const std::string& to) {
  std::uint8_t source = b_.named_slot("cpuset of the parent");
  for (const char* name : {"/cpuset.cpus", "/cpuset.mems"}) {
    open(from + name, O_RDONLY, source);
    open(to + name, O_WRONLY, file());
    constexpr int kMost = 4096;  // a page: longer lists do not fit the file either
    b_.op(Call::sendfile,
          {Builder::slot(file()), Builder::slot(source), Builder::null(), Builder::number(kMost)});
    b_.op(Call::close, {Builder::slot(source)});
    b_.op(Call::close, {Builder::slot(file())});
  }
}

// The rules are written before anybody is in the group; the helper joins it first of all.
void Writer::device_lines(const std::string& own) {
  b_.step("host.devices", "/linux/resources/devices");
  std::uint8_t deny = b_.named_slot("devices.deny");
  open(own + "/devices.deny", O_WRONLY, deny);
  b_.write(deny, "a");
  std::uint8_t allow = b_.named_slot("devices.allow");
  open(own + "/devices.allow", O_WRONLY, allow);
  for (const oci::DeviceRule& rule : device_rules(in_.spec.linux_.resources.devices))
    b_.write(rule.allow ? allow : deny, device_rule_text(rule));
  b_.op(Call::close, {Builder::slot(deny)});
  b_.op(Call::close, {Builder::slot(allow)});
}

void Writer::device_program() {
  b_.step("host.device_filter", "/linux/resources/devices");
  std::vector<bpf_insn> program = device_filter(device_rules(in_.spec.linux_.resources.devices));
  Value at =
      b_.bytes({reinterpret_cast<const char*>(program.data()), program.size() * sizeof(bpf_insn)});
  b_.plan().device_filter = static_cast<std::uint32_t>(at.word);
  b_.plan().device_filter_count = static_cast<std::uint32_t>(program.size());
  b_.op(Call::bpf, {Builder::number(BPF_PROG_LOAD), Builder::supplied(Extern::DeviceFilter),
                    Builder::number(sizeof(bpf_attr))})
      .result = kSlotDeviceFilter;
  // Group, program, type and flags, in a row of slots.
  constexpr int kAttachBytes = 4 * sizeof(int);
  b_.op(Call::bpf, {Builder::number(BPF_PROG_ATTACH), Builder::address_of(kSlotCgroup),
                    Builder::number(kAttachBytes)});
}

void Writer::unified(const LimitPlan& limits) {
  const std::string& root = in_.facts.cgroup2_dir;
  std::string own = root + path_;
  b_.plan().cgroup_dir = own;
  b_.step("host.cgroup", "/linux/cgroupsPath");
  std::set<std::string> controllers;
  for (const CgroupWrite& write : limits.writes)
    if (!write.is_v1 && write.controller != "cgroup") controllers.insert("+" + write.controller);
  std::string enabled = fmt::format("{}", fmt::join(controllers, " "));
  // A group's files appear once the group above hands the controller down.
  if (!enabled.empty()) write_file(root + "/cgroup.subtree_control", enabled);
  for (const std::string& parent : parents_) {
    make(root + parent).tolerates = kMayExist;
    if (!enabled.empty()) write_file(root + parent + "/cgroup.subtree_control", enabled);
  }
  make_own(own);
  open(own, O_PATH | O_DIRECTORY, kSlotCgroup);
  b_.plan().cgroup_made_by = static_cast<std::uint32_t>(b_.op_count());
  for (const CgroupWrite& write : limits.writes)
    if (!write.is_v1) limit(own, write);
  bool has_lines = find_hierarchy(in_.facts, "devices") != nullptr;
  if (!has_lines && guards_devices(in_.facts)) device_program();
}

void Writer::hierarchy(const CgroupHierarchy& hierarchy, const LimitPlan& limits) {
  std::string own = hierarchy.dir + path_;
  auto has = [&](std::string_view controller) {
    return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
  };
  b_.step("host.cgroup", "/linux/cgroupsPath");
  std::string above = hierarchy.dir;
  constexpr std::uint8_t kFillOps = 10;
  for (const std::string& parent : parents_) {
    Op& op = make(hierarchy.dir + parent);
    op.tolerates = kMayExist;
    // One that was there has its own already.
    if (has("cpuset")) op.skip_failed = kFillOps;
    if (has("cpuset")) fill_cpuset(above, hierarchy.dir + parent);
    above = hierarchy.dir + parent;
  }
  make_own(own);
  if (has("cpuset")) fill_cpuset(above, own);
  std::uint8_t tasks = b_.new_slot(hierarchy.controllers.front() + " tasks");
  open(own + "/tasks", O_WRONLY, tasks);
  b_.plan().cgroup1_dirs.push_back({own, static_cast<std::uint32_t>(b_.op_count())});
  for (const CgroupWrite& write : limits.writes)
    if (write.is_v1 && has(write.controller)) limit(own, write);
  if (has("devices")) device_lines(own);
  b_.in_container_lane();
  b_.step("host.cgroup", "/linux/cgroupsPath");
  // "0" is the writer itself. A single thread that moves itself waits for no RCU grace period,
  // which another's pid in cgroup.procs would: 8 to 15 ms.
  b_.write(tasks, "0");
  b_.in_host_lane();
}

// Hierarchies cost a directory each: 50 us and their end. Who needs which?
bool is_needed(const CgroupHierarchy& hierarchy, const PlanInput& in, const LimitPlan& limits) {
  return std::ranges::any_of(hierarchy.controllers, [&](const std::string& controller) {
    if (controller == "devices") return true;
    // Where version 2 cannot do it: to stop and to kill all.
    if (controller == "freezer") return in.facts.cgroup2_dir.empty();
    // Who names the cgroup will look there for what its processes use.
    constexpr std::array<std::string_view, 5> kCounted = {"memory", "cpu", "cpuacct", "pids",
                                                          "blkio"};
    if (!in.spec.linux_.cgroups_path.empty() &&
        std::ranges::find(kCounted, controller) != kCounted.end())
      return true;
    return std::ranges::any_of(limits.writes, [&](const CgroupWrite& write) {
      return write.is_v1 && write.controller == controller;
    });
  });
}

}  // namespace

const CgroupHierarchy* find_hierarchy(const HostFacts& facts, std::string_view controller) {
  for (const CgroupHierarchy& one : facts.cgroup1)
    if (std::ranges::find(one.controllers, controller) != one.controllers.end()) return &one;
  return nullptr;
}

bool guards_devices(const HostFacts& facts) {
  if (find_hierarchy(facts, "devices")) return true;
  // A user namespace makes no nodes that could be opened, and may not load the program.
  return !facts.cgroup2_dir.empty() && !facts.in_user_namespace;
}

Result<std::string> cgroup_path(std::string_view cgroups_path, std::string_view id) {
  if (cgroups_path.empty()) return fmt::format("{}/{}", kParent, id);
  if (cgroups_path.find('\0') != std::string_view::npos)
    return fail(0, "/linux/cgroupsPath: holds a NUL byte");
  // Relative to where ours are.
  std::string path = clean_path(cgroups_path);
  if (path == "/" || path.empty())
    return fail(0, fmt::format("/linux/cgroupsPath: \"{}\" is the root of all", cgroups_path),
                "name a cgroup of the container's own");
  if (!cgroups_path.starts_with('/')) path.insert(0, kParent);
  return path;
}

Result<void> plan_cgroups(Builder& b, const PlanInput& in) {
  SUIT_LET(std::string path, cgroup_path(in.spec.linux_.cgroups_path, b.plan().id));
  SUIT_LET(LimitPlan limits, plan_limits(in.spec.linux_.resources, in.facts));
  for (std::string& warning : limits.warnings)
    b.warn(std::move(warning));
  b.plan().cgroup_path = path;
  Writer writer(b, in, path);
  if (!in.facts.cgroup2_dir.empty()) writer.unified(limits);
  for (const CgroupHierarchy& hierarchy : in.facts.cgroup1)
    if (is_needed(hierarchy, in, limits)) writer.hierarchy(hierarchy, limits);
  return {};
}

}  // namespace suit::runtime
