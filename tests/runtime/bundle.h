/// \file
/// Bundles for tests: a root file system of busybox, made on the spot, and runs of it.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "os/file.h"
#include "os/process.h"
#include "runtime/runtime.h"

namespace suit::test {

/// What a container said and how it ended; or why it could not start.
struct Outcome {
  bool started = false;
  Error error{0, ""};
  int code = 0;  ///< as a shell reports it
  std::string out;
  std::string err;
};

/// A directory with `rootfs/` (busybox and its applets, /etc/passwd, mount points), removed at the
/// end.
class Bundle {
 public:
  Bundle();
  const std::string& path() const { return directory_.path(); }
  std::string rootfs() const { return path() + "/rootfs"; }
  void write(const std::string& name, const std::string& text,
             mode_t mode = 0644) const;  ///< below rootfs
  void symlink(const std::string& target, const std::string& name) const;

  /// The default spec that runs `sh -c script`.
  static oci::Spec shell(const std::string& script);
  /// Plans and launches \p spec over the rootfs, waits for it.
  Outcome run(const oci::Spec& spec) const;
  Outcome run(const oci::Spec& spec, const runtime::HostFacts& facts) const;
  Outcome sh(const std::string& script) const { return run(shell(script)); }

 private:
  os::TempDir directory_;
};

/// Why kernel tests cannot run here, or "".
std::string no_kernel_tests();

#define SUIT_NEEDS_KERNEL() \
  if (std::string reason = ::suit::test::no_kernel_tests(); !reason.empty()) GTEST_SKIP() << reason

/// The mount table, one line a mount.
std::vector<std::string> mount_table();
/// Lines of the mount table that were not in \p before. What vanished is not ours to judge.
std::vector<std::string> mounts_since(const std::vector<std::string>& before);

/// A number that no other container of this test run has.
std::string unique_id(const std::string& prefix);

}  // namespace suit::test
