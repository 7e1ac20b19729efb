// version, info, inspect, system check, completion.

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/template.h"
#include "cli/units.h"
#include "cli/version.h"
#include "naming/reference.h"
#include "os/user_namespace.h"
#include "store/check.h"

namespace suit::cli {
namespace {

using oci::Json;

std::string host_kernel() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "unknown";
}

// What is called \p name, of one \p type or of the first that has it.
Result<Json> inspect_one(engine::Engine& engine, const std::string& name, const std::string& type,
                         bool sized) {
  const auto wanted = [&](std::string_view one) { return type.empty() || type == one; };
  // Another reason than "not there" ends the search; so does the only type that was asked for.
  const auto final = [&](const Error& error) { return !type.empty() || error.code() != ENOENT; };
  if (wanted("container")) {
    Result<engine::Status> found = engine.find(name);
    if (!found && final(found.error())) return std::unexpected(std::move(found).error());
    std::optional<ContainerSize> size;
    if (found && sized) size = size_of(engine, found->record);
    if (found)
      return inspect_container(*found, engine.container_dir(found->record.id), engine.volumes(),
                               size);
  }
  if (wanted("image")) {
    Result<store::Image> found = engine.image(name);
    if (found) return inspect_image(*found);
    if (final(found.error())) return std::unexpected(std::move(found).error());
  }
  if (wanted("volume")) {
    Result<engine::Volume> found = engine.volumes().find(name);
    if (found) return inspect_volume(*found);
    if (final(found.error())) return std::unexpected(std::move(found).error());
  }
  return fail(ENOENT, fmt::format("no such object: \"{}\"", name),
              "see 'suit ps -a', 'suit images' and 'suit volume ls' for what there is");
}

}  // namespace

Result<int> show_version(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.Client.Version}}'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  const oci::Platform platform = oci::host_platform();
  Json client = Json::object();
  client.set("Version", kVersion).set("Os", platform.os).set("Arch", platform.architecture);
  client.set("KernelVersion", host_kernel());
  Json all = Json::object();
  all.set("Client", client);
  if (format == "json") {
    in.console.print("{}\n", all.dump());
  } else if (!format.empty()) {
    SUIT_LET(const Template line, Template::parse(format));
    SUIT_LET(const std::string text, line.render(all));
    in.console.print("{}\n", text);
  } else {
    in.console.print("Spacesuit\n Version:      {}\n OS/Arch:      {}/{}\n Kernel:       {}\n",
                     kVersion, platform.os, platform.architecture, host_kernel());
  }
  return 0;
}

Result<int> show_info(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.Images}}'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  const std::size_t running = engine.list(engine::Which::Running).size();
  const std::size_t every = engine.list(engine::Which::All).size();
  Json info = Json::object();
  info.set("Containers", std::uint64_t{every}).set("ContainersRunning", std::uint64_t{running});
  info.set("ContainersStopped", std::uint64_t{every - running});
  info.set("Images", std::uint64_t{engine.store().images().size()});
  info.set("KernelVersion", host_kernel());
  info.set("NCPU", static_cast<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
  info.set("Rootless", os::in_user_namespace());
  info.set("RunDir", engine.paths().run).set("ServerVersion", kVersion);
  info.set("SpacesuitRootDir", engine.paths().data);
  if (format == "json") {
    in.console.print("{}\n", info.dump());
    return 0;
  }
  const std::string lines =
      "Containers: {{.Containers}}\n Running: {{.ContainersRunning}}\n Stopped: "
      "{{.ContainersStopped}}\n"
      "Images: {{.Images}}\nVersion: {{.ServerVersion}}\nKernel: {{.KernelVersion}}\nCPUs: "
      "{{.NCPU}}\n"
      "Rootless: {{.Rootless}}\nData: {{.SpacesuitRootDir}}\nRun state: {{.RunDir}}";
  SUIT_LET(const Template text, Template::parse(format.empty() ? lines : format));
  SUIT_LET(const std::string rendered, text.render(info));
  in.console.print("{}\n", rendered);
  return 0;
}

Result<int> inspect_any(Invocation& in) {
  std::string format;
  std::string type;
  bool sized = false;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'json', or a Go template: '{{.Id}}'")
      .toggle('s', "size", sized, "Display total file sizes if the type is container")
      .add('\0', "type", &type, "string",
           "Only inspect objects of the given type: container, image, volume");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  constexpr std::array<std::string_view, 4> kTypes = {"", "container", "image", "volume"};
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
    return fail(0, fmt::format("\"{}\" is not a valid value for --type", type),
                "there are container, image and volume");
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<Json> documents;
  const int code = for_each_argument(in, args, [&](const std::string& name) -> Result<void> {
    SUIT_LET(Json document, inspect_one(engine, name, type, sized));
    documents.push_back(std::move(document));
    return {};
  });
  SUIT_TRY(print_documents(in, format, documents));
  return code;
}

Result<int> check_system(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::CheckReport report, store::check(engine.store()));
  in.console.print("{} images, {} snapshots, {} blobs ({})\n", report.images, report.snapshots,
                   report.blobs, human_size(static_cast<double>(report.blob_bytes), 4));
  for (const store::Problem& problem : report.problems)
    in.console.print("{}: {}\n  help: {}\n", problem.object, problem.what, problem.mend);
  if (report.problems.empty()) in.console.print("no problems found\n");
  return report.problems.empty() ? 0 : 1;
}

Result<int> completion(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (args[0] != "bash")
    return fail(0, fmt::format("completion for {} is not supported yet", args[0]), "there is bash");
  in.console.text(
      "# source <(suit completion bash)\n"
      "_suit() {\n"
      "  local IFS=$'\\n'\n"
      "  COMPREPLY=($(compgen -W \"$(suit __complete \"${COMP_WORDS[@]:1:COMP_CWORD-1}\" "
      "2>/dev/null)\" "
      "-- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\n"
      "complete -o default -F _suit suit\n");
  return 0;
}

// Prints what may follow the words before the cursor: commands, or flags and the names of images
// and containers. One a line; the shell filters.
Result<int> complete(Invocation& in) {
  const std::vector<std::string> words = in.args;
  std::size_t used = 0;
  const Command* command = find_command(words, used);
  if (!command) {
    const std::string group = words.empty() ? "" : words[0] + " ";
    std::set<std::string> next;
    for (const Command& each : all_commands()) {
      for (std::string_view names = each.names; !names.empty();) {
        const std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        if (!name.starts_with(group) || name.starts_with("__")) continue;
        const std::string_view rest = name.substr(group.size());
        next.emplace(rest.substr(0, rest.find(' ')));
      }
    }
    for (const std::string& word : next)
      in.console.print("{}\n", word);
    return 0;
  }
  Invocation flags{*command, {"--__flags"}, in.console, in.root};
  (void)command->run(
      flags);  // prints its flags, and stops with an error that means no more than that
  if (command->usage.find("IMAGE") == std::string_view::npos &&
      command->usage.find("CONTAINER") == std::string_view::npos &&
      command->usage.find("NAME") == std::string_view::npos)
    return 0;
  SUIT_LET(engine::Engine engine, in.open_engine());
  if (command->usage.find("CONTAINER") != std::string_view::npos) {
    for (const engine::Status& container : engine.list(engine::Which::All))
      in.console.print("{}\n", container.record.name);
  } else {
    for (const store::Image& image : engine.store().images()) {
      for (const std::string& name : image.names) {
        const auto reference = naming::parse_reference(name);
        if (reference) in.console.print("{}\n", reference->familiar());
      }
    }
  }
  return 0;
}

}  // namespace suit::cli
