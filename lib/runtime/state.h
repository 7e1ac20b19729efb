/// \file
/// What is known of a container between commands: one directory each, replaced by rename.
///
///     <root>/<id>/state.json    who it is; its first process
///     <root>/<id>/config.json   the spec in effect: changes of the bundle's have no effect
///     <root>/<id>/start         fifo: the created container waits for a byte of it
///     <root>/<id>/report        fifo: the record of a start that failed; end-of-file: it runs
///     <root>/<id>/lock          flock(2): one command changes the container at a time
///
/// The status is never stored: it is derived from the process and from the fifo.
/// \source OCI runtime-spec, runtime.md, "State"

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "os/fd.h"
#include "os/file.h"

namespace suit::runtime {

/// A process, told from a later one of the same number by when it started.
struct PidRef {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< field 22 of /proc/PID/stat, since boot
};
/// \errors ESRCH
Result<PidRef> pid_ref(pid_t pid);
/// Whether it is still there, and no zombie.
bool is_alive(const PidRef& process);
/// \errors ESRCH when it has gone, whoever has its number now
Result<os::Fd> open_process(const PidRef& process);

enum class Status { Creating, Created, Running, Paused, Stopped };
std::string_view status_name(Status status);

/// What state.json holds.
struct ContainerState {
  std::string id;
  std::string bundle;   ///< absolute
  std::string rootfs;   ///< absolute
  std::string created;  ///< RFC 3339
  std::uint32_t owner = 0;
  PidRef init;     ///< pid 0 while there is none
  PidRef creator;  ///< whoever makes it, while there is no init
  std::map<std::string, std::string> annotations;
  std::string cgroup_dir;                 ///< in the v2 tree; empty: none
  std::vector<std::string> cgroup1_dirs;  ///< of version 1
  std::string cgroup_path;                ///< where all of them are below their hierarchies
  /// How its plan was made: the same plan again explains a failure of its start.
  bool has_pivot = true, new_keyring = false;
  unsigned preserved_fds = 0;
};

struct CgroupDirs;  // runtime/cgroup.h
CgroupDirs cgroups_of(const ContainerState& state);

/// The state that the specification defines: what `state` prints and hooks read.
oci::Json oci_state(const ContainerState& state, Status status);

/// The containers below one root directory. Reading takes no lock.
class StateStore {
 public:
  explicit StateStore(std::string root) : root_(std::move(root)) {}
  /// Where containers are without `--root`: /run/suit-oci, or in $XDG_RUNTIME_DIR for others.
  static std::string default_root();

  std::string directory(std::string_view id) const;
  /// Makes the container's directory: whoever succeeds owns the name.
  /// \errors EEXIST `container "web" already exists`
  Result<void> claim(std::string_view id) const;
  Result<os::Lock> lock(std::string_view id) const;
  Result<void> save(const ContainerState& state) const;
  Result<void> save_config(std::string_view id, std::string_view text) const;
  /// \errors ENOENT `container "web" does not exist`
  Result<ContainerState> load(std::string_view id) const;
  Result<std::string> load_config(std::string_view id) const;
  Result<void> remove(std::string_view id) const;
  Status status(const ContainerState& state) const;
  /// Ids, sorted.
  Result<std::vector<std::string>> list() const;

 private:
  std::string root_;
};

/// `[a-zA-Z0-9][a-zA-Z0-9_.+-]*`, 128 characters at most.
Result<void> check_container_id(std::string_view id);

}  // namespace suit::runtime
