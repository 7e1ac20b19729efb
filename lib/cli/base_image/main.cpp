/// \file
/// Makes `spacesuit/base:1`, the image that every installation brings along, so that a first
/// container needs no network: `base_image BUSYBOX APPLETS OUTPUT`.
///
/// Runs while Spacesuit is built. From a static busybox and the list of its applets (`busybox
/// --list-full`) it writes an OCI archive. Same input, same bytes: no clock, no user, no file
/// system has a say, since the root file system exists only as entries of a tar.

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "base/stream.h"
#include "hash/sha256.h"
#include "layer/tar.h"
#include "oci/image.h"
#include "os/file.h"

namespace suit {
namespace {

using layer::EntryType;
using layer::TarEntry;
using layer::TarWriter;

constexpr std::string_view kName = "docker.io/spacesuit/base:1";
constexpr std::string_view kCreated = "2026-01-01T00:00:00Z";
constexpr std::int64_t kCreatedS = 1767225600;  // the same, in seconds since 1970
constexpr std::uint32_t kPilot = 1000;
constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n"
    "pilot:x:1000:1000:pilot:/home/pilot:/bin/sh\n";
constexpr std::string_view kGroup =
    "root:x:0:\ndaemon:x:1:\ntty:x:5:\nusers:x:100:\npilot:x:1000:\nnogroup:x:65534:\n";
// No password opens any account.
constexpr std::string_view kShadow =
    "root:*:0::::::\ndaemon:*:0::::::\nnobody:*:0::::::\npilot:*:0::::::\n";
constexpr std::string_view kNsswitch =
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n";
constexpr std::string_view kOsRelease =
    "NAME=\"Spacesuit base\"\nID=spacesuit\nVERSION_ID=1\nPRETTY_NAME=\"Spacesuit base 1\"\n";
constexpr std::string_view kProfile = "export PS1='\\u@\\h:\\w\\$ '\n";

struct Tree {
  std::vector<std::pair<TarEntry, std::string>> entries;

  void directory(std::string path, mode_t mode = 0755, std::uint32_t owner = 0) {
    add(EntryType::Directory, std::move(path), mode, owner);
  }
  void file(std::string path, std::string_view content, mode_t mode = 0644) {
    add(EntryType::File, std::move(path), mode, 0);
    entries.back().first.size_bytes = content.size();
    entries.back().second = content;
  }
  void symlink(std::string path, std::string target) {
    add(EntryType::Symlink, std::move(path), 0777, 0);
    entries.back().first.link = std::move(target);
  }

 private:
  void add(EntryType type, std::string path, mode_t mode, std::uint32_t owner) {
    TarEntry entry;
    entry.type = type;
    entry.path = std::move(path);
    entry.mode = mode;
    entry.uid = owner;
    entry.gid = owner;
    entry.mtime_s = kCreatedS;
    entries.emplace_back(std::move(entry), std::string());
  }
};

Result<std::string> pack(const Tree& tree) {
  StringWriter out;
  TarWriter tar(out);
  for (const auto& [entry, content] : tree.entries) {
    SUIT_TRY(tar.begin(entry));
    SUIT_TRY(tar.write(bytes_of(content)));
  }
  SUIT_TRY(tar.finish());
  return out.take();
}

// Go's name of the processor a program runs on.
// \source elf(5): e_ident, e_machine at byte 18
Result<std::string> architecture_of(std::string_view program) {
  if (program.size() < 64 || !program.starts_with("\x7f"
                                                  "ELF"))
    return fail(0, "busybox is not an ELF program");
  bool little = program[5] == 1;
  auto low = static_cast<unsigned char>(program[little ? 18 : 19]);
  auto high = static_cast<unsigned char>(program[little ? 19 : 18]);
  switch (high << 8 | low) {
    case 3:
      return "386";
    case 21:
      return little ? "ppc64le" : "ppc64";
    case 22:
      return "s390x";
    case 40:
      return "arm";
    case 62:
      return "amd64";
    case 183:
      return "arm64";
    case 243:
      return "riscv64";
    default:
      return fail(
          0, fmt::format("busybox is for an unknown processor (e_machine {})", high << 8 | low));
  }
}

// A dynamic busybox would start nowhere: the image has no other file. It names its loader in the
// program (PT_INTERP), near the start.
Result<void> check_static(std::string_view program) {
  std::string_view head = program.substr(0, 4096);
  if (head.find("/ld-linux") == head.npos && head.find("/ld-musl") == head.npos &&
      head.find("/ld64.") == head.npos)
    return {};
  return fail(0, "busybox is linked to shared libraries",
              "install a static one (Debian: busybox-static)");
}

void add_system_files(Tree& tree) {
  for (const char* path : {"bin", "dev", "etc"})
    tree.directory(path);
  tree.file("etc/group", kGroup);
  tree.file("etc/nsswitch.conf", kNsswitch);
  tree.file("etc/os-release", kOsRelease);
  tree.file("etc/passwd", kPasswd);
  tree.file("etc/profile", kProfile);
  tree.file("etc/shadow", kShadow, 0640);
  tree.directory("home");
  tree.directory("home/pilot", 0755, kPilot);
  for (const char* path : {"lib", "proc"})
    tree.directory(path, path == std::string_view("proc") ? 0555 : 0755);
  tree.directory("root", 0700);
  tree.directory("run");
  tree.directory("sbin");
  tree.directory("sys", 0555);
  tree.directory("tmp", 01777);
  for (const char* path : {"usr", "usr/bin", "usr/lib", "usr/local", "usr/local/bin",
                           "usr/local/sbin", "usr/sbin", "var"})
    tree.directory(path);
  tree.directory("var/tmp", 01777);
}

// Symlinks, so that `ls -l` shows what a command really is.
void add_applets(Tree& tree, std::string_view list) {
  std::set<std::string> paths;
  for (std::size_t start = 0; start < list.size();) {
    std::size_t end = std::min(list.find('\n', start), list.size());
    std::string path(list.substr(start, end - start));
    start = end + 1;
    if (path.find('/') == std::string::npos || path == "bin/busybox")
      continue;  // linuxrc: for initrds
    paths.insert(std::move(path));
  }
  for (const std::string& path : paths)
    tree.symlink(path, "/bin/busybox");
}

oci::ImageConfig config_of(const std::string& architecture, const digest::Digest& layer) {
  oci::ImageConfig config;
  config.created = kCreated;
  config.platform = {};
  config.platform.architecture = architecture;
  config.config.env = {fmt::format("PATH={}", kPath)};
  config.config.cmd = {{"/bin/sh"}};
  config.config.labels = {{"org.opencontainers.image.title", "Spacesuit base"},
                          {"org.opencontainers.image.licenses", "GPL-2.0-only"}};
  config.diff_ids = {layer};
  config.history = {{std::string(kCreated), "base_image: busybox and its applets", "", "", false}};
  return config;
}

oci::Descriptor descriptor(std::string_view type, std::string_view content) {
  oci::Descriptor made;
  made.media_type = type;
  made.digest = hash::sha256(content);
  made.size_bytes = content.size();
  return made;
}

Result<std::string> archive(const std::string& layer, const std::string& architecture) {
  oci::Descriptor layer_descriptor = descriptor(oci::kMediaLayerTar, layer);
  std::string config = oci::to_json(config_of(architecture, layer_descriptor.digest));
  oci::Manifest manifest;
  manifest.config = descriptor(oci::kMediaConfig, config);
  manifest.layers = {layer_descriptor};
  std::string manifest_text = oci::to_json(manifest);
  oci::Index index;
  index.manifests = {descriptor(oci::kMediaManifest, manifest_text)};
  // The first is OCI's (skopeo, podman), the second containerd's and Docker's.
  index.manifests[0].annotations = {{"org.opencontainers.image.ref.name", "1"},
                                    {"io.containerd.image.name", std::string(kName)}};
  Tree tree;
  tree.directory("blobs");
  tree.directory("blobs/sha256");
  for (const std::string& blob : std::set<std::string>{layer, config, manifest_text})
    tree.file(fmt::format("blobs/sha256/{}", hash::sha256(blob).hex()), blob);
  tree.file("index.json", oci::to_json(index));
  tree.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  return pack(tree);
}

Result<void> make(const std::string& busybox_path, const std::string& applets_path,
                  const std::string& output) {
  SUIT_LET(std::string busybox, os::read_file(busybox_path));
  SUIT_LET(std::string applets, os::read_file(applets_path));
  SUIT_LET(std::string architecture, architecture_of(busybox));
  SUIT_TRY(check_static(busybox));
  Tree root;
  add_system_files(root);
  root.file("bin/busybox", busybox, 0755);
  add_applets(root, applets);
  std::sort(root.entries.begin(), root.entries.end(),
            [](const auto& a, const auto& b) { return a.first.path < b.first.path; });
  SUIT_LET(std::string layer, pack(root));
  SUIT_LET(std::string image, archive(layer, architecture));
  return os::replace_file(output, image, 0644);
}

}  // namespace
}  // namespace suit

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: base_image BUSYBOX APPLETS OUTPUT\n", stderr);
    return 2;
  }
  suit::Result<void> made = suit::make(argv[1], argv[2], argv[3]);
  if (made) return 0;
  fmt::print(stderr, "base_image: {}\n", made.error().message());
  if (!made.error().hint().empty()) fmt::print(stderr, "  {}\n", made.error().hint());
  return 1;
}
