/// \file
/// The verbs of the vendor's CDI hook, with its command line, so that other engines can use the
/// specifications that `suit cdi generate` writes.
///
///     suit cdi hook create-symlinks --link libcuda.so.1::/usr/lib/x/libcuda.so
///     suit cdi hook update-ldcache --folder /usr/lib/x
///     suit cdi hook enable-cuda-compat --host-driver-version=580.1
///     suit cdi hook disable-device-node-modification
///     suit cdi hook chmod --mode 755 --path /dev/dri
///
/// A runtime calls them before the program starts, with the container's state on stdin. This engine
/// starts none of them for its own containers: it does what they would do itself. Every path is
/// resolved inside the container's root; no variable of the caller's reaches a program that is
/// started.
/// \source NVIDIA container toolkit cmd/nvidia-cdi-hook; runtime-spec "Hooks"

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/cdi_spec.h"
#include "os/root.h"

namespace suit::gpu {

/// The root of the container that \p state speaks of: `bundle` with its config.json's `root.path`.
/// \errors 0 for a state or config that cannot be read
Result<os::Root> root_of_state(const std::string& state);

/// Does one verb in \p root.
/// \param words the verb and its flags
/// \errors 0 for an unknown verb or flag; what the kernel said for a file
Result<void> run_hook(const std::vector<std::string>& words, const os::Root& root);

/// The verb and its flags, when \p hook is the vendor's program or ours under one of its names;
/// empty for any other program.
std::vector<std::string> vendor_words(const CdiHook& hook);

/// Makes the link \p path with \p target, and its directory; a file of that name is replaced by it.
Result<void> make_link(const os::Root& root, const std::string& path, const std::string& target);

/// A driver for newer CUDA that an image brings: whether it fits a host's driver.
/// \param note the ELF section `.note.cuda.fwd_compatibility`; empty: none
bool compat_fits(const std::string& note, const std::string& compat_version,
                 const std::string& host_version);

}  // namespace suit::gpu
