#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "os/file.h"
#include "os/process.h"
#include "os/raw.h"
#include "os/root.h"
#include "runtime/prepare_internal.h"

namespace suit::runtime {
namespace {

constexpr int kMaxDepth = 128;  // directories: a descriptor each

Result<void> write_map(pid_t pid, std::string_view name, const std::vector<oci::IdMapping>& maps) {
  std::string text;
  for (const oci::IdMapping& map : maps)
    text += fmt::format("{} {} {}\n", map.container_id, map.host_id, map.size);
  return os::write_file(fmt::format("/proc/{}/{}", pid, name), text);
}

// Copies one directory's entries. Names come from the image; each is opened without following.
class TreeCopy {
 public:
  Result<void> directory(const os::Fd& from, const os::Fd& to, int depth) {
    if (depth > kMaxDepth) return fail(ELOOP, "more than 128 directories deep");
    SUIT_LET(std::vector<std::string> names, os::list_dir(from, "."));
    for (const std::string& name : names) {
      auto copied = entry(from, to, name, depth);
      if (!copied) return wrap(std::move(copied).error(), name);
    }
    return {};
  }

  static Result<void> attributes(const os::Fd& to, const struct stat& info) {
    if (::fchown(to.raw(), info.st_uid, info.st_gid) != 0) return fail(errno, "fchown()");
    if (::fchmod(to.raw(), info.st_mode & 07777U) != 0) return fail(errno, "fchmod()");
    timespec times[2] = {info.st_atim, info.st_mtim};
    if (::futimens(to.raw(), times) != 0) return fail(errno, "futimens()");
    return {};
  }

 private:
  Result<void> entry(const os::Fd& from, const os::Fd& to, const std::string& name, int depth) {
    SUIT_LET(struct stat info, os::stat_at(from, name));
    if (S_ISLNK(info.st_mode)) {
      SUIT_LET(std::string target, os::read_link(from, name));
      if (::symlinkat(target.c_str(), to.raw(), name.c_str()) != 0)
        return fail(errno, "symlinkat()");
      return owner(to, name, info);
    }
    if (S_ISDIR(info.st_mode)) {
      if (::mkdirat(to.raw(), name.c_str(), 0700) != 0) return fail(errno, "mkdirat()");
      constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
      SUIT_LET(os::Fd inner, os::open_at(from, name, kFlags));
      SUIT_LET(os::Fd copy, os::open_at(to, name, kFlags));
      SUIT_TRY(directory(inner, copy, depth + 1));
      return attributes(copy, info);
    }
    if (S_ISREG(info.st_mode)) return file(from, to, name, info);
    if (::mknodat(to.raw(), name.c_str(), info.st_mode, info.st_rdev) != 0)
      return fail(errno, "mknodat()");
    return owner(to, name, info);
  }

  static Result<void> owner(const os::Fd& to, const std::string& name, const struct stat& info) {
    if (::fchownat(to.raw(), name.c_str(), info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
      return fail(errno, "fchownat()");
    return {};
  }

  static Result<void> file(const os::Fd& from, const os::Fd& to, const std::string& name,
                           const struct stat& info) {
    SUIT_LET(os::Fd in, os::open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    SUIT_LET(os::Fd out, os::open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    constexpr std::size_t kPart = 1U << 30;  // bytes a call: sendfile(2) stops below 2 GiB
    while (true) {
      ssize_t moved = ::sendfile(out.raw(), in.raw(), nullptr, kPart);
      if (moved == 0) break;
      if (moved < 0 && errno != EINTR) return fail(errno, "sendfile()");
    }
    return attributes(out, info);
  }
};

}  // namespace

Result<os::Fd> make_user_namespace(const std::vector<oci::IdMapping>& uids,
                                   const std::vector<oci::IdMapping>& gids) {
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_NEWUSER | CLONE_PIDFD;
  args.exit_signal = SIGCHLD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  pid_t pid = os::raw::clone3(&args);
  if (pid < 0) return fail(-pid, "clone3(CLONE_NEWUSER) for an id-mapped mount");
  if (pid == 0) {
    // It is there only for its namespace, until it is killed.
    while (true)
      ::pause();
  }
  os::Fd child(pidfd);
  auto made = [&]() -> Result<os::Fd> {
    SUIT_TRY(write_map(pid, "uid_map", uids));
    SUIT_TRY(write_map(pid, "gid_map", gids));
    return os::open_at(os::FdRef::cwd(), fmt::format("/proc/{}/ns/user", pid), O_RDONLY);
  }();
  os::raw::pidfd_send_signal(child.raw(), SIGKILL);
  SUIT_LET(os::WaitStatus ended, os::wait_pidfd(child));
  (void)ended;
  return made;
}

Result<void> copy_up(os::FdRef rootfs, const std::string& path, int target) {
  auto context = [&](Error error) {
    return wrap(std::move(error), fmt::format("copy {} of the image into its tmpfs", path));
  };
  int copy = ::fcntl(rootfs.raw(), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail(errno, "fcntl(rootfs, F_DUPFD_CLOEXEC)");
  os::Root root{os::Fd(copy)};
  auto from = root.open_in(path, O_RDONLY | O_DIRECTORY);
  if (!from && (from.error().code() == ENOENT || from.error().code() == ENOTDIR)) return {};
  if (!from) return context(std::move(from).error());
  // A mount's descriptor is a path only: the copy wants one to read and write by.
  int opened = ::openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return context(Error(errno, "openat(\".\")"));
  os::Fd to(opened);
  auto done = TreeCopy().directory(*from, to, 0);
  if (!done) return context(std::move(done).error());
  return {};
}

}  // namespace suit::runtime
