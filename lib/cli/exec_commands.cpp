// exec, attach.

#include <unistd.h>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/settings.h"

namespace suit::cli {
namespace {

constexpr const char* kKeysHelp =
    "Override the key sequence for detaching a container (default ctrl-p,ctrl-q)";

// What was said, and which files it is read from.
struct ExecFlags {
  engine::ExecRequest request;
  std::vector<std::string> env, env_files;
  std::string keys;
  bool detach = false;

  void declare(FlagSet& flags) {
    flags.toggle('d', "detach", detach, "Detached mode: run command in the background")
        .add('\0', "detach-keys", &keys, "string", kKeysHelp)
        .add('e', "env", &env, "list",
             "Set environment variables: NAME=value, or NAME to copy ours")
        .add('\0', "env-file", &env_files, "list", "Read in a file of environment variables")
        .toggle('i', "interactive", request.interactive, "Keep STDIN open even if not attached")
        .toggle('\0', "privileged", request.privileged, "Give extended privileges to the command")
        .toggle('t', "tty", request.tty, "Allocate a pseudo-TTY")
        .add('u', "user", &request.user, "string",
             "Username or UID (format: <name|uid>[:<group|gid>])")
        .add('w', "workdir", &request.working_dir, "string",
             "Working directory inside the container");
  }

  Result<void> read(const std::vector<std::string>& args) {
    request.args.assign(args.begin() + 1, args.end());
    SUIT_LET(request.env, read_environment(env_files, env));
    SUIT_LET(request.keys,
             keys.empty() ? engine::DetachKeys::usual() : engine::DetachKeys::parse(keys));
    return {};
  }
};

}  // namespace

Result<int> container_exec(Invocation& in) {
  ExecFlags exec;
  FlagSet flags;
  exec.declare(flags);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(exec.read(args));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  if (exec.detach) {
    SUIT_TRY(engine.exec_detached(container, exec.request));
    return 0;
  }
  if (lacks_terminal(in, exec.request.tty && exec.request.interactive)) return 1;
  SUIT_LET(const engine::RunResult result, engine.exec(container, exec.request));
  return result.detached ? 0 : result.status.shell_code();
}

Result<int> container_attach(Invocation& in) {
  engine::Look look;
  bool no_stdin = false;
  FlagSet flags;
  flags.add('\0', "detach-keys", &look.keys, "string", kKeysHelp)
      .toggle('\0', "no-stdin", no_stdin, "Do not attach STDIN")
      .toggle('\0', "sig-proxy", look.sig_proxy, "Proxy all received signals to the process");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  look.input = !no_stdin;
  if (!look.keys.empty()) {
    SUIT_LET([[maybe_unused]] const engine::DetachKeys checked,
             engine::DetachKeys::parse(look.keys));
  }
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  if (lacks_terminal(in, container.record.tty && container.record.interactive && look.input))
    return 1;
  SUIT_LET(const engine::RunResult result, engine.attach(container, look));
  return result.detached ? 0 : result.status.shell_code();
}

}  // namespace suit::cli
