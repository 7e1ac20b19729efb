// gpu probe, gpu doctor.

#include <fmt/format.h>

#include "cli/commands.h"
#include "gpu/doctor.h"
#include "gpu/probe.h"
#include "os/leased_dir.h"
#include "os/process.h"
#include "runtime/runtime.h"

namespace suit::cli {
namespace {

Result<os::Root> open_root(const std::string& path) {
  auto root = os::Root::open(path.empty() ? "/" : path);
  if (!root) return wrap(std::move(root).error(), "root");
  return root;
}

// An image's files, as a container of it would see them.
struct OpenImage {
  os::LeasedDir scratch;
  os::Root root;
  std::vector<std::string> env;
};

Result<OpenImage> open_image(Invocation& in, const std::string& reference) {
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::Image image, engine.image(reference));
  SUIT_LET(std::vector<std::string> lower, engine.store().lower_dirs(image));
  SUIT_LET(os::LeasedDir scratch, os::LeasedDir::create(engine.work_dir()));
  for (const char* sub : {"/upper", "/work"})
    SUIT_TRY(os::make_dirs(scratch.path() + sub));
  SUIT_LET(const runtime::HostFacts facts, runtime::probe_host());
  runtime::Overlay overlay{std::move(lower), scratch.path() + "/upper", scratch.path() + "/work"};
  overlay.discard = true;
  SUIT_LET(os::Fd root, runtime::mount_overlay(overlay, facts));
  return OpenImage{std::move(scratch), os::Root(std::move(root)), image.config.config.env};
}

// The same command in a container, by this very program: nothing is left out that `suit run` does.
Result<std::string> run_in_container(const Invocation& in, const std::string& image,
                                     const std::vector<std::string>& gpus) {
  SUIT_LET(const std::string self, os::read_link(os::FdRef::cwd(), "/proc/self/exe"));
  std::vector<std::string> args = {self};
  if (!in.root.empty()) args.insert(args.end(), {"--root", in.root});
  args.insert(args.end(), {"run", "--rm"});
  for (const std::string& gpu : gpus)
    args.insert(args.end(), {"--gpus", gpu});
  args.insert(args.end(), {image, "nvidia-smi", "-L"});
  os::SpawnOptions options;
  for (char** variable = environ; *variable != nullptr; ++variable)
    options.env.emplace_back(*variable);
  SUIT_LET(const os::Captured run, os::run_and_capture(args, {}, std::move(options)));
  if (run.status.shell_code() == 0) return run.out;
  return fail(0, fmt::format("exit {}: {}", run.status.shell_code(), run.err));
}

struct DoctorFlags {
  std::string image, image_root, sysroot, format;
  std::vector<std::string> gpus;
  bool run = false, json = false;
};

void declare(FlagSet& flags, DoctorFlags& asked) {
  flags
      .add('\0', "gpus", &asked.gpus, "gpu-request",
           "What you give to suit run; '' for nothing at all")
      .add('\0', "image", &asked.image, "string", "Look into this image too")
      .add('\0', "image-root", &asked.image_root, "string",
           "Look into this directory, an image's root")
      .toggle('\0', "json", asked.json, "Print as JSON")
      .toggle('\0', "run", asked.run, "Start a container of --image, and run nvidia-smi in it")
      .add('\0', "sysroot", &asked.sysroot, "string",
           "Look at the host whose root this is (default /)");
}

Result<std::optional<gpu::Request>> request_of(const std::vector<std::string>& flags) {
  if (flags.empty()) return std::nullopt;
  gpu::Request request;
  for (const std::string& text : flags) {
    if (text.empty()) continue;
    auto asked = gpu::parse_gpus_flag(text);
    if (!asked) return wrap(std::move(asked).error(), fmt::format("--gpus {}", text));
    request.gpus.push_back(*std::move(asked));
  }
  return request;
}

}  // namespace

Result<int> gpu_probe(Invocation& in) {
  std::string sysroot;
  bool json = false;
  FlagSet flags;
  flags.toggle('\0', "json", json, "Print as JSON")
      .add('\0', "sysroot", &sysroot, "string", "Look at the host whose root this is (default /)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const os::Root root, open_root(sysroot));
  const gpu::Host host = gpu::probe(root);
  in.console.text(json ? gpu::to_value(host).dump(2) + "\n" : gpu::describe(host));
  return 0;
}

Result<int> gpu_doctor(Invocation& in) {
  DoctorFlags asked;
  FlagSet flags;
  declare(flags, asked);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (!asked.image.empty() && !asked.image_root.empty())
    return fail(0, "--image and --image-root are two answers to one question");
  if (asked.run && (asked.image.empty() || !asked.sysroot.empty()))
    return fail(0, "--run starts a container of --image, on this host");
  SUIT_LET(const os::Root host, open_root(asked.sysroot));
  gpu::DoctorInput input;
  input.host = &host;
  input.host_is_live = asked.sysroot.empty() || asked.sysroot == "/";
  SUIT_LET(input.request, request_of(asked.gpus));
  std::optional<OpenImage> image;
  std::optional<os::Root> image_root;
  if (!asked.image.empty()) {
    SUIT_LET(OpenImage opened, open_image(in, asked.image));
    image.emplace(std::move(opened));
    input.image = &image->root;
    input.env = image->env;
  } else if (!asked.image_root.empty()) {
    SUIT_LET(os::Root opened, open_root(asked.image_root));
    image_root.emplace(std::move(opened));
    input.image = &*image_root;
  }
  gpu::Diagnosis diagnosis = gpu::diagnose(input);
  if (asked.run)
    diagnosis.checks.push_back(gpu::compare_runs(
        gpu::run_nvidia_smi("/usr/bin/nvidia-smi"),
        run_in_container(in, asked.image,
                         asked.gpus.empty() ? std::vector<std::string>{"all"} : asked.gpus)));
  in.console.text(asked.json ? gpu::to_value(diagnosis).dump(2) + "\n" : gpu::describe(diagnosis));
  return diagnosis.exit_code();
}

}  // namespace suit::cli
