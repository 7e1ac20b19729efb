#include "runtime/render.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "runtime/caps.h"
#include "runtime/flags_internal.h"
#include "runtime/limits.h"

namespace suit::runtime {
namespace {

enum class Show : std::uint8_t {
  Nothing,
  Number,
  Octal,
  Fd,
  String,
  StringOrNull,
  Flags,
  Named,
  Mode,
  Device,
  Buffer,
  OpenHow,
  Attributes,
  SignalAction,
  SignalSet,
  Limit,
  LimitName,
  CapHeader,
  CapData,
  Groups,
  IoctlArgument,
  SlotPair,
  Argv,
  Envp,
  SocketType,
  SocketProtocol,
  FcntlArgument,
  PrctlArgument,
  Filter,
  BpfAttributes,
};

struct Format {
  Show show = Show::Nothing;
  Family family = Family::Open;
};

struct CallFormat {
  std::string_view name;
  std::array<Format, 6> args;
};

// In the order of `Call`.
constexpr std::array<CallFormat, kCallCount> kFormats = {{
    {"bpf", {{{Show::Named, Family::BpfCommand}, {Show::BpfAttributes}, {Show::Number}}}},
    {"capset", {{{Show::CapHeader}, {Show::CapData}}}},
    {"chdir", {{{Show::String}}}},
    {"chroot", {{{Show::String}}}},
    {"clone3", {}},
    {"close", {{{Show::Fd}}}},
    {"close_range", {{{Show::Number}, {Show::Number}, {Show::Flags, Family::CloseRange}}}},
    {"dup3", {{{Show::Fd}, {Show::Number}, {Show::Flags, Family::Open}}}},
    {"execve", {{{Show::String}, {Show::Argv}, {Show::Envp}}}},
    {"execveat",
     {{{Show::Fd}, {Show::String}, {Show::Buffer}, {Show::Buffer}, {Show::Flags, Family::At}}}},
    {"faccessat2",
     {{{Show::Fd},
       {Show::String},
       {Show::Named, Family::Access},
       {Show::Named, Family::AccessFlags}}}},
    {"fchdir", {{{Show::Fd}}}},
    {"fchownat",
     {{{Show::Fd}, {Show::String}, {Show::Number}, {Show::Number}, {Show::Flags, Family::At}}}},
    {"fcntl", {{{Show::Fd}, {Show::Named, Family::FcntlCommand}, {Show::FcntlArgument}}}},
    {"fsconfig",
     {{{Show::Fd},
       {Show::Named, Family::FsConfig},
       {Show::StringOrNull},
       {Show::StringOrNull},
       {Show::Number}}}},
    {"fsmount",
     {{{Show::Fd}, {Show::Flags, Family::FsMount}, {Show::Flags, Family::MountAttribute}}}},
    {"fsopen", {{{Show::String}, {Show::Flags, Family::FsOpen}}}},
    {"getcwd", {{{Show::Buffer}, {Show::Number}}}},
    {"ioctl", {{{Show::Fd}, {Show::Named, Family::Ioctl}, {Show::IoctlArgument}}}},
    {"ioprio_set", {{{Show::Named, Family::IoPriorityWho}, {Show::Number}, {Show::Buffer}}}},
    {"keyctl", {{{Show::Named, Family::Keyctl}, {Show::String}}}},
    {"memfd_create", {{{Show::String}, {Show::Flags, Family::Memfd}}}},
    {"mkdirat", {{{Show::Fd}, {Show::String}, {Show::Octal}}}},
    {"mknodat", {{{Show::Fd}, {Show::String}, {Show::Mode}, {Show::Device}}}},
    {"mount",
     {{{Show::StringOrNull},
       {Show::String},
       {Show::StringOrNull},
       {Show::Flags, Family::Mount},
       {Show::StringOrNull}}}},
    {"mount_setattr",
     {{{Show::Fd}, {Show::String}, {Show::Flags, Family::At}, {Show::Attributes}, {Show::Number}}}},
    {"move_mount",
     {{{Show::Fd}, {Show::String}, {Show::Fd}, {Show::String}, {Show::Flags, Family::MoveMount}}}},
    {"open_tree", {{{Show::Fd}, {Show::String}, {Show::Flags, Family::OpenTree}}}},
    {"openat", {{{Show::Fd}, {Show::String}, {Show::Flags, Family::Open}}}},
    {"openat2", {{{Show::Fd}, {Show::String}, {Show::OpenHow}, {Show::Number}}}},
    {"personality", {{{Show::Named, Family::Personality}}}},
    {"pipe2", {{{Show::SlotPair}, {Show::Flags, Family::Pipe}}}},
    {"pivot_root", {{{Show::String}, {Show::String}}}},
    {"prctl", {{{Show::Named, Family::Prctl}, {Show::PrctlArgument}, {Show::PrctlArgument}}}},
    {"prlimit64", {{{Show::Number}, {Show::LimitName}, {Show::Limit}, {Show::StringOrNull}}}},
    {"read", {{{Show::Fd}, {Show::Buffer}, {Show::Number}}}},
    {"rt_sigaction",
     {{{Show::Named, Family::Signal}, {Show::SignalAction}, {Show::StringOrNull}, {Show::Number}}}},
    {"rt_sigprocmask",
     {{{Show::Named, Family::MaskHow}, {Show::SignalSet}, {Show::StringOrNull}, {Show::Number}}}},
    {"sched_setattr", {{{Show::Number}, {Show::Buffer}, {Show::Number}}}},
    {"seccomp",
     {{{Show::Named, Family::SeccompOperation},
       {Show::Flags, Family::SeccompFlag},
       {Show::Filter}}}},
    {"sendfile", {{{Show::Fd}, {Show::Fd}, {Show::StringOrNull}, {Show::Number}}}},
    {"sendmsg", {{{Show::Fd}, {Show::Buffer}, {Show::Number}}}},
    {"setdomainname", {{{Show::String}, {Show::Number}}}},
    {"setgroups", {{{Show::Number}, {Show::Groups}}}},
    {"sethostname", {{{Show::String}, {Show::Number}}}},
    {"setns", {{{Show::Fd}, {Show::Flags, Family::Namespace}}}},
    {"setresgid", {{{Show::Number}, {Show::Number}, {Show::Number}}}},
    {"setresuid", {{{Show::Number}, {Show::Number}, {Show::Number}}}},
    {"setsid", {}},
    {"socket", {{{Show::Named, Family::SocketFamily}, {Show::SocketType}, {Show::SocketProtocol}}}},
    {"socketpair",
     {{{Show::Named, Family::SocketFamily}, {Show::SocketType}, {Show::Number}, {Show::SlotPair}}}},
    {"symlinkat", {{{Show::String}, {Show::Fd}, {Show::String}}}},
    {"umask", {{{Show::Octal}}}},
    {"umount2", {{{Show::String}, {Show::Flags, Family::Umount}}}},
    {"unlinkat", {{{Show::Fd}, {Show::String}, {Show::Flags, Family::At}}}},
    {"unshare", {{{Show::Flags, Family::Namespace}}}},
    {"write", {{{Show::Fd}, {Show::Buffer}, {Show::Number}}}},
}};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\{:o}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out += '"';
}

std::string hex(unsigned value) { return value == 0 ? "0" : fmt::format("{:#x}", value); }

std::string octal(std::uint64_t value) { return value == 0 ? "000" : fmt::format("{:#o}", value); }

template <typename T>
T struct_at(const LaunchPlan& plan, std::int32_t offset) {
  T value;
  std::memcpy(&value, plan.text.data() + offset, sizeof value);
  return value;
}

std::string descriptor(const LaunchPlan& plan, std::int32_t slot, std::span<const int> slots) {
  auto index = static_cast<std::size_t>(slot);
  if (index < slots.size() && slots[index] >= 0) return std::to_string(slots[index]);
  return "<" + plan.slot_names[index] + ">";
}

std::string capability_set(std::uint64_t bits) {
  std::string out;
  for (unsigned number = 0; number < 64; ++number)
    if ((bits >> number & 1) != 0)
      out += fmt::format("{}1<<{}", out.empty() ? "" : "|", capability_name(number));
  return out.empty() ? "0" : out;
}

std::string capability_data(const LaunchPlan& plan, std::int32_t offset) {
  auto data = struct_at<std::array<__user_cap_data_struct, 2>>(plan, offset);
  auto joined = [&](std::uint32_t __user_cap_data_struct::* member) {
    return capability_set(data[0].*member | std::uint64_t{data[1].*member} << 32);
  };
  return fmt::format(
      "{{effective={}, permitted={}, inheritable={}}}", joined(&__user_cap_data_struct::effective),
      joined(&__user_cap_data_struct::permitted), joined(&__user_cap_data_struct::inheritable));
}

std::string open_how_text(const LaunchPlan& plan, std::int32_t offset) {
  auto how = struct_at<open_how>(plan, offset);
  return fmt::format("{{flags=O_RDONLY|{}, resolve={}}}", flags_text(Family::Open, how.flags),
                     flags_text(Family::Resolve, how.resolve));
}

std::string attributes_text(const LaunchPlan& plan, std::int32_t offset) {
  auto a = struct_at<mount_attr>(plan, offset);
  // An id-mapped mount's namespace is made when the plan is executed.
  std::string_view userns = (a.attr_set & MOUNT_ATTR_IDMAP) != 0 ? "…" : "0";
  return fmt::format("{{attr_set={}, attr_clr={}, propagation={}, userns_fd={}}}",
                     flags_text(Family::MountAttribute, a.attr_set),
                     flags_text(Family::MountAttribute, a.attr_clr),
                     flags_text(Family::Mount, a.propagation), userns);
}

std::string limit_text(const LaunchPlan& plan, std::int32_t offset) {
  auto limit = struct_at<rlimit64>(plan, offset);
  auto value = [](std::uint64_t v) {
    return v == RLIM64_INFINITY ? "RLIM64_INFINITY" : std::to_string(v);
  };
  return fmt::format("{{rlim_cur={}, rlim_max={}}}", value(limit.rlim_cur), value(limit.rlim_max));
}

std::string groups_text(const LaunchPlan& plan, const Op& op) {
  std::string out = "[";
  for (int i = 0; i < op.args[0]; ++i)
    out +=
        fmt::format("{}{}", i == 0 ? "" : ", ",
                    struct_at<std::uint32_t>(
                        plan, op.args[1] + i * static_cast<std::int32_t>(sizeof(std::uint32_t))));
  return out + "]";
}

std::string argv_text(const LaunchPlan& plan) {
  std::string out = "[";
  for (std::uint32_t i = 0; i < plan.argc; ++i) {
    auto offset = struct_at<std::uint64_t>(
        plan, static_cast<std::int32_t>(plan.argv + i * sizeof(std::uint64_t)));
    out += (i == 0 ? "" : ", ") + quoted(plan.string_at(static_cast<std::uint32_t>(offset)));
  }
  return out + "]";
}

std::string clone_text(const LaunchPlan& plan, const Op& op, std::span<const int> slots) {
  std::uint64_t flags = plan.clone_flags | static_cast<std::uint64_t>(op.args[2]);
  std::string cgroup =
      plan.cgroup_dir.empty() ? "" : ", cgroup=" + descriptor(plan, kSlotCgroup, slots);
  return fmt::format("clone3({{flags={}, exit_signal=SIGCHLD{}}}, {})",
                     flags_text(Family::Clone, flags), cgroup, op.args[1]);
}

std::string mode_text(std::uint64_t mode) {
  return fmt::format("{}|{:#03o}", flags_text(Family::Mode, mode & S_IFMT), mode & 07777U);
}

std::string prctl_argument(const Op& op, int index) {
  auto value = static_cast<unsigned>(op.args[index]);
  int option = op.args[0];
  if (option == PR_CAPBSET_DROP && index == 1) return std::string(capability_name(value));
  if (option == PR_SET_PDEATHSIG && index == 1) return value_text(Family::Signal, value);
  if (option == PR_SET_DUMPABLE && index == 1) return "SUID_DUMP_DISABLE";
  if (option != PR_CAP_AMBIENT)
    return index == 1 || option == PR_SET_NO_NEW_PRIVS ? std::to_string(value) : "";
  if (index == 1)
    return value == PR_CAP_AMBIENT_RAISE ? "PR_CAP_AMBIENT_RAISE" : "PR_CAP_AMBIENT_CLEAR_ALL";
  return op.args[1] == PR_CAP_AMBIENT_RAISE ? std::string(capability_name(value)) : "0";
}

std::string number_text(const Op& op, int index) {
  // Unsigned in the kernel: close_range's last descriptor, ids.
  return op.kinds[index] == Arg::Extern
             ? "…"
             : std::to_string(static_cast<std::uint32_t>(op.args[index]));
}

std::string buffer_text(const LaunchPlan& plan, const Op& op, int index) {
  // What is read is known only then; messages and schedules are structs.
  bool is_text = op.kinds[index] == Arg::Text && op.call != Call::read &&
                 op.call != Call::sendmsg && op.call != Call::sched_setattr;
  return is_text ? quoted(plan.string_at(static_cast<std::uint32_t>(op.args[index]))) : "…";
}

std::string ioctl_argument(const LaunchPlan& plan, const Op& op, std::int32_t word) {
  switch (static_cast<std::uint32_t>(op.args[1])) {
    case SIOCSIFFLAGS:
      return "{ifr_name=\"lo\", ifr_flags=IFF_UP|IFF_RUNNING}";
    case TIOCSPTLCK:
      return fmt::format("[{}]", struct_at<int>(plan, word));
    case TIOCGPTPEER:
      return flags_text(Family::Open, static_cast<std::uint32_t>(word));
    case TIOCSWINSZ: {
      auto size = struct_at<winsize>(plan, word);
      return fmt::format("{{ws_row={}, ws_col={}, ws_xpixel=0, ws_ypixel=0}}", size.ws_row,
                         size.ws_col);
    }
    default:
      return std::to_string(word);
  }
}

// What needs more of the plan than one word.
std::string struct_text(const LaunchPlan& plan, const Op& op, int index, Show show,
                        std::span<const int> slots) {
  std::int32_t word = op.args[index];
  switch (show) {
    case Show::OpenHow:
      return open_how_text(plan, word);
    case Show::Attributes:
      return attributes_text(plan, word);
    case Show::CapHeader:
      return "{version=_LINUX_CAPABILITY_VERSION_3, pid=0}";
    case Show::CapData:
      return capability_data(plan, word);
    case Show::Limit:
      return limit_text(plan, word);
    case Show::Groups:
      return op.kinds[index] == Arg::Literal ? "NULL" : groups_text(plan, op);
    case Show::SignalAction:
      return "{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}";
    case Show::SignalSet:
      return "[]";
    case Show::IoctlArgument:
      return ioctl_argument(plan, op, word);
    case Show::Argv:
      return argv_text(plan);
    case Show::Filter:
      return fmt::format("{{len={}, filter=…}}", plan.filter_count);
    case Show::BpfAttributes:
      if (op.args[0] == BPF_PROG_LOAD)
        return fmt::format("{{prog_type=BPF_PROG_TYPE_CGROUP_DEVICE, insn_cnt={}, …}}",
                           plan.device_filter_count);
      return fmt::format(
          "{{target_fd={}, attach_bpf_fd={}, attach_type=BPF_CGROUP_DEVICE, "
          "attach_flags=BPF_F_ALLOW_MULTI}}",
          descriptor(plan, kSlotCgroup, slots), descriptor(plan, kSlotDeviceFilter, slots));
    case Show::Envp:
      return fmt::format("[/* {} vars */]", plan.envc);
    case Show::SlotPair:
      return fmt::format("[{}, {}]", descriptor(plan, word, slots),
                         descriptor(plan, word + 1, slots));
    default:
      return "…";
  }
}

std::string argument(const LaunchPlan& plan, const Op& op, int index, Format format,
                     std::span<const int> slots) {
  std::int32_t word = op.args[index];
  auto bits = static_cast<std::uint64_t>(static_cast<std::uint32_t>(word));
  switch (format.show) {
    case Show::Nothing:
      return "";
    case Show::Number:
      return number_text(op, index);
    case Show::Octal:
      return octal(bits);
    case Show::Fd:
      if (op.kinds[index] == Arg::Slot) return descriptor(plan, word, slots);
      return word == AT_FDCWD ? "AT_FDCWD" : std::to_string(word);
    case Show::StringOrNull:
      if (op.kinds[index] == Arg::Literal) return "NULL";
      [[fallthrough]];
    case Show::String:
      if (op.kinds[index] != Arg::Text) return "…";
      return quoted(plan.string_at(static_cast<std::uint32_t>(word)));
    case Show::Buffer:
      return buffer_text(plan, op, index);
    case Show::Flags: {
      bool is_read_only = op.call == Call::openat && (bits & (O_WRONLY | O_RDWR)) == 0;
      return (is_read_only ? "O_RDONLY|" : "") + flags_text(format.family, bits);
    }
    case Show::Named:
      return value_text(format.family, bits);
    case Show::Mode:
      return mode_text(bits);
    case Show::Device:
      return S_ISREG(op.args[2]) || S_ISFIFO(op.args[2])
                 ? ""
                 : fmt::format("makedev({}, {})", hex(major(bits)), hex(minor(bits)));
    case Show::LimitName:
      return std::string(rlimit_name(static_cast<unsigned>(word)));
    case Show::SocketProtocol:
      return "IPPROTO_IP";
    case Show::SocketType:
      return flags_text(Family::Socket, bits);
    case Show::FcntlArgument:
      return op.args[1] == F_ADD_SEALS ? flags_text(Family::Seal, bits) : std::to_string(word);
    case Show::PrctlArgument:
      return prctl_argument(op, index);
    default:
      return struct_text(plan, op, index, format.show, slots);
  }
}

}  // namespace

std::string_view call_name(Call call) { return kFormats[static_cast<std::size_t>(call)].name; }

std::string render_call(const LaunchPlan& plan, const Op& op, std::span<const int> slots) {
  if (op.call == Call::clone3) return clone_text(plan, op, slots);
  const CallFormat& format = kFormats[static_cast<std::size_t>(op.call)];
  std::string out = std::string(format.name) + "(";
  bool is_first = true;
  for (int i = 0; i < op.argument_count; ++i) {
    std::string text = argument(plan, op, i, format.args[static_cast<std::size_t>(i)], slots);
    if (text.empty()) continue;
    if (!is_first) out += ", ";
    out += text;
    is_first = false;
  }
  return out + ")";
}

std::string render_result(const Op& op, std::int64_t result) {
  if (result >= 0)
    return op.call == Call::umask ? octal(static_cast<std::uint64_t>(result))
                                  : std::to_string(result);
  const char* name = ::strerrorname_np(static_cast<int>(-result));
  return name ? fmt::format("-1 {}", name) : fmt::format("-1 {}", -result);
}

}  // namespace suit::runtime
