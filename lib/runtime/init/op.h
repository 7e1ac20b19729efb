/// \file
/// The launch plan's unit: one system call with its arguments, as plain data.
///
/// The helper decides nothing. It walks a list of `Op`s; each is exactly one system call, whose
/// arguments are numbers, texts of a table, or slots: small numbered places that hold descriptors.
/// What little flow there is stands in the list: "if this worked, skip two", "ENOENT is no error".
///
///     {openat2, [slot 0 rootfs, "/proc", {O_PATH…}, 24] -> slot 20, skip_ok 2, tolerates ENOENT}
///
/// This header is shared by the hosted library and the freestanding helper: no libc here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace suit::runtime {

/// A system call, by its manual page name. Numbers differ between machines, so plans use these.
enum class Call : std::uint8_t {
  bpf,
  capset,
  chdir,
  chroot,
  clone3,
  close,
  close_range,
  dup3,
  execve,
  execveat,
  faccessat2,
  fchdir,
  fchownat,
  fcntl,
  fsconfig,
  fsmount,
  fsopen,
  getcwd,
  ioctl,
  ioprio_set,
  keyctl,
  memfd_create,
  mkdirat,
  mknodat,
  mount,
  mount_setattr,
  move_mount,
  open_tree,
  openat,
  openat2,
  personality,
  pipe2,
  pivot_root,
  prctl,
  prlimit64,
  read,
  rt_sigaction,
  rt_sigprocmask,
  sched_setattr,
  seccomp,
  sendfile,
  sendmsg,
  setdomainname,
  setgroups,
  sethostname,
  setns,
  setresgid,
  setresuid,
  setsid,
  socket,
  socketpair,
  symlinkat,
  umask,
  umount2,
  unlinkat,
  unshare,
  write,
};
inline constexpr std::size_t kCallCount = static_cast<std::size_t>(Call::write) + 1;

/// How a number in `Op::args` becomes a machine word.
enum class Arg : std::uint8_t {
  Literal,      ///< the number, sign-extended
  Text,         ///< the address of that offset in the text table: a string or a struct
  Slot,         ///< the descriptor in that slot
  SlotAddress,  ///< where that slot is stored: for calls that write descriptors to memory
  Extern,       ///< a word that the executor supplies: see `Extern`
};

/// Words known only when a plan is executed.
enum class Extern : std::int32_t {
  HelperImage,
  HelperSize,
  PlanImage,
  PlanSize,
  Argv,
  Envp,
  CloneArgs,
  Failure,
  Filter,        ///< struct sock_fprog of the seccomp filter
  DeviceFilter,  ///< union bpf_attr that loads the device filter
  ChildPid,      ///< of the cloned child, once it is there
  UidMapPath,    ///< `/proc/PID/uid_map` of it
  GidMapPath,
  Word,  ///< 8 bytes to read into
};
inline constexpr std::size_t kExternCount = 14;

/// Descriptors that every plan has. The cgroup, its device filter, the attach type and its flags
/// lie in a row: together they are the bpf_attr of BPF_PROG_ATTACH, as the ends of a pipe are what
/// pipe2(2) wants. Numbers from `kSlotFirstFree` on are the planner's to give.
inline constexpr std::uint8_t kSlotRootfs = 0, kSlotStdin = 1, kSlotStdout = 2, kSlotStderr = 3,
                              kSlotReportRead = 4, kSlotReportWrite = 5, kSlotHelper = 6,
                              kSlotPlan = 7, kSlotTimes = 8, kSlotPidfd = 9, kSlotCgroup = 10,
                              kSlotDeviceFilter = 11, kSlotAttachType = 12, kSlotAttachFlags = 13,
                              kSlotSyncHost = 14, kSlotSyncChild = 15, kSlotStart = 16,
                              kSlotConsole = 17, kSlotTarget = 18, kSlotFirstFree = 19,
                              kSlotNone = 255;
inline constexpr std::size_t kSlotCount = 255;

/// Failures that an op may have without ending the start, as bits of `Op::tolerates`.
inline constexpr std::uint8_t kMayBeAbsent = 1;  ///< ENOENT
inline constexpr std::uint8_t kMayExist = 2;     ///< EEXIST
inline constexpr std::uint8_t kMayBeOtherType =
    4;  ///< ENOTDIR; EINVAL, which move_mount says of a file on a directory
inline constexpr std::uint8_t kMayBeForbidden = 8;  ///< EACCES
inline constexpr std::uint8_t kMayBeUnsupported =
    16;  ///< EINVAL, ENOSYS, EPERM: an older kernel or a filter
inline constexpr std::uint8_t kMayBeReadonly = 32;  ///< EROFS

/// When an op is for some launches only, as bits of `Op::when`: all must be asked for.
inline constexpr std::uint8_t kWhenDieWithParent = 1;
inline constexpr std::uint8_t kWhenTimed = 2;
inline constexpr std::uint8_t kWhenSharedMemory = 4;  ///< vfork-style clone is allowed
inline constexpr std::uint8_t kWhenInChild = 8;  ///< host lane: in the child, before the helper

/// What else is special about an op, as bits of `Op::flags`.
inline constexpr std::uint8_t kMustRead = 1;  ///< a read of nothing is ECONNRESET: the peer is gone
inline constexpr std::uint8_t kCallerActs =
    2;  ///< host lane: after it, whoever launches does its part (`LaunchInputs::at_rendezvous`)

/// One system call of a plan. 44 bytes.
struct Op {
  std::uint16_t step = 0;  ///< index in the steps registry (base/steps.h)
  Call call = Call::close;
  std::uint8_t when = 0;
  std::uint8_t tolerates = 0;
  std::uint8_t skip_ok = 0;         ///< ops to leave out after success
  std::uint8_t skip_failed = 0;     ///< ops to leave out after a tolerated failure
  std::uint8_t result = kSlotNone;  ///< slot that takes the returned descriptor
  Arg kinds[6] = {};
  std::uint8_t argument_count = 0;
  std::uint8_t flags = 0;
  std::uint32_t pointer = 0;  ///< text offset: JSON pointer of the spec member it came from
  std::int32_t args[6] = {};
};
static_assert(std::is_trivially_copyable_v<Op> && sizeof(Op) == 44);

/// When an op started and what its call returned; shared with the parent when a launch is timed.
struct Stamp {
  std::int64_t start_ns = 0;  ///< CLOCK_MONOTONIC
  std::int64_t result = kNotRun;
  static constexpr std::int64_t kNotRun = INT64_MIN;
};

/// The op that ended a start. All zero: nothing failed.
struct Failure {
  std::uint32_t lane = 0;  ///< 1 host, 2 container
  std::uint32_t op = 0;
  std::int32_t error = 0;  ///< errno; 0 is no failure
};
inline constexpr std::uint32_t kHostLane = 1, kContainerLane = 2;

/// What the plan's memfd holds: this, then ops, slots and text, each 8-aligned.
struct PlanHeader {
  std::uint32_t magic = kMagic;
  std::uint32_t op_count = 0;
  std::uint32_t ops = 0;    ///< offset of `Op[op_count]`
  std::uint32_t slots = 0;  ///< offset of `int[kSlotCount]`
  std::uint32_t text = 0;   ///< offset of the text table
  std::uint32_t argv = 0;   ///< offset in the text of `u64[argc + 1]`, text offsets, 0 at the end
  std::uint32_t argc = 0;
  std::uint32_t envp = 0;
  std::uint32_t envc = 0;
  std::uint32_t asked = 0;     ///< bits of `Op::when` that this launch asks for
  std::uint32_t pointers = 0;  ///< offset of `u32[pointer_count]`: text offsets of words that hold
                               ///< text offsets and become addresses
  std::uint32_t pointer_count = 0;
  std::uint32_t filter = 0;  ///< offset in the text of `sock_filter[filter_count]`
  std::uint32_t filter_count = 0;
  static constexpr std::uint32_t kMagic = 0x74697573;  // "suit"
};

}  // namespace suit::runtime
