/// \file
/// clone3(2) of a child that shares our memory, as vfork's does, but in new namespaces.

#pragma once

#include <linux/sched.h>

namespace suit::runtime {

/// Clones; the child calls \p child on its own stack, which must not return.
/// \param args with `CLONE_VM`, `stack` and `stack_size` must be set: on ours the child would
///     overwrite the frame that we return to
/// \return the child's pid, or -errno
long clone_call(clone_args* args, void (*child)(void*), void* argument) noexcept;

/// Whether a child may share our memory here. Sanitizers keep shadow memory of what each thread's
/// stack holds, which a second process would confuse.
bool shared_memory_allowed() noexcept;

}  // namespace suit::runtime
