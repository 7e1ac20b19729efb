// RUN, COPY and ADD as operations, and what of them is in a cache key.

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/suggest.h"
#include "build/copy.h"
#include "build/plan_internal.h"

namespace suit::build {

namespace {

constexpr std::string_view kProxies[] = {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                         "all_proxy"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

/// Whether a RUN's line is nothing but one here-document: `<<EOF`, `<<-"EOF"`.
bool is_lone_heredoc(std::string_view line) {
  const auto trim = [&] {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0) {
      line.remove_prefix(1);
    }
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.remove_suffix(1);
    }
  };
  trim();
  while (!line.empty() && std::isdigit(static_cast<unsigned char>(line.front())) != 0) {
    line.remove_prefix(1);
  }
  if (!line.starts_with("<<")) return false;
  line.remove_prefix(2);
  if (line.starts_with('-')) line.remove_prefix(1);
  trim();
  return !line.empty() && line.find_first_of(" \t<>|;&") == std::string_view::npos;
}

/// Proxy arguments reach RUN in both spellings, declared or not.
std::vector<std::string> proxy_environment(const PlanOptions& options,
                                           const std::vector<std::string>& env) {
  std::vector<std::string> out;
  for (const auto& [name, value] : options.resolve.build_args) {
    if (!is_proxy_argument(name)) continue;
    for (const std::string& spelling : {lower(name), upper(name)}) {
      if (!oci::env_value(env, spelling)) oci::set_env(out, spelling, value);
    }
  }
  return out;
}

std::string_view mount_type(const dockerfile::Mount& mount) {
  constexpr std::string_view kNames[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
  return kNames[mount.index()];
}

std::string owner_ingredient(const dockerfile::MountOwner& owner) {
  std::string text;
  if (owner.mode) text += fmt::format(" mode={:o}", *owner.mode);
  if (owner.uid) text += fmt::format(" uid={}", *owner.uid);
  if (owner.gid) text += fmt::format(" gid={}", *owner.gid);
  return text;
}

/// What the process can see of a mount, where it is not the default. Of a secret: all but its
/// value, so that a new password builds nothing again. Of a cache: neither id nor sharing, which
/// choose among directories whose content no step may count on.
std::string mount_ingredient(const RunMount& mount) {
  const std::string text = fmt::format("{} {}", mount_type(mount.options), mount.target);
  if (const auto* bind = std::get_if<dockerfile::BindMount>(&mount.options))
    return text + (bind->read_only ? "" : " rw");
  if (const auto* cache = std::get_if<dockerfile::CacheMount>(&mount.options))
    return text + (cache->read_only ? " ro" : "") + owner_ingredient(cache->owner);
  if (const auto* tmpfs = std::get_if<dockerfile::TmpfsMount>(&mount.options))
    return text + (tmpfs->size_bytes == 0 ? "" : fmt::format(" size={}", tmpfs->size_bytes));
  const auto* secret = std::get_if<dockerfile::SecretMount>(&mount.options);
  if (secret == nullptr) return text;
  return fmt::format("{} id={} env={} required={} {:o} {}:{}", text, secret->id, secret->env,
                     secret->required, secret->owner.mode.value_or(0400),
                     secret->owner.uid.value_or(0), secret->owner.gid.value_or(0));
}

Result<std::vector<RunMount>> plan_mounts(const StageState& stage, const dockerfile::Run& run,
                                          char escape, const Place& place) {
  std::vector<RunMount> mounts;
  for (const dockerfile::MountFlag& flag : run.mounts) {
    const Place here{.source = place.source, .span = flag.span.line == 0 ? place.span : flag.span};
    Result<dockerfile::Mount> parsed =
        dockerfile::parse_mount(flag.text, escape, stage.scope.lookup());
    if (!parsed) return here.fail(parsed.error());
    if (mount_type(*parsed) == "ssh")
      return here.fail("RUN --mount=type=ssh is not supported yet",
                       "bind, cache, secret and tmpfs mounts are");
    RunMount mount{.options = std::move(*parsed), .target = {}, .from = std::nullopt};
    mount.target = std::visit([](const auto& options) { return options.target; }, mount.options);
    if (const auto* secret = std::get_if<dockerfile::SecretMount>(&mount.options);
        secret && secret->target.empty()) {
      if (secret->env.empty())
        mount.target = "/run/secrets/" + secret->id.substr(secret->id.rfind('/') + 1);
      mounts.push_back(std::move(mount));
      continue;
    }
    mount.target = absolute_path(stage.config.config.working_dir, mount.target);
    if (mount.target.size() > 1 && mount.target.ends_with('/')) mount.target.pop_back();
    if (mount.target == "/") return here.fail("invalid mount target \"/\"");
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<void> check_copy(const StageState& stage, CopyOp& op, const dockerfile::Word& destination,
                        const Place& place) {
  op.destination = absolute_path(stage.config.config.working_dir,
                                 destination.text.empty() ? "." : destination.text);
  if (!op.chmod.empty()) {
    const Result<ModeChange> mode = ModeChange::parse(op.chmod);
    if (!mode) return place.fail(mode.error());
  }
  return {};
}

}  // namespace

bool is_proxy_argument(std::string_view name) {
  return std::ranges::find(kProxies, lower(name)) != std::end(kProxies);
}

std::string summarize_heredoc(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  const std::size_t end = text.find_first_of("\r\n");
  return std::string(text.substr(0, end)) + (end == std::string_view::npos ? "" : "...");
}

Result<RunOp> plan_run(const StageState& stage, const dockerfile::Run& run, char escape,
                       const PlanOptions& options, const Place& place, std::string& heredoc_note) {
  if (!run.devices.empty()) {
    const Place here{.source = place.source, .span = run.devices.front().span};
    return here.fail("RUN --device is not supported yet");
  }
  if (run.security == dockerfile::RunSecurity::Insecure) {
    return place.fail("RUN --security=insecure is not supported",
                      "containers of a build always run confined");
  }
  RunOp op;
  dockerfile::CommandLine command = run.command;
  if (!run.heredocs.empty() && command.shell_form && command.words.size() == 1) {
    const dockerfile::Heredoc& first = run.heredocs.front();
    const std::string content = dockerfile::heredoc_text(first);
    if (run.heredocs.size() == 1 && is_lone_heredoc(command.words.front())) {
      heredoc_note = fmt::format(" ({})", summarize_heredoc(content));
      const bool script = content.starts_with("#!");
      command.words.front() = script ? "/dev/pipes/" + first.name : content;
      if (script) {
        op.scripts.push_back({.name = first.name, .content = content, .expand = false});
      }
    } else {
      // The shell reads here-documents itself: it gets the text back as it stood.
      for (const dockerfile::Heredoc& heredoc : run.heredocs) {
        command.words.front() += fmt::format("\n{}{}", heredoc.content, heredoc.name);
      }
    }
  }
  op.args = command_args(stage, command);
  if (op.args.empty() || op.args.front().empty()) return place.fail("RUN has no command to run");
  for (const auto& [name, value] : stage.scope.run_environment()) {
    oci::set_env(op.env, name, value);
  }
  op.proxy_env = proxy_environment(options, op.env);
  op.cwd = stage.config.config.working_dir.empty() ? "/" : stage.config.config.working_dir;
  op.user = stage.config.config.user;
  op.network = run.network == dockerfile::RunNetwork::None   ? "none"
               : run.network == dockerfile::RunNetwork::Host ? "host"
                                                             : options.network;
  SUIT_LET(op.mounts, plan_mounts(stage, run, escape, place));
  return op;
}

Result<CopyOp> plan_copy(const StageState& stage, const dockerfile::Copy& copy,
                         const Place& place) {
  if (copy.parents) return place.fail("COPY --parents is not supported yet");
  CopyOp op;
  op.sources = copy.sources;
  op.inline_files = copy.inline_files;
  op.chown = copy.chown;
  op.chmod = copy.chmod;
  op.excludes = copy.excludes;
  SUIT_TRY(check_copy(stage, op, copy.destination, place));
  return op;
}

Result<CopyOp> plan_add(const StageState& stage, const dockerfile::Add& add, const Place& place) {
  for (const dockerfile::Word& source : add.sources) {
    const Place here{.source = place.source,
                     .span = source.span.line == 0 ? place.span : source.span};
    const std::string_view text = source.text;
    if (text.starts_with("http://") || text.starts_with("https://") || text.starts_with("git@") ||
        text.starts_with("git://") || text.starts_with("ssh://")) {
      return here.fail(fmt::format("ADD of \"{}\": remote sources are not supported yet", text),
                       "download it in a RUN step, or put it into the context");
    }
  }
  if (!add.checksum.empty()) return place.fail("checksum requires HTTP(S) or Git sources");
  if (add.keep_git_dir.value_or(false)) return place.fail("ADD --keep-git-dir needs a git source");
  CopyOp op;
  op.sources = add.sources;
  op.inline_files = add.inline_files;
  op.chown = add.chown;
  op.chmod = add.chmod;
  op.excludes = add.excludes;
  op.unpack = add.unpack.value_or(true);
  SUIT_TRY(check_copy(stage, op, add.destination, place));
  return op;
}

std::string copy_history(std::string_view keyword, const CopyOp& op, const std::string& destination,
                         const std::string& flags) {
  std::string text = std::string(keyword) + flags;
  for (const dockerfile::Word& source : op.sources)
    text += " " + source.text;
  for (const dockerfile::InlineFile& file : op.inline_files)
    text += " <<" + file.name;
  return text + " " + destination + " # buildkit";
}

oci::Json ingredients_of(const Step& step) {
  oci::Json json = oci::Json::object();
  std::visit(dockerfile::Overloaded{
                 [&](const BaseOp& op) {
                   json.set("kind", "from");
                   json.set("image", op.image.text());
                 },
                 [&](const CopyOp& op) {
                   json.set("kind", op.unpack ? "add" : "copy");
                   json.set("destination", op.destination);
                   json.set("chown", op.chown);
                   json.set("chmod", op.chmod);
                   json.set("exclude", oci::Json(op.excludes));
                   oci::Json files = oci::Json::array();
                   for (const dockerfile::InlineFile& file : op.inline_files) {
                     files.push(oci::Json(std::vector<std::string>{file.name, file.content}));
                   }
                   json.set("inline", std::move(files));
                 },
                 [&](const RunOp& op) {
                   json.set("kind", "run");
                   json.set("args", oci::Json(op.args));
                   json.set("env", oci::Json(op.env));
                   json.set("cwd", op.cwd);
                   json.set("user", op.user);
                   json.set("network", op.network);
                   oci::Json scripts = oci::Json::array();
                   for (const dockerfile::InlineFile& file : op.scripts) {
                     scripts.push(oci::Json(std::vector<std::string>{file.name, file.content}));
                   }
                   json.set("scripts", std::move(scripts));
                   oci::Json mounts = oci::Json::array();
                   for (const RunMount& mount : op.mounts) {
                     mounts.push(mount_ingredient(mount));
                   }
                   json.set("mounts", std::move(mounts));
                 },
                 [&](const WorkdirOp& op) {
                   json.set("kind", "workdir");
                   json.set("path", op.path);
                   json.set("user", op.user);
                 }},
             step.op);
  return json;
}

std::vector<dockerfile::Diagnostic> check_build_args(const dockerfile::Dockerfile& file,
                                                     const dockerfile::ResolveOptions& options) {
  std::vector<std::string> known;
  const auto add = [&](const dockerfile::Instruction& instruction) {
    if (const auto* arg = std::get_if<dockerfile::Arg>(&instruction.body)) {
      for (const dockerfile::ArgDefinition& definition : arg->args)
        known.push_back(definition.key.text);
    }
  };
  for (const dockerfile::Instruction& instruction : file.global_args)
    add(instruction);
  for (const dockerfile::Stage& stage : file.stages) {
    for (const dockerfile::Instruction& instruction : stage.instructions)
      add(instruction);
  }
  for (const auto& [name, value] : dockerfile::platform_arguments(options))
    known.push_back(name);
  known.emplace_back("SOURCE_DATE_EPOCH");
  std::vector<dockerfile::Diagnostic> warnings;
  for (const auto& [name, value] : options.build_args) {
    if (std::ranges::find(known, name) != known.end() || is_proxy_argument(name) ||
        name.starts_with("BUILDKIT_")) {
      continue;
    }
    warnings.push_back({.severity = dockerfile::Severity::Warning,
                        .span = {},
                        .message = fmt::format("build-arg \"{}\" is not declared by any ARG{}",
                                               name, did_you_mean(name, known)),
                        .notes = {},
                        .help = {}});
  }
  return warnings;
}

}  // namespace suit::build
