/// \file
/// Chapter 2: a root of its own, furnished.
///
///     02-root [--without STEP]... [--bind HOST:PLACE[:ro]]... [--read-only] [--chroot] [--escape]
///             ROOT PROGRAM [ARGUMENT...]
///
/// `--chroot` takes the old way, `--escape` tries to get out. Needs root. \see tutorials/02-root.md

#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "chapter.h"
#include "os/root.h"

namespace {
using suit::Result;
using suit::chapter::Arguments;
using suit::chapter::kernel;
namespace os = suit::os;
constexpr unsigned kCopy = OPEN_TREE_CLONE | AT_RECURSIVE;
constexpr unsigned kDevices = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
constexpr unsigned kHarmless = kDevices | MOUNT_ATTR_NODEV;

//> new
using Options = std::map<std::string, std::string>;

// A new file system, attached nowhere yet.
Result<os::Fd> make(const char* type, const Options& options, unsigned attributes) {
  SUIT_LET(os::Filesystem made, os::Filesystem::fsopen(type));
  for (const auto& [key, value] : options)
    SUIT_TRY(made.set(key, value));
  SUIT_TRY(made.create());
  return made.fsmount(attributes);
}
//< new
//> attach
Result<void> attach(const Arguments& container, const os::Fd& mount, const std::string& place) {
  const std::string path = fmt::format("{}/{}", container.words[0], place);
  SUIT_LET(const os::Root root, os::Root::open(container.words[0]));
  SUIT_LET(const os::Fd target, container.without.contains("inside")
                                    ? os::open_at(os::FdRef::cwd(), path, O_PATH)
                                    : root.open_in(place, O_PATH));
  return os::move_mount(mount, target, "");
}
//< attach
//> dev
Result<void> make_dev(const Arguments& container) {
  SUIT_LET(const os::Fd dev, make("tmpfs", {{"mode", "755"}, {"size", "64k"}}, kDevices));
  ::umask(0);
  const std::map<const char*, dev_t> nodes = {{"null", makedev(1, 3)},    {"zero", makedev(1, 5)},
                                              {"full", makedev(1, 7)},    {"random", makedev(1, 8)},
                                              {"urandom", makedev(1, 9)}, {"tty", makedev(5, 0)}};
  for (const auto& [name, number] : nodes)
    SUIT_TRY(kernel(os::raw::call(SYS_mknodat, dev.raw(), name, S_IFCHR | 0666, number), name));
  const std::map<const char*, const char*> links = {{"/proc/self/fd", "fd"},
                                                    {"/proc/self/fd/0", "stdin"},
                                                    {"/proc/self/fd/1", "stdout"},
                                                    {"/proc/self/fd/2", "stderr"},
                                                    {"pts/ptmx", "ptmx"}};
  for (const auto& [to, name] : links)
    SUIT_TRY(kernel(os::raw::call(SYS_symlinkat, to, dev.raw(), name), name));
  for (const char* name : {"pts", "shm"})
    SUIT_TRY(kernel(os::raw::call(SYS_mkdirat, dev.raw(), name, 0755), name));
  ::umask(022);
  SUIT_TRY(attach(container, dev, "dev"));
  SUIT_LET(const os::Fd pts, make("devpts", {{"ptmxmode", "0666"}, {"mode", "0620"}}, kDevices));
  SUIT_TRY(attach(container, pts, "dev/pts"));
  SUIT_LET(const os::Fd shm, make("tmpfs", {{"mode", "1777"}}, kHarmless));
  return attach(container, shm, "dev/shm");
}
//< dev
//> kernel
Result<void> mount_kernel(const Arguments& container) {
  SUIT_LET(const os::Fd proc, make("proc", {}, kHarmless));
  SUIT_TRY(attach(container, proc, "proc"));
  SUIT_LET(const os::Fd sys, make("sysfs", {}, kHarmless | MOUNT_ATTR_RDONLY));
  SUIT_TRY(attach(container, sys, "sys"));
  SUIT_LET(const os::Fd tmp, make("tmpfs", {{"mode", "1777"}, {"size", "1m"}}, 0));
  return attach(container, tmp, "tmp");
}
//< kernel
//> bind
Result<void> bind(const Arguments& container) {
  for (const std::string& text : container.all("--bind")) {
    const std::size_t colon = text.find(':');
    std::string place = text.substr(colon + 1);
    const bool read_only = place.ends_with(":ro");
    if (read_only) place.resize(place.size() - 3);
    SUIT_LET(const os::Fd tree, os::open_tree(os::FdRef::cwd(), text.substr(0, colon), kCopy));
    struct mount_attr attributes{};
    attributes.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0;
    SUIT_TRY(os::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes));
    SUIT_TRY(attach(container, tree, place));
  }
  return {};
}
//< bind
//> readonly
Result<void> make_read_only(const Arguments& container) {
  if (!container.has("--read-only")) return {};
  struct mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return os::mount_setattr(os::FdRef::cwd(), container.words[0], 0, attributes);
}
//< readonly
//> pivot
Result<void> change_root(const Arguments& container) {
  SUIT_TRY(kernel(os::raw::call(SYS_chdir, container.words[0]), "chdir to the root"));
  if (container.has("--chroot")) return kernel(os::raw::call(SYS_chroot, "."), "chroot(\".\")");
  SUIT_TRY(kernel(os::raw::pivot_root(".", "."), "pivot_root(\".\", \".\")"));
  SUIT_TRY(os::umount2(".", MNT_DETACH));
  return kernel(os::raw::call(SYS_chdir, "/"), "chdir(\"/\")");
}
//< pivot
//> escape
// What a hostile program with root's power would do.
Result<void> escape(const Arguments& container) {
  if (!container.has("--escape")) return {};
  SUIT_TRY(kernel(os::raw::call(SYS_chroot, "proc"), "chroot(\"proc\")"));
  for (int i = 0; i < 64; ++i)
    SUIT_TRY(kernel(os::raw::call(SYS_chdir, ".."), "chdir(\"..\")"));
  return kernel(os::raw::call(SYS_chroot, "."), "chroot(\".\")");
}
//< escape
//> steps
using suit::chapter::Step;
constexpr Step kSteps[] = {{"root", suit::chapter::make_root_a_mount},
                           {"dev", make_dev},
                           {"kernel", mount_kernel},
                           {"bind", bind},
                           {"readonly", make_read_only},
                           {"pivot", change_root},
                           {"escape", escape},
                           {"exec", suit::chapter::execute<1>}};
//< steps
Result<int> run(int argc, char** argv) {
  SUIT_LET(const Arguments container,
           suit::chapter::parse(argc, argv, {"--read-only", "--chroot", "--escape"}, {"--bind"}));
  if (container.words.size() < 3)
    return suit::fail(0, "usage: 02-root [OPTION]... ROOT PROGRAM...");
  SUIT_LET(const pid_t pid, suit::chapter::clone(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS |
                                                 CLONE_NEWIPC | CLONE_NEWNET));
  if (pid == 0) suit::chapter::walk("02-root", kSteps, container);
  return suit::chapter::wait(pid);
}
}  // namespace

int main(int argc, char** argv) { return suit::chapter::finish("02-root", run(argc, argv)); }
