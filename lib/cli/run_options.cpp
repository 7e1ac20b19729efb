#include "cli/run_options.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/mounts.h"
#include "cli/run_network.h"
#include "cli/run_values.h"
#include "cli/settings.h"
#include "cli/units.h"
#include "gpu/cdi_name.h"
#include "gpu/request.h"

namespace suit::cli {
namespace {

// What Docker's run and create have and ours have not. Refused by name.
constexpr std::array kUnsupported = std::to_array<std::string_view>({"annotation",
                                                                     "cap-add",
                                                                     "cap-drop",
                                                                     "cgroupns",
                                                                     "cpu-count",
                                                                     "cpu-percent",
                                                                     "disable-content-trust",
                                                                     "health-cmd",
                                                                     "health-interval",
                                                                     "health-retries",
                                                                     "health-start-interval",
                                                                     "health-start-period",
                                                                     "health-timeout",
                                                                     "init",
                                                                     "io-maxbandwidth",
                                                                     "io-maxiops",
                                                                     "ipc",
                                                                     "isolation",
                                                                     "no-healthcheck",
                                                                     "pid",
                                                                     "platform",
                                                                     "privileged",
                                                                     "runtime",
                                                                     "security-opt",
                                                                     "storage-opt",
                                                                     "use-api-socket",
                                                                     "userns",
                                                                     "uts",
                                                                     "volume-driver"});

Result<oci::SpecMount> tmpfs_mount(const std::string& text) {
  const std::size_t colon = text.find(':');
  oci::SpecMount mount{text.substr(0, colon), "tmpfs", "tmpfs", {"noexec", "nosuid", "nodev"}};
  std::string_view rest;
  if (colon != std::string::npos) rest = std::string_view(text).substr(colon + 1);
  while (!rest.empty()) {
    const std::string_view option = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), option.size() + 1));
    if (!option.empty()) mount.options.emplace_back(option);
  }
  if (!mount.destination.starts_with('/'))
    return fail(
        0, fmt::format("invalid mount path: '{}' must be an absolute path", mount.destination));
  return mount;
}

Result<void> add_mount(RunFlags& run, const MountRequest& request, const std::string& cwd) {
  if (request.type == "volume") {
    SUIT_LET(engine::VolumeRequest volume, to_volume_request(request));
    run.options.volumes.push_back(std::move(volume));
    return {};
  }
  SUIT_LET(oci::SpecMount mount, to_spec_mount(request, cwd));
  run.options.mounts.push_back(std::move(mount));
  return {};
}

Result<void> add_mounts(RunFlags& run) {
  if (run.volumes.empty() && run.mounts.empty() && run.tmpfs.empty()) return {};
  // Only relative sources need it: where it is gone, they are told so by their own error.
  const std::string cwd = current_directory().value_or("");
  for (const std::string& text : run.volumes) {
    SUIT_LET(const MountRequest request, parse_volume(text));
    SUIT_TRY(add_mount(run, request, cwd));
  }
  for (const std::string& text : run.mounts) {
    Result<MountRequest> request = parse_mount(text, cwd);
    if (!request) return wrap(std::move(request).error(), fmt::format("--mount {}", text));
    SUIT_TRY(add_mount(run, *request, cwd));
  }
  for (const std::string& text : run.tmpfs) {
    SUIT_LET(oci::SpecMount mount, tmpfs_mount(text));
    run.options.mounts.push_back(std::move(mount));
  }
  return {};
}

// Each value of a list flag through its reader.
Result<void> read_each(std::vector<std::string>& values,
                       Result<std::string> (*read)(std::string_view text)) {
  for (std::string& value : values) {
    SUIT_LET(value, read(value));
  }
  return {};
}

Result<void> read_network_names(engine::CreateOptions& options) {
  SUIT_TRY(read_each(options.extra_hosts, read_extra_host));
  SUIT_TRY(read_each(options.dns, read_address));
  SUIT_TRY(read_each(options.dns_search, read_search_domain));
  return {};
}

Result<void> read_limits(RunFlags& run) {
  engine::CreateOptions& options = run.options;
  if (!run.shm_size.empty()) {
    const Result<std::uint64_t> size = parse_size(run.shm_size);
    if (!size)
      return fail(0, fmt::format("invalid argument \"{}\" for \"--shm-size\" flag: {}",
                                 run.shm_size, size.error().message()));
    options.shm_size_bytes = *size;
  }
  if (run.stop_timeout) {
    constexpr std::int64_t kDay = 24 * 60 * 60;
    options.stop_timeout_s =
        static_cast<int>(std::clamp<std::int64_t>(*run.stop_timeout, -1, kDay));
  }
  SUIT_LET(options.restart, engine::parse_restart(run.restart));
  if (options.auto_remove && options.restart.when != engine::RestartPolicy::When::No)
    return fail(0, "conflicting options: cannot specify both --restart and --rm");
  SUIT_LET(options.log, read_log_options(run.log_driver, run.log_options));
  for (const std::string& text : run.expose) {
    SUIT_LET(std::vector<std::string> ports, read_exposed(text));
    options.expose.insert(options.expose.end(), ports.begin(), ports.end());
  }
  return {};
}

void declare_host_flags(FlagSet& flags, RunFlags& run) {
  engine::CreateOptions& options = run.options;
  flags
      .add('\0', "add-host", &options.extra_hosts, "list",
           "Add a custom host-to-IP mapping: host:ip")
      .add('\0', "dns", &options.dns, "list", "Set custom DNS servers")
      .add('\0', "dns-option", &options.dns_options, "list", "Set DNS options")
      .add('\0', "dns-opt", &options.dns_options, "list", "The same as --dns-option")
      .add('\0', "dns-search", &options.dns_search, "list", "Set custom DNS search domains")
      .add('\0', "domainname", &options.domainname, "string", "Container NIS domain name")
      .add('\0', "expose", &run.expose, "list", "Expose a port or a range of ports")
      .add('\0', "group-add", &options.group_add, "list", "Add additional groups to join");
}

void declare_life_flags(FlagSet& flags, RunFlags& run) {
  flags.add('\0', "label-file", &run.label_files, "list", "Read in a line delimited file of labels")
      .add('\0', "log-driver", &run.log_driver, "string",
           "Where the output is kept: json-file (default) or none")
      .add('\0', "log-opt", &run.log_options, "list",
           "Log options: max-size (20m), max-file (5), labels, env")
      .add('\0', "restart", &run.restart, "string",
           "Restart policy to apply when a container exits: no (default), on-failure[:n], always, "
           "unless-stopped")
      .add('\0', "shm-size", &run.shm_size, "bytes", "Size of /dev/shm (default 64m)")
      .add('\0', "stop-timeout", &run.stop_timeout, "int",
           "Timeout (in seconds) to stop a container")
      .add('\0', "volumes-from", &run.options.volumes_from, "list",
           "Mount volumes from the specified container(s): name[:ro]");
}

Result<void> add_devices(RunFlags& run) {
  gpu::Request& request = run.options.devices;
  for (const std::string& text : run.gpus) {
    auto asked = gpu::parse_gpus_flag(text);
    if (asked) {
      if (auto checked = gpu::check_request(*asked); !checked)
        asked = std::unexpected(std::move(checked).error());
    }
    if (!asked) return wrap(std::move(asked).error(), fmt::format("--gpus {}", text));
    request.gpus.push_back(*std::move(asked));
  }
  for (const std::string& text : run.devices) {
    if (gpu::split_qualified(text)) {
      SUIT_LET(const gpu::QualifiedName name, gpu::parse_qualified(text));
      request.devices.push_back(name.text());
      continue;
    }
    auto device = gpu::parse_plain_device(text);
    if (!device) return wrap(std::move(device).error(), fmt::format("--device {}", text));
    request.plain.push_back(*std::move(device));
  }
  SUIT_LET(const std::string cwd, current_directory());
  std::string& root = request.driver_root;
  if (!root.empty() && !root.starts_with('/')) root = cwd + "/" + root;
  if (root == "/") root.clear();
  for (std::string& path : request.spec_dirs)
    if (!path.starts_with('/')) path = cwd + "/" + path;
  // What -e asks for, not what the image's environment says.
  return gpu::add_variables(request, run.options.env);
}

Result<void> read_attach(RunFlags& run) {
  if (run.attach.empty()) return {};
  run.look.input = run.look.out = run.look.err = false;
  for (const std::string& given : run.attach) {
    std::string stream = given;
    std::ranges::transform(stream, stream.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (stream == "stdin")
      run.look.input = true;
    else if (stream == "stdout")
      run.look.out = true;
    else if (stream == "stderr")
      run.look.err = true;
    else
      return fail(0, fmt::format("invalid argument \"{}\" for \"-a, --attach\" flag: valid streams "
                                 "are STDIN, STDOUT and STDERR",
                                 given));
  }
  return {};
}

}  // namespace

void declare_run_flags(FlagSet& flags, RunFlags& run) {
  engine::CreateOptions& options = run.options;
  flags.add('a', "attach", &run.attach, "list", "Attach to STDIN, STDOUT or STDERR")
      .add('\0', "cidfile", &run.cidfile, "string", "Write the container ID to the file")
      .add('\0', "cdi-spec-dir", &options.devices.spec_dirs, "list",
           "Directory of CDI files (default /etc/cdi and /var/run/cdi)")
      .add('\0', "device", &run.devices, "list",
           "Add a host device: /dev/x[:/dev/y][:rwm], or a CDI name: nvidia.com/gpu=0")
      .add('\0', "driver-root", &options.devices.driver_root, "string",
           "Directory below which the GPU driver is (default /)")
      .add('\0', "entrypoint", &run.entrypoint, "string", "Overwrite the ENTRYPOINT of the image")
      .add('e', "env", &run.env, "list",
           "Set environment variables: NAME=value, or NAME to copy ours")
      .add('\0', "env-file", &run.env_files, "list", "Read in a file of environment variables")
      .add('\0', "gpus", &run.gpus, "gpu-request",
           "GPU devices to add to the container: all, 2, '\"device=0,1\"'")
      .add('h', "hostname", &options.hostname, "string", "Container host name")
      .toggle('i', "interactive", options.interactive, "Keep STDIN open even if not attached")
      .add('l', "label", &run.labels, "list", "Set meta data on a container")
      .add('\0', "mount", &run.mounts, "mount",
           "Attach a filesystem mount: type=bind,source=/a,target=/b,readonly")
      .add('\0', "name", &options.name, "string", "Assign a name to the container")
      .toggle('\0', "read-only", options.read_only,
              "Mount the container's root filesystem as read only")
      .toggle('q', "quiet", run.quiet, "Suppress the pull output")
      .add('\0', "pull", &run.pull, "string",
           "Pull image before running: always, missing (default), never")
      .toggle('\0', "rm", options.auto_remove, "Automatically remove the container when it exits")
      .add('\0', "stop-signal", &options.stop_signal, "string", "Signal to stop the container")
      .add('\0', "tmpfs", &run.tmpfs, "list", "Mount a tmpfs directory: /run, or /run:size=64m")
      .add('u', "user", &options.user, "string",
           "Username or UID (format: <name|uid>[:<group|gid>])")
      .add('v', "volume", &run.volumes, "list",
           "Mount a named volume, or a file or directory of the host: data:/b, /a:/b[:ro]")
      .add('w', "workdir", &options.working_dir, "string", "Working directory inside the container")
      .toggle('t', "tty", options.tty, "Allocate a pseudo-TTY")
      .unsupported(kUnsupported);
  declare_host_flags(flags, run);
  declare_network_flags(flags, run.network);
  declare_life_flags(flags, run);
  declare_limit_flags(flags, run.limits);
}

Result<void> interpret(RunFlags& run, const std::vector<std::string>& args) {
  engine::CreateOptions& options = run.options;
  options.image = args[0];
  options.command.assign(args.begin() + 1, args.end());
  // Docker: `--entrypoint ""` takes the image's away.
  if (run.entrypoint)
    options.entrypoint = run.entrypoint->empty() ? std::vector<std::string>()
                                                 : std::vector<std::string>{*run.entrypoint};
  SUIT_TRY(read_attach(run));
  SUIT_LET(options.env, read_environment(run.env_files, run.env));
  SUIT_LET(options.labels, read_all_labels(run.label_files, run.labels));
  SUIT_TRY(read_network_names(options));
  SUIT_TRY(read_limits(run));
  SUIT_LET(options.limits, read_limit_flags(run.limits));
  SUIT_LET(options.network, read_network_flags(run.network));
  SUIT_TRY(check_shared_network(options));
  SUIT_TRY(add_devices(run));
  return add_mounts(run);
}

}  // namespace suit::cli
