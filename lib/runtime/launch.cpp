// launch: performs the host lane, clones, waits until the program runs.

#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "os/process.h"
#include "os/raw.h"
#include "runtime/failure_internal.h"
#include "runtime/init/executor.h"
#include "runtime/init/syscall.h"
#include "runtime/plan.h"
#include "runtime/prepare_internal.h"
#include "runtime/runtime.h"
#include "runtime/spawn_internal.h"

extern "C" const char suit_init_image[];
extern "C" const char suit_init_image_end[];

namespace suit::runtime {
namespace {

constexpr std::size_t kChildStackBytes =
    16 << 10;  // the executor needs a path's 4 KiB and little more

// Descriptors of one launch, by slot. Those of the inputs are the caller's and stay open.
class Slots {
 public:
  Slots() { raw_.fill(-1); }
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  ~Slots() {
    for (std::size_t i = 0; i < raw_.size(); ++i)
      if (raw_[i] >= 0 && !borrowed_[i]) ::close(raw_[i]);
  }
  int* data() { return raw_.data(); }
  void lend(std::uint8_t slot, os::FdRef fd) {
    raw_[slot] = fd.raw();
    borrowed_[slot] = true;
  }
  void own(std::uint8_t slot, int raw) { raw_[slot] = raw; }
  /// A number that is no descriptor, for calls that take a row of slots.
  void put(std::uint8_t slot, int number) {
    raw_[slot] = number;
    borrowed_[slot] = true;
  }
  [[nodiscard]] os::Fd take(std::uint8_t slot) { return os::Fd(std::exchange(raw_[slot], -1)); }
  const std::array<int, kSlotCount>& all() const { return raw_; }

 private:
  std::array<int, kSlotCount> raw_;
  std::array<bool, kSlotCount> borrowed_{};
};

// The plan as the helper maps it: header, ops, slots, text.
std::string plan_image(const LaunchPlan& plan, const Slots& slots, std::uint32_t asked) {
  auto aligned = [](std::size_t size) { return (size + 7) & ~std::size_t{7}; };
  PlanHeader header;
  header.op_count = static_cast<std::uint32_t>(plan.container.size());
  std::size_t ops_bytes = plan.container.size() * sizeof(Op);
  header.ops = static_cast<std::uint32_t>(aligned(sizeof header));
  header.slots = static_cast<std::uint32_t>(aligned(header.ops + ops_bytes));
  header.text = static_cast<std::uint32_t>(aligned(header.slots + sizeof slots.all()));
  header.argv = plan.argv;
  header.argc = plan.argc;
  header.envp = plan.envp;
  header.envc = plan.envc;
  header.asked = asked;
  header.filter = plan.filter;
  header.filter_count = plan.filter_count;
  header.pointers = static_cast<std::uint32_t>(aligned(header.text + plan.text.size()));
  header.pointer_count = static_cast<std::uint32_t>(plan.pointers.size());
  std::size_t pointer_bytes = plan.pointers.size() * sizeof plan.pointers[0];
  std::string image(header.pointers + pointer_bytes, '\0');
  std::memcpy(image.data(), &header, sizeof header);
  std::memcpy(image.data() + header.ops, plan.container.data(), ops_bytes);
  std::memcpy(image.data() + header.slots, slots.all().data(), sizeof slots.all());
  std::memcpy(image.data() + header.text, plan.text.data(), plan.text.size());
  std::memcpy(image.data() + header.pointers, plan.pointers.data(), pointer_bytes);
  return image;
}

// Memory that the helper and we both see: its stamps.
class SharedStamps {
 public:
  // Of our own lane: a child that does not share our memory writes there, too.
  static Result<SharedStamps> anonymous(std::size_t count) { return map(count, -1); }
  static Result<SharedStamps> create(std::size_t count, Slots& slots) {
    int fd = ::memfd_create("times", MFD_CLOEXEC);
    if (fd < 0) return fail(errno, "memfd_create(\"times\")");
    slots.own(kSlotTimes, fd);
    if (::ftruncate(fd, static_cast<off_t>(count * sizeof(Stamp))) != 0)
      return fail(errno, "ftruncate(times)");
    return map(count, fd);
  }
  SharedStamps() = default;
  SharedStamps(SharedStamps&& other) noexcept
      : stamps_(std::exchange(other.stamps_, nullptr)), count_(other.count_) {}
  SharedStamps& operator=(SharedStamps&& other) noexcept {
    std::swap(stamps_, other.stamps_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~SharedStamps() {
    if (stamps_) ::munmap(stamps_, count_ * sizeof(Stamp));
  }
  Stamp* data() const { return stamps_; }
  std::span<const Stamp> all() const { return {stamps_, count_}; }

 private:
  static Result<SharedStamps> map(std::size_t count, int fd) {
    int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
    void* memory = ::mmap(nullptr, count * sizeof(Stamp), PROT_READ | PROT_WRITE, flags, fd, 0);
    if (memory == MAP_FAILED) return fail(errno, "mmap(times)");
    auto* stamps = static_cast<Stamp*>(memory);
    for (std::size_t i = 0; i < count; ++i)
      stamps[i] = Stamp{};
    return SharedStamps(stamps, count);
  }
  SharedStamps(Stamp* stamps, std::size_t count) : stamps_(stamps), count_(count) {}
  Stamp* stamps_ = nullptr;
  std::size_t count_ = 0;
};

// Signals stay away while the child runs in our memory: a handler of ours would run there, too.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// What the cloned child works with. It may only read it, and write stamps.
struct ChildWork {
  Machine<Kernel> machine;
  std::uint32_t from = 0, to = 0;
};

[[noreturn]] void child_main(void* argument) {
  const auto& work = *static_cast<const ChildWork*>(argument);
  Failure failure = run_ops(work.machine, work.from, work.to, kHostLane);
  system_call(__NR_write, work.machine.slots[kSlotReportWrite], reinterpret_cast<long>(&failure),
              sizeof failure);
  while (true)
    system_call(__NR_exit_group, 125);
}

// The parts of the host lane: before the clone, its alternatives, in the child, after.
struct Parts {
  std::uint32_t clone = 0, child = 0, after = 0, end = 0;
};

Parts parts_of(const std::vector<Op>& host) {
  Parts parts;
  parts.end = static_cast<std::uint32_t>(host.size());
  while (parts.clone < parts.end && host[parts.clone].call != Call::clone3)
    ++parts.clone;
  parts.child = parts.clone;
  while (parts.child < parts.end && host[parts.child].call == Call::clone3)
    ++parts.child;
  parts.after = parts.child;
  while (parts.after < parts.end && (host[parts.after].when & kWhenInChild) != 0)
    ++parts.after;
  return parts;
}

// One launch: the state that its steps share.
class Launch {
 public:
  Launch(const LaunchPlan& plan, const LaunchInputs& inputs)
      : plan_(plan), inputs_(inputs), parts_(parts_of(plan.host)) {}

  Failure run();
  Result<void> prepare();
  /// Why the caller's own part failed; empty when it did not.
  std::optional<Error> caller_error;
  Timeline timeline(std::int64_t start_ns) const;
  pid_t pid() const { return pid_; }
  os::Fd take_pidfd() { return slots_.take(kSlotPidfd); }
  Error error_of(const Failure& failure) const;

 private:
  Failure clone();
  Failure run_after_clone();
  void read_report(Failure& failure);
  Result<void> lend_inputs();
  Result<void> prepare_mounts();
  void prepare_device_filter();
  long clone_once(const Op& op, ChildWork& work);

  const LaunchPlan& plan_;
  const LaunchInputs& inputs_;
  Parts parts_;
  Slots slots_;
  Kernel kernel_;
  Machine<Kernel> machine_;
  std::array<long, kExternCount> externs_{};
  std::array<char, 24> fd_text_{}, size_text_{};
  std::array<char, 32> uid_map_path_{}, gid_map_path_{};
  std::uint64_t word_ = 0;
  bpf_attr device_filter_{};
  std::string text_;  ///< the plan's text, where mounts need values that only exist now
  std::vector<os::Fd> user_namespaces_;
  std::array<const char*, 4> helper_argv_{};
  std::array<const char*, 1> helper_envp_{};
  std::string image_;
  Failure reported_;
  SharedStamps host_stamps_;
  std::vector<int> slots_at_clone_;
  SharedStamps container_stamps_;
  pid_t pid_ = -1;
  alignas(16) std::array<char, kChildStackBytes> child_stack_;
};

Result<void> Launch::lend_inputs() {
  slots_.lend(kSlotRootfs, inputs_.rootfs);
  const os::FdRef* stdio[] = {&inputs_.stdin_, &inputs_.stdout_, &inputs_.stderr_};
  for (std::uint8_t i = 0; i < 3; ++i) {
    // Above 2, so that giving the program its 0 cannot overwrite what becomes its 1.
    int copy = ::fcntl(stdio[i]->raw(), F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return fail(errno, fmt::format("fcntl({}, F_DUPFD_CLOEXEC)", stdio[i]->raw()));
    slots_.own(static_cast<std::uint8_t>(kSlotStdin + i), copy);
  }
  if (inputs_.console) slots_.lend(kSlotConsole, *inputs_.console);
  if (inputs_.target) slots_.lend(kSlotTarget, *inputs_.target);
  if (!plan_.waits_for_start) return {};
  if (!inputs_.start || !inputs_.report_read || !inputs_.report_write)
    return fail(0, "a plan that waits for its start needs what it waits on");
  slots_.lend(kSlotStart, *inputs_.start);
  slots_.lend(kSlotReportRead, *inputs_.report_read);
  // The lane closes this one.
  int copy = ::fcntl(inputs_.report_write->raw(), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail(errno, "fcntl(report, F_DUPFD_CLOEXEC)");
  slots_.own(kSlotReportWrite, copy);
  return {};
}

// Values that exist only now: the user namespaces of id-mapped mounts.
Result<void> Launch::prepare_mounts() {
  if (plan_.user_mappings.empty()) return {};
  text_ = plan_.text;
  for (const UserMapping& mapping : plan_.user_mappings) {
    SUIT_LET(os::Fd space, make_user_namespace(mapping.uids, mapping.gids));
    std::uint64_t number = static_cast<std::uint64_t>(space.raw());
    std::memcpy(text_.data() + mapping.userns_fd, &number, sizeof number);
    user_namespaces_.push_back(std::move(space));
  }
  return {};
}

// What loads the program that cgroup v2 asks at every open of a device.
void Launch::prepare_device_filter() {
  if (plan_.device_filter_count == 0) return;
  const char* text = text_.empty() ? plan_.text.data() : text_.data();
  device_filter_.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  device_filter_.insn_cnt = plan_.device_filter_count;
  device_filter_.insns = reinterpret_cast<std::uintptr_t>(text + plan_.device_filter);
  device_filter_.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
  slots_.put(kSlotAttachType, BPF_CGROUP_DEVICE);
  // Whoever is inside may add filters of its own: systemd does.
  slots_.put(kSlotAttachFlags, BPF_F_ALLOW_MULTI);
}

Result<void> Launch::prepare() {
  SUIT_TRY(lend_inputs());
  SUIT_TRY(prepare_mounts());
  machine_.asked = kWhenInChild | (shared_memory_allowed() ? kWhenSharedMemory : 0U) |
                   (inputs_.die_with_parent ? kWhenDieWithParent : 0U) |
                   (inputs_.timed ? kWhenTimed : 0U);
  if (inputs_.timed) {
    SUIT_LET(host_stamps_, SharedStamps::anonymous(plan_.host.size()));
    machine_.stamps = host_stamps_.data();
    SUIT_LET(container_stamps_, SharedStamps::create(plan_.container.size(), slots_));
  }
  machine_.forgets_closed = true;
  machine_.sys = &kernel_;
  machine_.ops = plan_.host.data();
  machine_.slots = slots_.data();
  machine_.text = text_.empty() ? plan_.text.data() : text_.data();
  machine_.externs = externs_.data();
  auto supply = [&](Extern word, const void* address) {
    externs_[static_cast<std::size_t>(word)] = reinterpret_cast<long>(address);
  };
  supply(Extern::HelperImage, &suit_init_image[0]);
  externs_[static_cast<std::size_t>(Extern::HelperSize)] =
      &suit_init_image_end[0] - &suit_init_image[0];
  prepare_device_filter();
  supply(Extern::DeviceFilter, &device_filter_);
  supply(Extern::Failure, &reported_);
  supply(Extern::Word, &word_);
  supply(Extern::UidMapPath, uid_map_path_.data());
  supply(Extern::GidMapPath, gid_map_path_.data());
  supply(Extern::Argv, helper_argv_.data());
  supply(Extern::Envp, helper_envp_.data());
  return {};
}

long Launch::clone_once(const Op& op, ChildWork& work) {
  // Spelled as the kernel's header does: its 64-bit type is another than the library's.
  auto word = [](auto value) { return static_cast<__u64>(value); };
  auto address = [&](void* at) { return word(reinterpret_cast<std::uintptr_t>(at)); };
  clone_args args{};
  args.flags = word(plan_.clone_flags) | word(op.args[2]);
  args.pidfd = address(slots_.data() + kSlotPidfd);
  args.exit_signal = SIGCHLD;
  if (!plan_.cgroup_dir.empty()) args.cgroup = word(slots_.data()[kSlotCgroup]);
  if ((args.flags & CLONE_VM) != 0) {
    args.stack = address(child_stack_.data());
    args.stack_size = child_stack_.size();
  }
  return clone_call(&args, child_main, &work);
}

Failure Launch::clone() {
  ChildWork work{machine_, parts_.child, parts_.after};
  work.machine.forgets_closed = false;
  SignalsBlocked blocked;
  Failure failure;
  for (std::uint32_t i = parts_.clone; i < parts_.child; ++i) {
    const Op& op = plan_.host[i];
    if ((op.when & ~machine_.asked) != 0) continue;
    if (machine_.stamps) host_stamps_.data()[i].start_ns = kernel_.now_ns();
    long pid = clone_once(op, work);
    if (machine_.stamps) host_stamps_.data()[i].result = pid;
    if (pid >= 0) {
      pid_ = static_cast<pid_t>(pid);
      return {};
    }
    failure = {kHostLane, i, static_cast<std::int32_t>(-pid)};
    if (!tolerated(op, -pid)) return failure;
  }
  return failure;
}

Failure Launch::run() {
  // Everything up to the plan's own memfd, which holds the slots that the others filled.
  std::uint32_t plan_at = 0;
  while (plan_at < parts_.clone && plan_.host[plan_at].result != kSlotPlan)
    ++plan_at;
  Failure failure = run_ops(machine_, 0, plan_at, kHostLane);
  if (failure.error != 0) return failure;
  for (const CopyUp& copy : plan_.copies)
    if (auto done = copy_up(inputs_.rootfs, copy.destination, slots_.data()[copy.mount]); !done) {
      caller_error = std::move(done).error();
      return {};
    }
  image_ = plan_image(plan_, slots_, machine_.asked);
  externs_[static_cast<std::size_t>(Extern::PlanImage)] = reinterpret_cast<long>(image_.data());
  externs_[static_cast<std::size_t>(Extern::PlanSize)] = static_cast<long>(image_.size());
  failure = run_ops(machine_, plan_at, parts_.clone, kHostLane);
  if (failure.error != 0) return failure;

  fmt::format_to_n(fd_text_.data(), fd_text_.size() - 1, "{}", slots_.data()[kSlotPlan]);
  fmt::format_to_n(size_text_.data(), size_text_.size() - 1, "{}", image_.size());
  helper_argv_ = {"suit-init", fd_text_.data(), size_text_.data(), nullptr};
  failure = clone();
  if (failure.error != 0) return failure;

  // After this line the child exists: every return must reap it.
  if (inputs_.timed) slots_at_clone_.assign(slots_.all().begin(), slots_.all().end());
  failure = run_after_clone();
  if (failure.error == kErrReset) read_report(failure);
  return failure.error != 0 ? failure : reported_;
}

// The rest of the host lane, with the caller's part in between.
Failure Launch::run_after_clone() {
  externs_[static_cast<std::size_t>(Extern::ChildPid)] = pid_;
  fmt::format_to_n(uid_map_path_.data(), uid_map_path_.size() - 1, "/proc/{}/uid_map", pid_);
  fmt::format_to_n(gid_map_path_.data(), gid_map_path_.size() - 1, "/proc/{}/gid_map", pid_);
  std::uint32_t from = parts_.after;
  Failure failure;
  for (std::uint32_t i = parts_.after; i < parts_.end && failure.error == 0; ++i) {
    if ((plan_.host[i].flags & kCallerActs) == 0 || !inputs_.at_rendezvous) continue;
    failure = run_ops(machine_, from, i + 1, kHostLane);
    from = i + 1;
    if (failure.error != 0) break;
    if (auto acted = inputs_.at_rendezvous(pid_); !acted) {
      caller_error = std::move(acted).error();
      return {};
    }
  }
  if (failure.error == 0) failure = run_ops(machine_, from, parts_.end, kHostLane);
  return failure;
}

// The child went away while we waited for it: what it had to say.
void Launch::read_report(Failure& failure) {
  Failure said;
  ssize_t size = ::read(slots_.data()[kSlotReportRead], &said, sizeof said);
  if (size == static_cast<ssize_t>(sizeof said) && said.error != 0) failure = said;
}

Timeline Launch::timeline(std::int64_t start_ns) const {
  Timeline out;
  if (!inputs_.timed) return out;
  auto since = [&](std::int64_t at) {
    return std::chrono::nanoseconds(at == 0 ? 0 : at - start_ns);
  };
  for (const Stamp& stamp : host_stamps_.all()) {
    out.host.push_back(since(stamp.start_ns));
    out.host_results.push_back(stamp.result);
  }
  for (std::size_t i = 0; i < plan_.container.size(); ++i) {
    const Stamp& stamp = container_stamps_.data()[i];
    out.container.push_back(since(stamp.start_ns));
    out.container_results.push_back(stamp.result);
  }
  out.slots = slots_at_clone_;
  return out;
}

Error Launch::error_of(const Failure& failure) const {
  return describe_failure(plan_, failure, inputs_.rootfs, slots_.all());
}

}  // namespace

Result<Container> launch(const LaunchPlan& plan, const LaunchInputs& inputs) {
  for (const std::string& warning : plan.warnings)
    SUIT_LOG(Warn, "{}", warning);
  Launch launch(plan, inputs);
  SUIT_TRY(launch.prepare());
  std::int64_t start_ns = Kernel().now_ns();
  Failure failure = launch.run();

  Container container;
  container.pid_ = launch.pid();
  container.pidfd_ = launch.take_pidfd();
  if (plan.owns_cgroup) {
    // Those of somebody else's container of the same name must stay.
    std::uint32_t done = failure.error != 0 && failure.lane == kHostLane ? failure.op : UINT32_MAX;
    if (plan.cgroup_made_by <= done) container.cgroup2_dir_ = plan.cgroup_dir;
    for (const Cgroup1Dir& dir : plan.cgroup1_dirs)
      if (dir.made_by <= done) container.cgroup1_dirs_.push_back(dir.path);
  }
  // The container ends with this scope.
  if (launch.caller_error) return std::unexpected(std::move(*launch.caller_error));
  // The container ends with this scope.
  if (failure.error != 0) return std::unexpected(launch.error_of(failure));
  container.timeline_ = launch.timeline(start_ns);
  return container;
}

}  // namespace suit::runtime
