// cdi generate, list, validate, inject, hook.

#include <unistd.h>

#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/text.h"
#include "gpu/cdi_apply.h"
#include "gpu/cdi_registry.h"
#include "gpu/generate.h"
#include "gpu/hook.h"
#include "gpu/probe.h"
#include "gpu/yaml.h"

namespace suit::cli {
namespace {

constexpr std::size_t kLargestInput = 4U << 20;  // bytes

Result<std::string> read_stdin() {
  os::FdReader reader(os::Fd(::dup(STDIN_FILENO)));
  return read_all(reader, kLargestInput);
}

Result<std::string> read_input(const std::string& path) {
  return path == "-" ? read_stdin() : os::read_file(path, kLargestInput);
}

Result<gpu::CdiRegistry> load(const std::vector<std::string>& dirs) {
  SUIT_LET(const os::Root root, os::Root::open("/"));
  SUIT_LET(const std::string cwd, current_directory());
  std::vector<std::string> absolute;
  for (const std::string& dir : dirs)
    absolute.push_back(dir.starts_with('/') ? dir : cwd + "/" + dir);
  return gpu::CdiRegistry::load(root, dirs.empty() ? gpu::default_cdi_dirs() : absolute);
}

// What the vendor is called → its generator.
Result<gpu::CdiSpec> generate(const std::string& vendor, const std::string& driver_root,
                              const std::string& hook_program) {
  SUIT_LET(const os::Root root, os::Root::open(driver_root.empty() ? "/" : driver_root));
  const gpu::GenerateOptions options{driver_root, hook_program};
  const gpu::Host host = gpu::probe(root);
  if (vendor == "nvidia") return gpu::generate_nvidia(host, options);
  if (vendor == "amd") return gpu::generate_drm(host, gpu::kAmd, options);
  if (vendor == "intel") return gpu::generate_drm(host, gpu::kIntel, options);
  if (vendor == "softgpu") return gpu::generate_softgpu(root, options);
  return fail(0, fmt::format("unknown vendor \"{}\"", vendor),
              "there are nvidia, amd, intel and softgpu");
}

void complain_of(Invocation& in, const gpu::CdiRegistry& registry) {
  for (const gpu::CdiProblem& problem : registry.problems())
    in.console.complain(fmt::format("suit: {}: {}\n", problem.path, problem.error.message()));
}

}  // namespace

Result<int> cdi_generate(Invocation& in) {
  std::string vendor = "nvidia";
  std::string driver_root;
  std::string output;
  std::string format = "yaml";
  bool no_hooks = false;
  FlagSet flags;
  flags.add('\0', "driver-root", &driver_root, "string", "Directory below which the driver is")
      .add('\0', "format", &format, "string", "yaml (default) or json")
      .toggle('\0', "no-hooks", no_hooks, "Leave out the hooks that other engines need")
      .add('o', "output", &output, "string", "Write to this file: /etc/cdi/nvidia.yaml")
      .add('\0', "vendor", &vendor, "string", "nvidia (default), amd, intel, softgpu");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (format != "yaml" && format != "json")
    return fail(0, fmt::format("invalid format \"{}\"", format), "there are yaml and json");
  SUIT_LET(const std::string self, os::read_link(os::FdRef::cwd(), "/proc/self/exe"));
  SUIT_LET(const std::string cwd, current_directory());
  if (driver_root == "/") driver_root.clear();
  if (!driver_root.empty() && !driver_root.starts_with('/')) driver_root = cwd + "/" + driver_root;
  SUIT_LET(const gpu::CdiSpec spec, generate(vendor, driver_root, no_hooks ? "" : self));
  const oci::Json value = gpu::to_value(spec);
  const std::string text = format == "json" ? value.dump(2) + "\n" : gpu::to_yaml(value);
  if (output.empty()) {
    in.console.text(text);
    return 0;
  }
  SUIT_TRY(
      os::make_dirs(output.substr(0, std::min(output.rfind('/') + 1, output.size())) + ".", 0755));
  SUIT_TRY(os::replace_file(output, text, 0644, os::Durable::Yes));
  return 0;
}

Result<int> cdi_list(Invocation& in) {
  std::vector<std::string> dirs;
  bool json = false;
  FlagSet flags;
  flags.add('\0', "cdi-spec-dir", &dirs, "list", "Directory of CDI files")
      .toggle('\0', "json", json, "Print one JSON object a line");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const gpu::CdiRegistry registry, load(dirs));
  Table table({"DEVICE", "VERSION", "FILE"});
  for (const std::string& name : registry.devices()) {
    const auto found = registry.find(name);
    oci::Json row = oci::Json::object();
    row.set("Device", name).set("Version", found->spec->version).set("File", found->path);
    if (json) in.console.print("{}\n", row.dump());
    table.add({name, found->spec->version, found->path});
  }
  if (!json) in.console.text(table.text());
  if (registry.problems().empty()) return 0;
  SUIT_TRY(in.console.flush());
  complain_of(in, registry);
  return 1;
}

Result<int> cdi_validate(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  return for_each_argument(in, args, [&](const std::string& path) -> Result<void> {
    SUIT_LET(const std::string text, read_input(path));
    const auto format = path.ends_with(".json") ? gpu::CdiFormat::Json : gpu::CdiFormat::Yaml;
    auto spec = gpu::parse_cdi(text, format);
    if (!spec) return wrap(std::move(spec).error(), path);
    in.console.print("{}: {} {}, {} device{}, needs {}\n", path, spec->kind, spec->version,
                     spec->devices.size(), spec->devices.size() == 1 ? "" : "s",
                     gpu::minimum_version(*spec));
    return {};
  });
}

Result<int> cdi_inject(Invocation& in) {
  std::vector<std::string> dirs;
  FlagSet flags;
  flags.add('\0', "cdi-spec-dir", &dirs, "list", "Directory of CDI files");
  SUIT_LET(std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const std::string text, read_input(args[0]));
  auto config = oci::parse_json(text);
  if (!config) return wrap(std::move(config).error(), args[0]);
  // Kubernetes asks by annotation.
  std::map<std::string, std::string> annotations;
  if (const oci::Json* members = config->find("annotations"); members && members->as_object())
    for (const auto& [key, value] : *members->as_object())
      if (const std::string* item = value.as_string()) annotations.emplace(key, *item);
  SUIT_LET(std::vector<std::string> names, gpu::devices_in_annotations(annotations));
  names.insert(names.end(), args.begin() + 1, args.end());
  SUIT_LET(const gpu::CdiRegistry registry, load(dirs));
  complain_of(in, registry);
  SUIT_LET(const gpu::ContainerEdits edits, registry.edits_for(names));
  SUIT_LET(const os::Root root, os::Root::open("/"));
  SUIT_TRY(gpu::apply_edits(*config, edits, root));
  in.console.print("{}\n", config->dump(2));
  return 0;
}

Result<int> cdi_hook(Invocation& in) {
  // Its flags are those of the vendor's program: not ours to read.
  if (in.args.empty()) return fail(0, "which hook?", "suit cdi hook create-symlinks --link T::L");
  std::vector<std::string> words;
  std::string state_path = "-";
  for (std::size_t i = 0; i < in.args.size(); ++i) {
    if (in.args[i].starts_with("--container-spec="))
      state_path = in.args[i].substr(17);
    else if (in.args[i] == "--container-spec" && i + 1 < in.args.size())
      state_path = in.args[++i];
    else
      words.push_back(in.args[i]);
  }
  SUIT_LET(const std::string state, read_input(state_path));
  SUIT_LET(const os::Root root, gpu::root_of_state(state));
  SUIT_TRY(gpu::run_hook(words, root));
  return 0;
}

}  // namespace suit::cli
