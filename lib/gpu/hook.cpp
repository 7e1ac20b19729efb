#include "gpu/hook.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"
#include "gpu/elf.h"
#include "gpu/probe_internal.h"
#include "gpu/require.h"
#include "gpu/view_internal.h"
#include "oci/json.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/process.h"

namespace suit::gpu {
namespace {

constexpr std::string_view kNoteSection = ".note.cuda.fwd_compatibility";

// Values of `--name value` and `--name=value`, in their order.
Result<std::vector<std::pair<std::string, std::string>>> read_flags(
    const std::vector<std::string>& words, std::initializer_list<std::string_view> known) {
  const std::vector<std::string_view> names(known);
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    const std::string flag = words[i].substr(0, equals);
    const std::string name = flag.starts_with("--") ? flag.substr(2) : "";
    if (std::ranges::find(names, name) == names.end())
      return fail(0,
                  fmt::format("{}: unknown flag {}{}", words[0], flag, did_you_mean(name, names)));
    if (equals == std::string::npos && i + 1 == words.size())
      return fail(0, fmt::format("{}: {} needs a value", words[0], flag));
    out.emplace_back(name, equals == std::string::npos ? words[++i] : words[i].substr(equals + 1));
  }
  return out;
}

Result<void> create_symlinks(const std::vector<std::string>& words, const os::Root& root) {
  SUIT_LET(const auto flags, read_flags(words, {"link"}));
  for (const auto& [name, value] : flags) {
    const std::size_t cut = value.find("::");
    if (cut == std::string::npos || cut == 0 || value[value.size() - 1] == '/')
      return fail(0, fmt::format("invalid link \"{}\"", value), "it is TARGET::PATH");
    SUIT_TRY(make_link(root, value.substr(cut + 2), value.substr(0, cut)));
  }
  return {};
}

Result<void> write_in_root(const os::Root& root, const std::string& path, std::string_view text) {
  SUIT_LET(const os::Fd dir, root.make_dirs(dir_name(path)));
  // O_PATH descriptors hold no directory for openat(2)'s O_CREAT; its own path does.
  SUIT_LET(const os::Fd opened, os::open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  return os::replace_file(opened, base_name(path), text, 0644);
}

Result<void> run_ldconfig(const os::Root& root) {
  // -r changes the root first, so that whatever the image's ld.so.conf says stays in there. The
  // path is a descriptor's: nobody can put another directory in its place meanwhile.
  const std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), root.fd().raw());
  for (const char* program : {"/sbin/ldconfig.real", "/sbin/ldconfig"}) {
    if (!os::exists(program)) continue;
    SUIT_LET(const os::Captured run, os::run_and_capture({program, "-r", path, "-X"}));
    if (run.status.shell_code() == 0) return {};
    return fail(0, fmt::format("{} -r: exit {}: {}", program, run.status.shell_code(), run.err));
  }
  return fail(ENOENT, "ldconfig", "install libc-bin");
}

Result<void> update_ldcache(const std::vector<std::string>& words, const os::Root& root) {
  SUIT_LET(const auto flags, read_flags(words, {"folder"}));
  const View image(root);
  // An image without a loader's cache has no glibc: there is nothing to update.
  if (!image.has("/etc/ld.so.cache")) return {};
  std::string folders;
  for (const auto& [name, folder] : flags) {
    if (!folder.starts_with('/') || folder.find('\n') != std::string::npos)
      return fail(0, fmt::format("invalid folder \"{}\"", folder), "an absolute path");
    folders += folder + "\n";
  }
  if (!folders.empty())
    SUIT_TRY(write_in_root(root, "/etc/ld.so.conf.d/00-suit-driver.conf", folders));
  return run_ldconfig(root);
}

Result<void> enable_cuda_compat(const std::vector<std::string>& words, const os::Root& root) {
  SUIT_LET(const auto flags, read_flags(words, {"host-driver-version"}));
  const std::string host = flags.empty() ? "" : flags.back().second;
  const std::string dir = "/usr/local/cuda/compat";
  for (const std::string& name : View(root).names(dir)) {
    const std::string version(version_in(name, "libcuda.so."));
    if (version.empty() || host.empty()) continue;
    SUIT_LET(const os::Fd file, root.open_in(dir + "/" + name, O_RDONLY | O_NONBLOCK));
    const std::string note =
        read_elf_section(file, std::string(kNoteSection), 1U << 16).value_or("");
    if (compat_fits(note, version, host))
      return write_in_root(root, "/etc/ld.so.conf.d/00-compat-suit.conf", dir + "\n");
  }
  return {};
}

// A file of our own over the driver's parameters: its text says that no nodes are to be made.
Result<void> disable_node_modification(const std::vector<std::string>& words,
                                       const os::Root& root) {
  SUIT_LET([[maybe_unused]] const auto flags, read_flags(words, {}));
  constexpr const char* kPath = "/proc/driver/nvidia/params";
  auto params = root.read(kPath, 1U << 16);
  if (!params && params.error().code() == ENOENT) return {};
  if (!params) return std::unexpected(std::move(params).error());
  SUIT_LET(const os::Fd target, root.open_in(kPath, O_PATH | O_NOFOLLOW));
  SUIT_LET(os::Filesystem memory, os::Filesystem::fsopen("tmpfs"));
  SUIT_TRY(memory.create());
  SUIT_LET(const os::Fd mount,
           memory.fsmount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  SUIT_TRY(os::replace_file(mount, "params", params_for_container(*params), 0444));
  SUIT_LET(const os::Fd file, os::open_tree(mount, "params", OPEN_TREE_CLONE));
  return os::move_mount(file, target, "");
}

Result<void> change_mode(const std::vector<std::string>& words, const os::Root& root) {
  SUIT_LET(const auto flags, read_flags(words, {"mode", "path"}));
  std::optional<unsigned> mode;
  std::vector<std::string> paths;
  for (const auto& [name, value] : flags) {
    if (name == "path") {
      paths.push_back(value);
      continue;
    }
    unsigned number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number, 8);
    if (code != std::errc() || end != value.data() + value.size() || number > 07777)
      return fail(0, fmt::format("chmod: \"{}\" is no mode", value), "as in 755");
    mode = number;
  }
  if (!mode || paths.empty()) return fail(0, "chmod: --mode and --path are needed");
  for (const std::string& path : paths) {
    auto opened = root.open_in(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!opened && opened.error().code() == ENOENT) continue;
    if (!opened) return std::unexpected(std::move(opened).error());
    if (::fchmod(opened->raw(), *mode) != 0)
      return fail(errno, fmt::format("fchmod(\"{}\", {:o})", path, *mode));
  }
  return {};
}

struct Verb {
  std::string_view name;
  Result<void> (*run)(const std::vector<std::string>& words, const os::Root& root);
};
constexpr std::array<Verb, 5> kVerbs = {
    {{"create-symlinks", create_symlinks},
     {"update-ldcache", update_ldcache},
     {"enable-cuda-compat", enable_cuda_compat},
     {"disable-device-node-modification", disable_node_modification},
     {"chmod", change_mode}}};

}  // namespace

std::vector<std::string> vendor_words(const CdiHook& hook) {
  for (std::size_t i = 1; i < hook.args.size(); ++i) {
    const std::string& word = hook.args[i];
    if (std::ranges::find(kVerbs, word, &Verb::name) != kVerbs.end())
      return {hook.args.begin() + static_cast<std::ptrdiff_t>(i), hook.args.end()};
    if (word != "hook" && word != "cdi") break;  // `nvidia-ctk hook VERB`, `suit cdi hook VERB`
  }
  return {};
}

Result<void> make_link(const os::Root& root, const std::string& path, const std::string& target) {
  SUIT_LET(const os::Fd dir, root.make_dirs(dir_name(path)));
  const std::string name = base_name(path);
  if (::symlinkat(target.c_str(), dir.raw(), name.c_str()) == 0) return {};
  if (errno != EEXIST) return fail(errno, fmt::format("symlink \"{}\"", path));
  if (auto old = os::read_link(dir, name); old && *old == target) return {};
  if (::unlinkat(dir.raw(), name.c_str(), 0) != 0 ||
      ::symlinkat(target.c_str(), dir.raw(), name.c_str()) != 0)
    return fail(errno, fmt::format("symlink \"{}\"", path));
  return {};
}

bool compat_fits(const std::string& note, const std::string& compat_version,
                 const std::string& host_version) {
  if (compare_versions(compat_version, host_version) <= 0) return false;
  // A note: three numbers, the owner's name, then JSON.
  const std::size_t begin = note.find('{');
  const std::size_t end = note.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    const auto major = [](const std::string& version) {
      return version.substr(0, version.find('.'));
    };
    return compare_versions(major(compat_version), major(host_version)) > 0;
  }
  const auto json = oci::parse_json(std::string_view(note).substr(begin, end - begin + 1));
  const oci::Json* drivers = json ? json->find("Driver") : nullptr;
  const auto* list = drivers ? drivers->as_array() : nullptr;
  return list && std::ranges::any_of(*list, [&](const oci::Json& driver) {
           const std::string major = driver.as_string() ? *driver.as_string() : driver.dump();
           return host_version.starts_with(major + ".");
         });
}

Result<os::Root> root_of_state(const std::string& state) {
  SUIT_LET(const oci::Json document, oci::parse_json(state));
  const std::string bundle = document.string_or("bundle");
  if (bundle.empty()) return fail(0, "the container's state on stdin names no bundle");
  SUIT_LET(const std::string text, os::read_file(bundle + "/config.json", 4U << 20));
  SUIT_LET(const oci::Json config, oci::parse_json(text));
  const oci::Json* root = config.find("root");
  const std::string path = root ? root->string_or("path") : "";
  if (path.empty()) return fail(0, fmt::format("{}/config.json: /root/path: is required", bundle));
  return os::Root::open(path.starts_with('/') ? path : bundle + "/" + path);
}

Result<void> run_hook(const std::vector<std::string>& words, const os::Root& root) {
  std::vector<std::string_view> names;
  for (const Verb& verb : kVerbs) {
    names.push_back(verb.name);
    if (!words.empty() && words[0] == verb.name) return verb.run(words, root);
  }
  const std::string word = words.empty() ? "" : words[0];
  return fail(0, fmt::format("unknown hook \"{}\"{}", word, did_you_mean(word, names)),
              fmt::format("there are {}", fmt::join(names, ", ")));
}

}  // namespace suit::gpu
