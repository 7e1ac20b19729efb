/// \file
/// The life of a container: create, start, watch, stop, remove. No daemon.
///
///     <data>/containers/<id>/container.json   what was asked for; written once
///     <data>/containers/<id>/state.json       what happened; replaced by rename
///     <data>/containers/<id>/{upper,work,etc,log.json}
///     <data>/containers/<id>/stopped          somebody asked for its end: no restart
///     <data>/names/<name> -> <id>             the symlink is the claim
///     <data>/locks/<id>.lock                  held by the container's monitor while it lives
///     <data>/volumes/<name>/{volume.json,_data}
///     <data>/events.json                      what happened, a line each
///     <data>/work/<id>/                       of a build step, a dry run: swept after a crash
///
/// A container is watched by one process, its monitor, which outlives the command line. The kernel
/// releases the lock when the monitor dies, however it dies, so every command can tell a running
/// container from the remains of one, and clears the remains away.
///
/// \see tutorial 09

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/detach_keys.h"
#include "engine/events.h"
#include "engine/network.h"
#include "engine/record.h"
#include "engine/volumes.h"
#include "network/networks.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"
#include "store/store.h"

namespace suit::engine {

/// What `create` and `run` are asked for; empty members leave the image's word.
struct CreateOptions {
  std::string image;                 ///< name, id or digest
  std::string name;                  ///< empty: one is made up
  std::vector<std::string> command;  ///< replaces the image's Cmd
  std::optional<std::vector<std::string>> entrypoint;
  std::vector<std::string> env;  ///< \shape `NAME=value`; `NAME` alone removes it
  std::string working_dir;
  std::string user;
  std::string hostname;  ///< empty: the short id
  NetworkSettings network;
  std::map<std::string, std::string> labels;
  std::vector<oci::SpecMount> mounts;  ///< binds: source absolute, options as in the runtime-spec
  std::vector<VolumeRequest> volumes;
  std::vector<std::string> volumes_from;  ///< \shape `container[:ro|rw]`
  gpu::Request devices;
  std::string stop_signal;
  std::optional<int> stop_timeout_s;
  std::string domainname;
  std::vector<std::string> extra_hosts;  ///< \shape `name:address`
  std::vector<std::string> dns, dns_search, dns_options;
  std::vector<std::string> group_add;
  std::optional<std::uint64_t> shm_size_bytes;
  std::vector<std::string> expose;  ///< \shape `80/tcp`
  RestartPolicy restart;
  LogOptions log;
  Limits limits;
  bool read_only = false;
  bool auto_remove = false;
  bool interactive = false;  ///< the caller's stdin reaches the program
  bool tty = false;          ///< the program gets a terminal
};

/// What `exec` is asked for; empty members are as for the container's program.
struct ExecRequest {
  std::vector<std::string> args;
  std::vector<std::string> env;  ///< \shape `NAME=value`, added to the container's
  std::string user;
  std::string working_dir;
  bool interactive = false;
  bool tty = false;
  bool privileged = false;  ///< every capability there is
  DetachKeys keys = {};     ///< with `tty`: they leave it alone
};

/// How `attach` and `run` look on.
struct Look {
  bool input = true;            ///< our stdin reaches the program, if it has one
  bool out = true, err = true;  ///< we see its stdout, its stderr
  bool sig_proxy = true;        ///< our signals reach it
  std::string keys = {};        ///< as DetachKeys::parse reads them; empty: Docker's own
};

/// What a start did, operation by operation.
struct Explanation {
  runtime::LaunchPlan plan;
  runtime::Timeline timeline;
};

struct RunResult {
  runtime::ExitStatus status;
  std::optional<Explanation> explanation;
  bool detached = false;  ///< the caller left by the detach keys; there is no status yet
};

/// A container that this process alone may change. While it is held, nobody else starts, removes or
/// sweeps it; when this process dies, the kernel lets go and the next command clears up.
struct Held {
  Record record;
  os::Lock lock;
};

/// How to end a container.
struct StopRequest {
  std::optional<int> signal;                    ///< none: the container's stop signal
  std::optional<std::chrono::seconds> timeout;  ///< none: the container's; negative: a day
  bool keep = false;  ///< one that is to be removed at its end stays this time: for `restart`
};

/// Which containers `list` and `prune` are about.
enum class Which { Running, All };

/// The engine on one data directory. Cheap to open; holds no state that a crash could lose.
class Engine {
 public:
  struct Paths {
    std::string data;          ///< absolute; the store's root too
    std::string run;           ///< absolute; may vanish at boot
    std::string base_archive;  ///< of the embedded image `spacesuit/base:1`; empty: none
  };
  /// `$SUIT_ROOT`, or `/var/lib/spacesuit` for root, `$XDG_DATA_HOME/spacesuit` for others; run
  /// state in `/run/spacesuit` or `$XDG_RUNTIME_DIR/spacesuit`, and below the root when that was
  /// chosen.
  static Paths default_paths(const std::string& root_flag);
  /// Opens the store and clears away what dead monitors left.
  static Result<Engine> open(Paths paths);

  store::Store& store() { return store_; }
  const Paths& paths() const { return paths_; }
  /// An image by name or id; the embedded base image is loaded when it is asked for.
  Result<store::Image> image(std::string_view name_or_id);

  /// Claims id and name, unpacks what is missing and writes the record.
  /// \errors EEXIST for a name in use, ENOENT for an image that is nowhere; 0 with the reason for a
  /// command or mount that cannot be. Nothing is left then.
  Result<Held> create(const CreateOptions& options);
  /// Ends the holding of a container that is to stay as it is: the end of `suit create`.
  void release(Held held);
  /// Takes hold of a container that does not run, to start it.
  /// \errors EBUSY when it runs
  Result<Held> hold(const Status& container);
  /// The plan of a start, nothing executed and nothing kept.
  Result<runtime::LaunchPlan> plan(const CreateOptions& options);

  enum class Explain { No, Yes };
  /// Starts the container and stays until it ends: its output goes to this process's stdout and
  /// stderr (and to its log, unless it is to be removed); signals are forwarded; the third SIGINT
  /// or SIGTERM kills. The container lives on when this process is killed, unless it is explained.
  /// \errors step `exec`: ENOENT (no such program), EACCES or ENOEXEC (cannot be executed)
  Result<RunResult> run_attached(Held held, Explain explain = Explain::No, const Look& look = {});
  /// Starts it under a monitor of its own; returns when the program has been exec'ed.
  Result<void> start_detached(Held held);

  /// Looks on at a running container until it ends or the keys are typed: its output, our input.
  /// \errors 0 for one that does not run, in Docker's words
  Result<RunResult> attach(const Status& container, const Look& look);
  /// Runs a program in a running container, and stays until it ends. Leaving by the keys, or our
  /// death, does not end it.
  /// \errors step `exec` as for run_attached; 0 for a container that does not run
  Result<RunResult> exec(const Status& container, const ExecRequest& request);
  /// The same, without input and output; returns when the program has been exec'ed.
  Result<void> exec_detached(const Status& container, const ExecRequest& request);

  std::vector<Status> list(Which which) const;
  /// By name, id or unique id prefix.
  Result<Status> find(std::string_view name_or_id) const;

  Result<void> kill(const Status& container, int signal);
  /// Stop signal, time to end, SIGKILL. A container that does not run is no error. Its restart
  /// policy does not bring it back.
  Result<void> stop(const Status& container, const StopRequest& request = {});
  Result<void> pause(const Status& container);
  Result<void> unpause(const Status& container);
  /// \errors EEXIST for a name in use
  Result<void> rename(const Status& container, const std::string& name);
  /// Holds from its next end on.
  /// Changes limits, at once where it runs, and for every start to come.
  /// \errors 0 in Docker's words; those of `runtime::update_limits`
  Result<void> set_limits(const Status& container, const Limits& change);
  Result<void> set_restart_policy(const Status& container, const RestartPolicy& policy);
  /// Blocks until it does not run; its exit code.
  Result<int> wait(const Status& container);
  enum class Force { No, Yes };
  enum class AnonymousVolumes { Keep, Remove };
  Result<void> remove(const Status& container, Force force,
                      AnonymousVolumes volumes = AnonymousVolumes::Keep);

  Volumes volumes() const { return Volumes(paths_.data); }
  /// \param name empty: one is made up
  Result<Volume> create_volume(const std::string& name,
                               const std::map<std::string, std::string>& labels,
                               bool anonymous) const;
  /// Removes a volume that no container has.
  /// \errors EBUSY naming the containers that have it
  Result<void> remove_volume(const std::string& name, Force force);
  /// Which volumes containers have, with their ids.
  std::multimap<std::string, std::string> volumes_in_use() const;

  network::Networks networks() const { return network::Networks(paths_.data); }
  /// \errors EEXIST for a name in use; those of network::plan_network
  Result<network::NetworkConfig> create_network(const network::NetworkOptions& options) const;
  /// \errors EBUSY while containers run in it
  Result<void> remove_network(const network::NetworkConfig& config) const;
  /// The running containers that are in it.
  std::vector<Status> members_of(const network::NetworkConfig& config) const;
  /// Joins it now if it runs, and at every start.
  Result<void> connect_network(const Status& container, const network::NetworkConfig& config,
                               const network::NetworkRequest& request) const;
  Result<void> disconnect_network(const Status& container,
                                  const network::NetworkConfig& config) const;
  /// What a running container has of the network; empty members for one that does not run.
  NetworkState network_state(const std::string& id) const;

  /// Image ids that containers hold, for `rmi`.
  std::vector<digest::Digest> images_in_use() const;

  /// The container's root without what is mounted in it: a detached mount. Not for one that runs.
  Result<os::Fd> mount_root(const Record& record);

  std::string container_dir(std::string_view id) const;
  /// Where other work than containers takes os::LeasedDir; a lease's id names its cgroup, too.
  std::string work_dir() const;
  std::string log_path(std::string_view id) const;
  std::string events_path() const { return paths_.data + "/events.json"; }
  /// Writes down what happened to a container.
  void tell(const Record& record, std::string_view action,
            const std::map<std::string, std::string>& details = {}) const;

 private:
  friend class Supervisor;
  void tell_network(const network::NetworkConfig& config, std::string_view action,
                    const std::string& container_id) const;
  Engine(Paths paths, store::Store store) : paths_(std::move(paths)), store_(std::move(store)) {}
  void sweep() const;
  void sweep_one(const std::string& id, os::Lock lock) const;
  void record_end(Status& status) const;
  bool has_no_record(const std::string& id) const;
  Result<void> remove_held(const Record& record) const;
  void remove_anonymous_volumes(const Record& record) const;
  Result<Record> change_record(const std::string& id,
                               const std::function<Result<void>(Record&)>& change) const;
  Result<int> wait_for_end(const Status& container) const;
  Result<void> inherit_volumes(CreateOptions& options) const;
  Result<void> make_volumes(const Record& record, const std::vector<VolumeRequest>& requests);
  Result<std::optional<os::Lock>> try_lock(std::string_view id, os::Wait wait = os::Wait::No) const;
  void unlock(std::string_view id, os::Lock lock) const;
  Result<void> wait_for_monitor(std::string_view id) const;
  Result<void> claim_name(const std::string& name, const std::string& id) const;
  void give_up_name(const std::string& name, const std::string& id) const;
  std::optional<Status> read_status(const std::string& id) const;
  std::string name_of(const std::string& id) const;
  std::string lock_path(std::string_view id) const;
  std::string name_path(std::string_view name) const;

  Paths paths_;
  store::Store store_;
};

}  // namespace suit::engine
