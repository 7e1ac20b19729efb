#include "gpu/inject.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "gpu/cdi_apply.h"
#include "gpu/driver_links_internal.h"
#include "gpu/elf.h"
#include "gpu/generate.h"
#include "gpu/hook.h"
#include "gpu/ld_cache.h"
#include "gpu/nodes_internal.h"
#include "gpu/require.h"
#include "gpu/view_internal.h"
#include "os/file.h"
#include "os/user_namespace.h"

namespace suit::gpu {
namespace {

constexpr const char* kParams = "/proc/driver/nvidia/params";

// GPUs and slices of a request.
struct Choice {
  std::vector<const NvidiaGpu*> gpus;
  std::vector<std::pair<const NvidiaGpu*, const MigDevice*>> slices;
};

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                 : std::nullopt;
}

std::string known_gpus(const NvidiaDriver& driver) {
  std::string out;
  for (std::size_t i = 0; i < driver.gpus.size(); ++i)
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", i, driver.gpus[i].uuid);
  return out.empty() ? "there is none" : "there are " + out;
}

Result<void> choose_one(const Host& host, const std::string& id, Choice& choice) {
  const std::vector<NvidiaGpu>& gpus = host.nvidia.gpus;
  const std::size_t colon = id.find(':');
  const auto index = number(std::string_view(id).substr(0, colon));
  if (colon != std::string::npos) {
    const auto slice = number(std::string_view(id).substr(colon + 1));
    if (index && slice && *index < gpus.size() && *slice < gpus[*index].mig.size()) {
      choice.slices.emplace_back(&gpus[*index], &gpus[*index].mig[*slice]);
      return {};
    }
  } else if (index && *index < gpus.size()) {
    choice.gpus.push_back(&gpus[*index]);
    return {};
  } else if (!index) {
    const auto found = std::ranges::find(gpus, id, &NvidiaGpu::uuid);
    if (found != gpus.end() && !id.empty()) {
      choice.gpus.push_back(&*found);
      return {};
    }
  }
  if (id.starts_with("MIG-"))
    return fail(ENOENT, fmt::format("no GPU \"{}\"", id),
                "only the driver knows the UUIDs of slices; name it by its place, as in 0:1");
  return fail(ENOENT, fmt::format("no GPU \"{}\"", id), known_gpus(host.nvidia));
}

Result<Choice> choose(const Host& host, const DeviceRequest& request) {
  Choice choice;
  const std::vector<NvidiaGpu>& gpus = host.nvidia.gpus;
  const bool all = request.count == -1 || has_word(request.device_ids, "all");
  if (has_word(request.device_ids, "none")) return choice;
  const auto count = all ? gpus.size() : static_cast<std::size_t>(request.count);
  if (count > gpus.size())
    return fail(ENOENT, fmt::format("{} GPUs are asked for", count), known_gpus(host.nvidia));
  for (std::size_t i = 0; i < count; ++i) {
    choice.gpus.push_back(&gpus[i]);
    for (const MigDevice& slice : gpus[i].mig)
      choice.slices.emplace_back(&gpus[i], &slice);
  }
  if (!all)
    for (const std::string& id : request.device_ids)
      SUIT_TRY(choose_one(host, id, choice));
  return choice;
}

// Numbers that are known are given: the node need not be on the host yet.
Result<void> add_node(const Host& host, const ExpectedNode& expected, ContainerEdits& edits) {
  SUIT_TRY(check_node(host, expected));
  const auto same = [&](const CdiDeviceNode& node) { return node.path == expected.path; };
  if (std::ranges::any_of(edits.device_nodes, same)) return {};
  CdiDeviceNode node{.path = expected.path, .type = "c"};
  node.major = expected.major;
  node.minor = expected.minor;
  const DeviceNode* there = host.node(expected.path);
  node.file_mode = there ? there->mode : 0666;
  node.permissions = "rw";
  edits.device_nodes.push_back(std::move(node));
  return {};
}

Result<void> add_drm(const Host& host, const std::string& bus, ContainerEdits& edits) {
  for (const DeviceNode* node : drm_nodes(host, bus)) {
    SUIT_TRY(add_node(host, {node->path, node->major, node->minor}, edits));
    if (node->gid != 0) edits.additional_gids.push_back(node->gid);
  }
  return {};
}

Result<void> add_nvidia_nodes(const Host& host, const Choice& choice,
                              const std::vector<std::string>& capabilities, ContainerEdits& edits) {
  for (const ExpectedNode& node : control_nodes(host, capabilities))
    SUIT_TRY(add_node(host, node, edits));
  if (const DeviceNode* dxg = host.node("/dev/dxg"); dxg && host.is_wsl)
    SUIT_TRY(add_node(host, {dxg->path, dxg->major, dxg->minor}, edits));
  const bool draws = has_word(capabilities, "graphics") || has_word(capabilities, "display");
  for (const NvidiaGpu* gpu : choice.gpus) {
    SUIT_TRY(add_node(host, gpu_node(host, *gpu), edits));
    if (draws) SUIT_TRY(add_drm(host, gpu->bus, edits));
  }
  for (const auto& [gpu, slice] : choice.slices) {
    SUIT_TRY(add_node(host, gpu_node(host, *gpu), edits));
    for (const ExpectedNode& node : slice_nodes(host, *slice))
      SUIT_TRY(add_node(host, node, edits));
  }
  return {};
}

// Where a file of the driver belongs in an image, whatever the host's own place is.
std::string place_of(const DriverFile& file, const ImageLayout& layout) {
  const std::string name = base_name(file.path);
  if (file.kind == FileKind::Program) return "/usr/bin/" + name;
  if (file.kind == FileKind::Library) {
    const bool is_vdpau = dir_name(file.path).ends_with("/vdpau");
    return layout.library_dir + (is_vdpau ? "/vdpau/" : "/") + name;
  }
  if (const std::size_t share = file.path.rfind("/share/");
      file.kind == FileKind::Data && share != std::string::npos)
    return "/usr" + file.path.substr(share);
  return file.path;
}

void add_mount(const std::string& source, const std::string& destination, const DriverFile& file,
               ContainerEdits& edits) {
  edits.mounts.push_back({source, destination, mount_options(file), ""});
}

// A library under all its names. A name that the image has already is covered, not replaced: what
// the image's files say stays as it was.
void add_library(const DriverFile& file, const std::string& source, const InjectionInput& input,
                 const ImageLayout& layout, Injection& out) {
  const View image(input.image);
  const std::string place = place_of(file, layout);
  const std::string dir = dir_name(place);
  add_mount(source, place, file, out.edits);
  for (const auto& [name, target] : links_of(file)) {
    const std::string path = dir + "/" + name;
    const bool is_ours = image.link(path) == target;
    if (image.has(path) && !is_ours)
      add_mount(source, path, file, out.edits);
    else
      out.links.push_back({path, target});
    const auto cached = layout.cached.find(name);
    if (cached == layout.cached.end() || !image.has(cached->second)) continue;
    const auto theirs = image.info(cached->second);
    const auto ours = image.info(path);
    const bool same = ours && theirs->st_dev == ours->st_dev && theirs->st_ino == ours->st_ino;
    if (!same && dir_name(cached->second) != dir)
      add_mount(source, cached->second, file, out.edits);
  }
}

Result<std::vector<std::string>> capabilities_of(const Request& request,
                                                 const DeviceRequest& asked) {
  std::string words;
  for (const std::vector<std::string>& set : asked.capabilities)
    for (const std::string& word : set)
      if (word != "gpu" && word != "nvidia") words += words.empty() ? word : "," + word;
  if (!words.empty()) return parse_driver_capabilities(words);
  return parse_driver_capabilities(request.capabilities);
}

Result<void> add_nvidia(const Request& request, const DeviceRequest& asked,
                        const InjectionInput& input, Injection& out) {
  const Host& host = input.host;
  if (host.nvidia.files.empty())
    return fail(ENODEV, "no files of an NVIDIA driver on this host",
                "`suit gpu doctor` tells what is missing");
  SUIT_TRY(check_requirements(input.env, host));
  SUIT_LET(const std::vector<std::string> capabilities, capabilities_of(request, asked));
  SUIT_LET(const Choice choice, choose(host, asked));
  const ImageLayout layout = layout_of(input.image);
  if (layout.libc == ImageLayout::Libc::Musl)
    return fail(0, "the image's C library is musl, and NVIDIA's libraries need glibc",
                "use an image of Debian, Ubuntu or Fedora, not of Alpine");
  SUIT_TRY(add_nvidia_nodes(host, choice, capabilities, out.edits));
  for (const DriverFile& file : host.nvidia.files) {
    if (!file.capability.empty() && !has_word(capabilities, file.capability)) continue;
    const std::string source = request.driver_root + file.path;
    if (file.kind == FileKind::Library)
      add_library(file, source, input, layout, out);
    else
      add_mount(source, place_of(file, layout), file, out.edits);
  }
  out.edits.env.emplace_back("NVIDIA_VISIBLE_DEVICES=void");
  out.hides_params = !host.nvidia.params.empty();
  return {};
}

Result<void> add_by_drm(const DeviceRequest& asked, std::uint16_t vendor,
                        const InjectionInput& input, Injection& out) {
  const std::vector<const PciGpu*> gpus = input.host.of_vendor(vendor);
  const bool all = asked.count == -1 || has_word(asked.device_ids, "all");
  for (std::size_t i = 0; i < gpus.size(); ++i)
    if (all || has_word(asked.device_ids, fmt::to_string(i)) ||
        static_cast<std::int64_t>(i) < asked.count)
      SUIT_TRY(add_drm(input.host, gpus[i]->address, out.edits));
  if (out.edits.device_nodes.empty())
    return fail(ENOENT, "none of the GPUs asked for has a device node");
  if (const DeviceNode* kfd = input.host.node("/dev/kfd"); kfd && vendor == kAmd) {
    SUIT_TRY(add_node(input.host, {kfd->path, kfd->major, kfd->minor}, out.edits));
    if (kfd->gid != 0) out.edits.additional_gids.push_back(kfd->gid);
  }
  return {};
}

Result<void> add_gpus(const Request& request, const DeviceRequest& asked,
                      const InjectionInput& input, Injection& out) {
  SUIT_TRY(check_request(asked));
  if (asked.count == 0 && asked.device_ids.empty()) return {};
  const Host& host = input.host;
  const bool has_nvidia = host.is_wsl || !host.nvidia.gpus.empty() ||
                          !host.of_vendor(kNvidia).empty() || !host.nvidia.files.empty();
  std::string driver = asked.driver;
  if (driver.empty()) driver = has_nvidia ? "nvidia" : !host.of_vendor(kAmd).empty() ? "amd" : "";
  if (driver == "nvidia" && has_nvidia) return add_nvidia(request, asked, input, out);
  if (driver == "amd") return add_by_drm(asked, kAmd, input, out);
  if (driver == "intel") return add_by_drm(asked, kIntel, input, out);
  return fail(
      ENODEV,
      fmt::format("could not select device driver \"{}\" with capabilities: [[{}]]", asked.driver,
                  fmt::join(asked.capabilities.empty() ? std::vector<std::string>{"gpu"}
                                                       : asked.capabilities[0],
                            " ")),
      "this host shows no GPU and no driver; `suit gpu doctor` tells what is missing");
}

// Names that no CDI file has to explain: this host's own GPUs.
Result<bool> add_known_device(const Request& request, const std::string& text,
                              const InjectionInput& input, Injection& out) {
  SUIT_LET(const QualifiedName name, parse_qualified(text));
  DeviceRequest asked;
  asked.device_ids = {name.name};
  // A file that speaks of this kind is the last word on it.
  if (std::ranges::any_of(input.registry.devices(), [&](const std::string& one) {
        return one.starts_with(name.kind() + "=");
      }))
    return false;
  if (name.kind() == "nvidia.com/gpu") {
    SUIT_TRY(add_nvidia(request, asked, input, out));
  } else if (name.kind() == "amd.com/gpu") {
    SUIT_TRY(add_by_drm(asked, kAmd, input, out));
  } else if (name.kind() == "intel.com/gpu") {
    SUIT_TRY(add_by_drm(asked, kIntel, input, out));
  } else {
    return false;
  }
  return true;
}

// The soft GPU's files are common ones: where the image has its own, that one stays.
void keep_images_own(const os::Root& image, ContainerEdits& edits) {
  const View view(image);
  std::erase_if(edits.mounts,
                [&](const CdiMount& mount) { return view.has(mount.container_path); });
}

// A plain user cannot make device nodes: the runtime binds the host's, under the same name.
Result<void> check_rootless(const ContainerEdits& edits) {
  if (!os::in_user_namespace()) return {};
  for (const CdiDeviceNode& node : edits.device_nodes)
    if (!node.host_path.empty() && node.host_path != node.path)
      return fail(EPERM,
                  fmt::format("device \"{}\" cannot appear as \"{}\" without root", node.host_path,
                              node.path),
                  "give it the same path inside");
  return {};
}

Result<void> hide_params(const Host& host, const std::string& scratch, ContainerEdits& edits) {
  // The container's /proc shows this kernel's driver, wherever its files were found.
  if (!os::exists(kParams)) return {};
  SUIT_TRY(os::make_dirs(scratch, 0755));
  const std::string file = scratch + "/params";
  SUIT_TRY(os::replace_file(file, params_for_container(host.nvidia.params), 0444));
  edits.mounts.push_back({file, kParams, {"ro", "nosuid", "nodev", "noexec", "bind"}, ""});
  return {};
}

// What a CDI file's hook would do in the container, done here: no program is started. The loader
// searches its own directories without a cache, and nodes lie in directories that all may enter.
Result<void> take_hook(const CdiHook& hook, const os::Root& image, Injection& out) {
  const std::vector<std::string> words = vendor_words(hook);
  if (words.empty())
    return fail(0,
                fmt::format("{} hook \"{}\": programs of CDI files are not started here", hook.name,
                            hook.path),
                "leave it out of the file, or run the container with podman and suit-oci");
  if (words[0] == "create-symlinks") return run_hook(words, image);
  if (words[0] == "disable-device-node-modification") out.hides_params = true;
  if (words[0] == "update-ldcache") {
    const std::string own = layout_of(image).library_dir;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string_view folder =
          std::string_view(words[i]).substr(words[i].find('=') + 1);  // all of it without `=`
      if (folder.starts_with('/') && folder != own)
        SUIT_LOG(Warn, "CDI: the image's loader does not search {} by itself: set LD_LIBRARY_PATH",
                 folder);
    }
  }
  if (words[0] == "enable-cuda-compat" && View(image).has("/usr/local/cuda/compat"))
    SUIT_LOG(Warn, "CDI: for the image's newer CUDA set LD_LIBRARY_PATH=/usr/local/cuda/compat");
  return {};
}

}  // namespace

ImageLayout layout_of(const os::Root& root) {
  const View image(root);
  ImageLayout out;
  const std::string arch = own_multiarch();
  out.library_dir = "/usr/lib/" + arch;
  for (const std::string& dir :
       {"/usr/lib/" + arch, "/lib/" + arch, std::string("/usr/lib64"), std::string("/lib64"),
        std::string("/usr/lib"), std::string("/lib")}) {
    if (!image.has(dir + "/libc.so.6")) continue;
    out.libc = ImageLayout::Libc::Glibc;
    out.library_dir = dir;
    break;
  }
  if (out.libc == ImageLayout::Libc::None)
    for (const std::string& name : image.names("/lib"))
      if (name.starts_with("ld-musl-")) out.libc = ImageLayout::Libc::Musl;
  if (const auto cache = parse_ld_cache(image.text("/etc/ld.so.cache", 8U << 20)))
    for (const CachedLibrary& library : *cache)
      out.cached.emplace(library.name, library.path);
  return out;
}

Result<Injection> plan_injection(const Request& request, const InjectionInput& input) {
  Injection out;
  for (const DeviceRequest& asked : request.gpus)
    SUIT_TRY(add_gpus(request, asked, input, out));
  for (const PlainDevice& device : request.plain) {
    CdiDeviceNode node{.path = device.path, .host_path = device.host_path};
    node.permissions = device.permissions;
    out.edits.device_nodes.push_back(std::move(node));
  }
  std::vector<std::string> by_file;
  for (const std::string& name : request.devices) {
    SUIT_LET(const bool known, add_known_device(request, name, input, out));
    if (!known) by_file.push_back(name);
  }
  SUIT_LET(ContainerEdits edits, input.registry.edits_for(by_file));
  if (std::ranges::any_of(
          by_file, [](const std::string& name) { return name.starts_with("suit.dev/softgpu="); }))
    keep_images_own(input.image, edits);
  out.edits.append(edits);
  return out;
}

Result<void> edit_spec(oci::Spec& spec, const Request& request, const os::Root& rootfs,
                       const std::string& scratch) {
  if (request.empty()) return {};
  auto edited = [&]() -> Result<void> {
    SUIT_LET(const os::Root slash, os::Root::open("/"));
    SUIT_LET(const os::Root driver_root,
             os::Root::open(request.driver_root.empty() ? "/" : request.driver_root));
    const Host host = probe(driver_root);
    CdiRegistry registry = CdiRegistry::load(
        slash, request.spec_dirs.empty() ? default_cdi_dirs() : request.spec_dirs);
    for (const CdiProblem& problem : registry.problems())
      SUIT_LOG(Warn, "CDI file {}: {}", problem.path, problem.error.message());
    const bool soft = std::ranges::any_of(request.devices, [](const std::string& name) {
      return name.starts_with("suit.dev/softgpu=");
    });
    if (soft) {
      SUIT_LET(CdiSpec generated,
               generate_softgpu(driver_root, {.driver_root = request.driver_root}));
      registry.add(std::move(generated), "generated");
    }
    SUIT_LET(Injection plan, plan_injection(request, {host, registry, rootfs, spec.process.env}));
    SUIT_TRY(check_rootless(plan.edits));
    for (const CdiHook& hook : std::exchange(plan.edits.hooks, {}))
      SUIT_TRY(take_hook(hook, rootfs, plan));
    if (plan.hides_params) SUIT_TRY(hide_params(host, scratch, plan.edits));
    SUIT_TRY(apply_edits(spec, plan.edits, slash));
    for (const DriverLink& link : plan.links)
      SUIT_TRY(make_link(rootfs, link.path, link.target));
    return {};
  }();
  if (!edited) return wrap(std::move(edited).error(), "devices");
  return {};
}

}  // namespace suit::gpu
