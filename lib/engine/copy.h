/// \file
/// Files between the host and a container, and a container's files as a tar: `cp`, `export`.
///
///     packed (one thread) ──> conduit, 1 MiB ──> unpacked (the other)
///
/// Every path of the container is resolved in its root by the kernel, anew at every step: a process
/// in the container that swaps a directory for a symlink while we copy leads us astray inside the
/// container, and never out of it (CVE-2018-15664, CVE-2019-10152, CVE-2019-14271).
/// \see openat2(2), RESOLVE_IN_ROOT

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/stream.h"
#include "engine/engine.h"
#include "os/root.h"

namespace suit::engine {

/// Calls \p use with the container's root: of its first process when it runs; else mounted for as
/// long as that takes, with its binds and volumes, where nobody else sees it.
Result<void> with_root(Engine& engine, const Status& container,
                       const std::function<Result<void>(const os::Root&)>& use);

struct CopyOptions {
  bool follow_link = false;  ///< a source that is a symlink means its target (-L)
  bool keep_owner = false;   ///< users and groups as they are, on the host too (-a)
};

/// A path as `cp` understands it: `x/` is a directory, `x/.` what is in it.
struct CopyPath {
  std::string path;  ///< absolute, without trailing slashes
  bool directory = false;
  bool contents = false;
  static CopyPath parse(const std::string& text);
};

/// \return bytes of the archive that carried it
Result<std::uint64_t> copy_to_host(Engine& engine, const Status& container, const std::string& from,
                                   const std::string& host_path, const CopyOptions& options);
Result<std::uint64_t> copy_to_container(Engine& engine, const Status& container,
                                        const std::string& host_path, const std::string& to,
                                        const CopyOptions& options);
/// `cp CONTAINER:PATH -`
Result<void> copy_to_tar(Engine& engine, const Status& container, const std::string& from,
                         const CopyOptions& options, Writer& out);
/// `cp - CONTAINER:PATH`
/// The archive says who owns what.
/// \errors ENOTDIR when \p to is no directory
Result<void> copy_from_tar(Engine& engine, const Status& container, Reader& in,
                           const std::string& to);

/// The whole root file system without what is mounted in it.
Result<void> export_root(Engine& engine, const Status& container, Writer& out);

}  // namespace suit::engine
