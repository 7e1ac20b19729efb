#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "runtime/plan_dev_internal.h"
#include "runtime/plan_root_internal.h"

namespace suit::runtime {
namespace {

struct Node {
  std::string name;  // below /dev
  mode_t mode;       // with the type
  std::uint32_t major, minor;
  std::uint32_t uid = 0, gid = 0;
  std::string pointer;
};

// config-linux.md, "Default Devices". The console needs a terminal, ptmx is devpts's.
std::vector<Node> default_nodes() {
  constexpr mode_t kCharacter = S_IFCHR | 0666;
  return {{"null", kCharacter, 1, 3, 0, 0, "/linux/devices"},
          {"zero", kCharacter, 1, 5, 0, 0, "/linux/devices"},
          {"full", kCharacter, 1, 7, 0, 0, "/linux/devices"},
          {"random", kCharacter, 1, 8, 0, 0, "/linux/devices"},
          {"urandom", kCharacter, 1, 9, 0, 0, "/linux/devices"},
          {"tty", kCharacter, 5, 0, 0, 0, "/linux/devices"}};
}

struct Link {
  std::string_view name;
  std::string_view target;
};
constexpr std::array<Link, 6> kLinks = {{{"fd", "/proc/self/fd"},
                                         {"stdin", "/proc/self/fd/0"},
                                         {"stdout", "/proc/self/fd/1"},
                                         {"stderr", "/proc/self/fd/2"},
                                         {"core", "/proc/kcore"},
                                         {"ptmx", "pts/ptmx"}}};

Result<std::vector<Node>> wanted_nodes(const oci::Spec& spec) {
  std::vector<Node> nodes = default_nodes();
  for (std::size_t i = 0; i < spec.linux_.devices.size(); ++i) {
    const oci::Device& device = spec.linux_.devices[i];
    std::string pointer = fmt::format("/linux/devices/{}", i);
    std::string path = clean_path(device.path);
    if (!path.starts_with("/dev/"))
      return fail(0, fmt::format("{}: device \"{}\" is not below /dev", pointer, device.path));
    // Ours already: links, and the terminal. Callers that hand over all of the host's devices name
    // these, too.
    std::string name = path.substr(5);
    if (std::ranges::find(kLinks, name, &Link::name) != kLinks.end() ||
        (spec.process.terminal && name == "console"))
      continue;
    mode_t type = device.type == 'b' ? S_IFBLK : device.type == 'p' ? S_IFIFO : S_IFCHR;
    Node node{std::move(name), type | (device.mode & 07777),
              device.major,    device.minor,
              device.uid,      device.gid,
              pointer};
    auto same = std::ranges::find(nodes, node.name, &Node::name);
    if (same == nodes.end())
      nodes.push_back(std::move(node));
    else
      *same = std::move(node);
  }
  return nodes;
}

// Directories above a node such as net/tun.
void plan_parents(Builder& b, std::uint8_t tree, std::string_view name) {
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1))
    b.op(Call::mkdirat, {Builder::slot(tree), b.text(name.substr(0, slash)), Builder::number(0755)})
        .tolerates = kMayExist;
}

void plan_node(Builder& b, std::uint8_t tree, const Node& node) {
  plan_parents(b, tree, node.name);
  Value directory = Builder::slot(tree);
  Value name = b.text(node.name);
  auto device = static_cast<std::int64_t>(::makedev(node.major, node.minor));
  b.op(Call::mknodat, {directory, name, Builder::number(node.mode),
                       Builder::number(S_ISFIFO(node.mode) ? 0 : device)});
  if (node.uid != 0 || node.gid != 0)
    b.op(Call::fchownat, {directory, name, Builder::number(node.uid), Builder::number(node.gid),
                          Builder::number(AT_SYMLINK_NOFOLLOW)});
}

}  // namespace

oci::SpecMount default_dev_mount() {
  return {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}};
}

Result<void> plan_dev_tree(Builder& b, const PlanInput& in, std::uint8_t tree) {
  SUIT_LET(std::vector<Node> nodes, wanted_nodes(in.spec));
  for (const Node& node : nodes) {
    b.step("dev.nodes", node.pointer);
    if (in.in_user_namespace() && !S_ISFIFO(node.mode)) {
      plan_parents(b, tree, node.name);
      b.op(Call::mknodat, {Builder::slot(tree), b.text(node.name), Builder::number(S_IFREG | 0644),
                           Builder::number(0)});
    } else {
      plan_node(b, tree, node);
    }
  }
  if (in.spec.process.terminal) {
    // Where the terminal will be attached.
    b.step("dev.nodes", "/process/terminal");
    b.op(Call::mknodat, {Builder::slot(tree), b.text("console"), Builder::number(S_IFREG | 0600),
                         Builder::number(0)});
  }
  // Mount points of what the spec mounts directly below: no path of the image is needed for them.
  for (const oci::SpecMount& mount : in.spec.mounts) {
    std::string path = clean_path(mount.destination);
    if (!path.starts_with("/dev/") || path.find('/', 5) != std::string::npos ||
        mount.type == "bind")
      continue;
    b.op(Call::mkdirat, {Builder::slot(tree), b.text(path.substr(5)), Builder::number(0755)})
        .tolerates = kMayExist;
  }
  b.step("dev.links", "");
  for (const Link& link : kLinks)
    b.op(Call::symlinkat, {b.text(link.target), Builder::slot(tree), b.text(link.name)});
  return {};
}

void plan_dev_binds(Builder& b, const PlanInput& in) {
  if (!in.in_user_namespace()) return;
  auto nodes = wanted_nodes(in.spec);
  if (!nodes) return;  // plan_dev_tree has refused it already
  for (const Node& node : *nodes) {
    if (S_ISFIFO(node.mode)) continue;
    std::string path = "/dev/" + node.name;
    b.step("dev.nodes", node.pointer);
    std::uint8_t source = b.new_slot("host " + path);
    b.in_host_lane();
    b.op(Call::open_tree, {Builder::number(AT_FDCWD), b.text(path),
                           Builder::number(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)})
        .result = source;
    b.in_container_lane();
    attach_in_root(b, {source, path, Symlinks::Follow, false});
  }
}

}  // namespace suit::runtime
