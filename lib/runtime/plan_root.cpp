#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <string>

#include "runtime/plan_root_internal.h"

namespace suit::runtime {
namespace {

// After success of the op at `index`, everything appended since is left out.
void skip_rest_if_ok(Builder& b, std::size_t index) {
  b.op_at(index).skip_ok = static_cast<std::uint8_t>(b.op_count() - index - 1);
}

Op& move_to(Builder& b, std::uint8_t mount, std::uint8_t target) {
  return b.op(Call::move_mount, {Builder::slot(mount), b.text(""), Builder::slot(target),
                                 b.text(""), Builder::number(kBothEmpty)});
}

}  // namespace

Op& open_in_root(Builder& b, std::string_view path, std::uint64_t flags, Symlinks symlinks,
                 std::uint8_t result) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (symlinks == Symlinks::Refuse) how.resolve |= RESOLVE_NO_SYMLINKS;
  Op& op = b.op(Call::openat2, {Builder::slot(kSlotRootfs), b.text(path), b.data(how),
                                Builder::number(sizeof how)});
  op.result = result;
  return op;
}

std::uint8_t make_dirs_in_root(Builder& b, std::string_view path) {
  if (path.empty() || path == "/") return kSlotRootfs;
  std::uint8_t directory = b.named_slot("directory");
  std::size_t first = b.op_count();
  open_in_root(b, path, O_PATH | O_DIRECTORY, Symlinks::Follow, directory).tolerates = kMayBeAbsent;
  std::uint8_t parent = kSlotRootfs;
  for (std::size_t start = 1; start <= path.size();) {
    std::size_t end = std::min(path.find('/', start), path.size());
    b.op(Call::mkdirat,
         {Builder::slot(parent), b.text(path.substr(start, end - start)), Builder::number(0755)})
        .tolerates = kMayExist;
    open_in_root(b, path.substr(0, end), O_PATH | O_DIRECTORY, Symlinks::Follow, directory);
    parent = directory;
    start = end + 1;
  }
  skip_rest_if_ok(b, first);
  return directory;
}

void attach_in_root(Builder& b, const Attachment& a) {
  std::size_t slash = a.destination.rfind('/');
  std::string_view leaf = a.destination.substr(slash + 1);
  std::uint8_t target = b.named_slot("mount point");

  std::size_t first = b.op_count();
  open_in_root(b, a.destination, O_PATH, a.symlinks, target).tolerates = kMayBeAbsent;
  std::uint8_t parent = make_dirs_in_root(b, a.destination.substr(0, slash));
  b.op(Call::mkdirat, {Builder::slot(parent), b.text(leaf), Builder::number(0755)});
  open_in_root(b, a.destination, O_PATH, a.symlinks, target);
  std::size_t attempt = b.op_count();
  if (a.may_be_file) {
    // Only the kernel knows whether the source is a file: it says so when a file is to cover a
    // directory. Then the mount point that we have just made becomes a file.
    move_to(b, a.source, target).tolerates = kMayBeOtherType;
    b.op(Call::unlinkat, {Builder::slot(parent), b.text(leaf), Builder::number(AT_REMOVEDIR)});
    b.op(Call::mknodat, {Builder::slot(parent), b.text(leaf), Builder::number(S_IFREG | 0644),
                         Builder::number(0)});
    open_in_root(b, a.destination, O_PATH, a.symlinks, target);
  }
  skip_rest_if_ok(b, first);
  move_to(b, a.source, target);
  if (a.may_be_file) skip_rest_if_ok(b, attempt);
}

}  // namespace suit::runtime
