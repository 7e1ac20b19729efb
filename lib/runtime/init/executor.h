/// \file
/// The executor: walks a list of ops. The same text runs in the helper, in the host lane of
/// `launch`, and in tests over a fake kernel.
///
/// It may not allocate, lock, log or touch errno: in the child of a shared-memory clone it runs in
/// its parent's memory.

#pragma once

#include <cstdint>

#include "runtime/init/op.h"

namespace suit::runtime {

/// A list of ops with all that its arguments refer to.
template <typename Sys>
struct Machine {
  const Sys* sys = nullptr;
  const Op* ops = nullptr;
  int* slots = nullptr;  ///< `kSlotCount` descriptors
  const char* text = nullptr;
  const long* externs = nullptr;  ///< `kExternCount` words
  std::uint32_t asked = 0;        ///< bits of `Op::when`
  Stamp* stamps = nullptr;        ///< one an op, or nullptr
  /// A slot that the list closes is empty from then on: somebody closes what is left in the others.
  /// Not in a child that shares its parent's memory, since it has descriptors of its own.
  bool forgets_closed = false;
};

// The numbers are the same on every machine that we run on; <errno.h> is libc's.
inline constexpr int kErrPerm = 1, kErrNoEntry = 2, kErrAccess = 13, kErrExists = 17,
                     kErrNotDirectory = 20, kErrInvalid = 22, kErrReadonly = 30,
                     kErrNoSystemCall = 38, kErrReset = 104;

inline bool tolerated(const Op& op, long error) {
  switch (error) {
    case kErrNoEntry:
      return (op.tolerates & kMayBeAbsent) != 0;
    case kErrExists:
      return (op.tolerates & kMayExist) != 0;
    case kErrNotDirectory:
      return (op.tolerates & kMayBeOtherType) != 0;
    case kErrAccess:
      return (op.tolerates & kMayBeForbidden) != 0;
    case kErrReadonly:
      return (op.tolerates & kMayBeReadonly) != 0;
    case kErrInvalid:
      return (op.tolerates & (kMayBeUnsupported | kMayBeOtherType)) != 0;
    case kErrPerm:
    case kErrNoSystemCall:
      return (op.tolerates & kMayBeUnsupported) != 0;
    default:
      return false;
  }
}

/// Makes the call of \p op; the kernel's answer.
template <typename Sys>
long perform(const Machine<Sys>& machine, const Op& op) {
  long args[6] = {};
  for (int i = 0; i < op.argument_count; ++i) {
    std::int32_t word = op.args[i];
    switch (op.kinds[i]) {
      case Arg::Literal:
        args[i] = word;
        break;
      case Arg::Text:
        args[i] = reinterpret_cast<long>(machine.text + word);
        break;
      case Arg::Slot:
        args[i] = machine.slots[word];
        break;
      case Arg::SlotAddress:
        args[i] = reinterpret_cast<long>(machine.slots + word);
        break;
      case Arg::Extern:
        args[i] = machine.externs[word];
        break;
    }
  }
  if (op.call != Call::getcwd) {
    long result = machine.sys->call(op.call, args);
    return result == 0 && (op.flags & kMustRead) != 0 ? -kErrReset : result;
  }
  // A directory outside of the root has a name, but it starts with "(unreachable)": through
  // /proc/self/fd a working directory could lie on the host (CVE-2024-21626).
  char path[4096];
  args[0] = reinterpret_cast<long>(&path[0]);
  long result = machine.sys->call(op.call, args);
  return result > 0 && path[0] != '/' ? -kErrNoEntry : result;
}

/// Whether an op is one of several candidates, of which one has to work.
inline bool is_candidate(const Op& op) {
  return op.call == Call::execve || op.call == Call::faccessat2;
}

/// Performs ops \p from up to, not including, \p to. A list that ends with execve returns only
/// when no candidate could be executed.
template <typename Sys>
Failure run_ops(const Machine<Sys>& machine, std::uint32_t from, std::uint32_t to,
                std::uint32_t lane) {
  Failure exec;
  for (std::uint32_t i = from; i < to; ++i) {
    const Op& op = machine.ops[i];
    if ((op.when & ~machine.asked) != 0) continue;
    if (machine.stamps) machine.stamps[i].start_ns = machine.sys->now_ns();
    long result = perform(machine, op);
    if (machine.stamps) machine.stamps[i].result = result;
    if (result >= 0) {
      if (op.result != kSlotNone) machine.slots[op.result] = static_cast<int>(result);
      if (machine.forgets_closed && op.call == Call::close && op.kinds[0] == Arg::Slot)
        machine.slots[op.args[0]] = -1;
      i += op.skip_ok;
      continue;
    }
    Failure failure{lane, i, static_cast<std::int32_t>(-result)};
    // As in execvp(3): "permission denied" somewhere in PATH says more than "not found" later.
    if (is_candidate(op) && exec.error != kErrAccess) exec = failure;
    if (!tolerated(op, -result)) return is_candidate(op) ? exec : failure;
    i += op.skip_failed;
  }
  return exec;
}

}  // namespace suit::runtime
