#include "gpu/generate.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <fmt/format.h>

#include "gpu/driver_links_internal.h"
#include "gpu/nodes_internal.h"
#include "gpu/view_internal.h"

namespace suit::gpu {
namespace {

CdiDeviceNode node_edit(const std::string& path, const GenerateOptions& options) {
  CdiDeviceNode node;
  node.path = path;
  if (!options.driver_root.empty()) node.host_path = options.driver_root + path;
  return node;
}

// Nodes that are there and are what they say; a file names no node that the host has not.
Result<void> add_nodes(const Host& host, const std::vector<ExpectedNode>& wanted,
                       const GenerateOptions& options, ContainerEdits& edits) {
  for (const ExpectedNode& node : wanted) {
    SUIT_TRY(check_node(host, node));
    if (host.node(node.path)) edits.device_nodes.push_back(node_edit(node.path, options));
  }
  return {};
}

Result<ContainerEdits> gpu_edits(const Host& host, const NvidiaGpu& gpu,
                                 const GenerateOptions& options) {
  ContainerEdits edits;
  SUIT_TRY(add_nodes(host, {gpu_node(host, gpu)}, options, edits));
  for (const DeviceNode* node : drm_nodes(host, gpu.bus))
    edits.device_nodes.push_back(node_edit(node->path, options));
  return edits;
}

void add_hook(const GenerateOptions& options, std::vector<std::string> args,
              ContainerEdits& edits) {
  if (options.hook_program.empty()) return;
  CdiHook hook{.name = "createContainer", .path = options.hook_program};
  hook.args = {"suit", "cdi", "hook"};
  hook.args.insert(hook.args.end(), args.begin(), args.end());
  edits.hooks.push_back(std::move(hook));
}

void add_hooks(const Host& host, const GenerateOptions& options, ContainerEdits& edits) {
  std::vector<std::string> links = {"create-symlinks"};
  std::vector<std::string> folders = {"update-ldcache"};
  std::set<std::string> seen;
  for (const DriverFile& file : host.nvidia.files) {
    if (file.kind != FileKind::Library) continue;
    const std::string dir = dir_name(file.path);
    for (const auto& [name, target] : links_of(file))
      links.insert(links.end(), {"--link", target + "::" + dir + "/" + name});
    if (seen.insert(dir).second) folders.insert(folders.end(), {"--folder", dir});
  }
  if (links.size() > 1) add_hook(options, links, edits);
  add_hook(options,
           {"enable-cuda-compat", "--host-driver-version=" + host.nvidia.library_version()}, edits);
  if (folders.size() > 1) add_hook(options, folders, edits);
  add_hook(options, {"disable-device-node-modification"}, edits);
}

Result<ContainerEdits> common_edits(const Host& host, const GenerateOptions& options) {
  ContainerEdits edits;
  // A runtime with the vendor's own hook must not do it all a second time.
  edits.env = {"NVIDIA_VISIBLE_DEVICES=void"};
  SUIT_TRY(add_nodes(host, control_nodes(host, {"compute", "graphics"}), options, edits));
  if (host.is_wsl) edits.device_nodes.push_back(node_edit("/dev/dxg", options));
  for (const DriverFile& file : host.nvidia.files)
    edits.mounts.push_back({options.driver_root + file.path, file.path, mount_options(file), ""});
  add_hooks(host, options, edits);
  return edits;
}

}  // namespace

Result<CdiSpec> generate_nvidia(const Host& host, const GenerateOptions& options) {
  if (host.nvidia.files.empty())
    return fail(ENODEV, "no files of an NVIDIA driver", "`suit gpu doctor` tells what is missing");
  if (host.nvidia.gpus.empty() && !host.is_wsl)
    return fail(ENODEV, "the NVIDIA driver knows no GPU",
                "`suit gpu doctor` tells what is missing");
  CdiSpec spec;
  spec.kind = "nvidia.com/gpu";
  ContainerEdits all;
  std::vector<CdiDevice> by_uuid;
  for (std::size_t i = 0; i < host.nvidia.gpus.size(); ++i) {
    const NvidiaGpu& gpu = host.nvidia.gpus[i];
    SUIT_LET(ContainerEdits edits, gpu_edits(host, gpu, options));
    if (edits.empty()) continue;
    for (std::size_t j = 0; j < gpu.mig.size(); ++j) {
      ContainerEdits slice;
      SUIT_TRY(add_nodes(host, {gpu_node(host, gpu)}, options, slice));
      SUIT_TRY(add_nodes(host, slice_nodes(host, gpu.mig[j]), options, slice));
      edits.append({.device_nodes = {slice.device_nodes.begin() + 1, slice.device_nodes.end()}});
      by_uuid.push_back({fmt::format("{}:{}", i, j), {}, std::move(slice)});
    }
    if (!gpu.uuid.empty()) by_uuid.push_back({gpu.uuid, {}, edits});
    all.append(edits);
    spec.devices.push_back({fmt::to_string(i), {}, std::move(edits)});
  }
  spec.devices.insert(spec.devices.end(), by_uuid.begin(), by_uuid.end());
  if (host.is_wsl) all.device_nodes = {node_edit("/dev/dxg", options)};
  if (all.empty()) return fail(ENODEV, "no GPU of NVIDIA has a device node");
  spec.devices.push_back({"all", {}, std::move(all)});
  SUIT_LET(spec.edits, common_edits(host, options));
  spec.version = minimum_version(spec);
  return spec;
}

Result<CdiSpec> generate_drm(const Host& host, std::uint16_t vendor,
                             const GenerateOptions& options) {
  CdiSpec spec;
  spec.kind = vendor == kAmd ? "amd.com/gpu" : "intel.com/gpu";
  ContainerEdits all;
  std::set<std::uint32_t> groups;
  for (const PciGpu* gpu : host.of_vendor(vendor)) {
    ContainerEdits edits;
    for (const DeviceNode* node : drm_nodes(host, gpu->address)) {
      edits.device_nodes.push_back(node_edit(node->path, options));
      if (node->gid != 0) groups.insert(node->gid);
    }
    if (edits.empty()) continue;
    all.append(edits);
    spec.devices.push_back({fmt::to_string(spec.devices.size()), {}, std::move(edits)});
  }
  if (spec.devices.empty()) return fail(ENODEV, fmt::format("no device node for {}", spec.kind));
  spec.devices.push_back({"all", {}, std::move(all)});
  // The compute queue of all AMD GPUs.
  if (const DeviceNode* kfd = host.node("/dev/kfd"); kfd && vendor == kAmd) {
    spec.edits.device_nodes.push_back(node_edit("/dev/kfd", options));
    if (kfd->gid != 0) groups.insert(kfd->gid);
  }
  spec.edits.additional_gids = {groups.begin(), groups.end()};
  spec.version = minimum_version(spec);
  return spec;
}

}  // namespace suit::gpu
