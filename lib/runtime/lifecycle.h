/// \file
/// The operations of the OCI runtime: create, start, kill, delete, exec; and run, which is the
/// first two in one.
///
///     create ──> created ── start ──> running ──> stopped ── delete ──>
///
/// Nobody stays to watch: between commands a container is its process and its directory
/// (runtime/state.h). Whoever calls, conmon or a containerd shim or a person, is the parent.
/// \source OCI runtime-spec, runtime.md, "Lifecycle"

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "os/fd.h"
#include "runtime/bundle.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"
#include "runtime/state.h"

namespace suit::runtime {

/// What a container is created with.
struct CreateOptions {
  std::string id;
  std::string pid_file;  ///< gets the first process's pid; empty: none
  PlanOptions plan;
  std::optional<os::FdRef> console = {};  ///< socket that takes the terminal; none: no terminal
  bool dies_with_parent = false;
  bool is_timed = false;
  bool has_cgroup = true;
};

/// A container that this process has made.
struct Created {
  Bundle bundle;
  HostFacts facts;
  LaunchPlan plan;
  ContainerState state;
  Container container;
};

/// Makes a container whose program waits for `start_container`. When it fails nothing is left.
/// \errors EEXIST; those of `plan_launch` and `launch`; a hook's
Result<void> create_container(const StateStore& store, Bundle bundle, CreateOptions options);

/// Starts the program of a created container. Returns when it runs.
/// \errors 0 when it is not created; step `exec` when the program could not be executed
Result<void> start_container(const StateStore& store, std::string_view id);

/// Makes a container and starts its program at once, without the round trips of two steps.
Result<Created> run_container(const StateStore& store, Bundle bundle, CreateOptions options);

/// Sends a signal to the first process, or to all.
/// \errors 0 `container not running`
enum class Whom { First, All };
Result<void> kill_container(const StateStore& store, std::string_view id, int signal, Whom whom);

/// Stops every process of a container where it stands, or lets them go on. Repeated, they change
/// nothing.
/// \errors 0 when it is neither running nor created
Result<void> pause_container(const StateStore& store, std::string_view id);
Result<void> resume_container(const StateStore& store, std::string_view id);
/// Changes limits of a container: members that are absent stay as they are.
/// \errors 0 when it is stopped; those of `plan_limits`; device rules, where only version 2 has
/// them
Result<void> update_container(const StateStore& store, std::string_view id,
                              const oci::Resources& resources);

/// Removes a container that is stopped, or only created; with \p Force any, which is killed.
/// With Force a container that does not exist is no error.
enum class Force { No, Yes };
Result<void> delete_container(const StateStore& store, std::string_view id, Force force);
/// The last part of it, for one whose process has ended.
Result<void> end_container(const StateStore& store, const ContainerState& state);

/// What `exec` runs.
struct ExecOptions {
  oci::Process process;
  std::string pid_file;
  std::optional<os::FdRef> console = {};
  unsigned preserved_fds = 0;
  bool dies_with_parent = false;
  std::string cgroup = {};  ///< below the container's own, in the version 2 tree; empty: its own
};
/// \errors 0 when the container is not running; those of `launch`
Result<Container> exec_in_container(const StateStore& store, std::string_view id,
                                    const ExecOptions& options);

/// Pids of the container's processes as the host numbers them, first process first.
Result<std::vector<pid_t>> container_pids(const ContainerState& state);

/// The spec in effect of a container.
Result<oci::Spec> container_spec(const StateStore& store, const ContainerState& state);

}  // namespace suit::runtime
