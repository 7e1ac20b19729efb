// A terminal for the program: made in the container, handed out to whoever holds it.

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "runtime/builder_internal.h"

namespace suit::runtime {
namespace {

// struct msghdr, iovec and cmsghdr as the kernel has them, with text offsets for addresses.
struct Message {
  std::uint64_t name = 0, name_size = 0, parts, part_count = 1, control, control_size, flags = 0;
  std::uint64_t part, part_size;
  struct {
    std::uint64_t size = CMSG_LEN(sizeof(int));
    std::int32_t level = SOL_SOCKET, type = SCM_RIGHTS;
    std::int32_t descriptor = 0, unused = 0;
  } rights;
};

// Sends descriptor 0. The number stands in the plan; so the master is 0 for that moment.
void plan_send(Builder& b, std::uint8_t master) {
  b.step("tty.send", "/process/terminal");
  b.op(Call::dup3, {Builder::slot(master), Builder::number(0), Builder::number(0)});
  constexpr std::string_view kName = "/dev/ptmx";
  Message message{};
  message.part = static_cast<std::uint64_t>(b.text(kName).word);
  message.part_size = kName.size();
  message.control_size = sizeof message.rights;
  Value at = b.data(message);
  auto base = static_cast<std::uint32_t>(at.word);
  auto point = [&](std::size_t member, std::size_t to) {
    std::uint64_t offset = base + to;
    b.plan().text.replace(base + member, sizeof offset,
                          std::string_view(reinterpret_cast<const char*>(&offset), sizeof offset));
    b.address_at(base + static_cast<std::uint32_t>(member));
  };
  point(offsetof(Message, parts), offsetof(Message, part));
  point(offsetof(Message, control), offsetof(Message, rights));
  b.address_at(base + static_cast<std::uint32_t>(offsetof(Message, part)));
  b.op(Call::sendmsg, {Builder::slot(kSlotConsole), at, Builder::number(0)});
}

// The terminal as /dev/console. By descriptor: /dev/pts/0 of the image may be a symlink
// (CVE-2025-52565).
void plan_console(Builder& b, std::uint8_t peer) {
  b.step("tty.console", "/process/terminal");
  std::uint8_t target = b.new_slot("/dev/console");
  std::uint8_t copy = b.new_slot("console mount");
  b.op(Call::openat, {Builder::number(AT_FDCWD), b.text("/dev/console"),
                      Builder::number(O_PATH | O_NOFOLLOW | O_CLOEXEC), Builder::number(0)})
      .result = target;
  b.op(Call::open_tree, {Builder::slot(peer), b.text(""),
                         Builder::number(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)})
      .result = copy;
  b.op(Call::move_mount, {Builder::slot(copy), b.text(""), Builder::slot(target), b.text(""),
                          Builder::number(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)});
}

}  // namespace

void plan_terminal(Builder& b, const PlanInput& in, bool has_console_node) {
  const oci::Process& process = in.spec.process;
  constexpr int kFlags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  b.step("tty.open", "/process/terminal");
  std::uint8_t master = b.new_slot("terminal master");
  std::uint8_t peer = b.new_slot("terminal");
  b.op(Call::openat, {Builder::number(AT_FDCWD), b.text("/dev/ptmx"), Builder::number(kFlags),
                      Builder::number(0)})
      .result = master;
  b.op(Call::ioctl, {Builder::slot(master), Builder::number(TIOCSPTLCK), b.data(int{0})});
  b.op(Call::ioctl, {Builder::slot(master), Builder::number(TIOCGPTPEER), Builder::number(kFlags)})
      .result = peer;
  if (process.console_size) {
    winsize size{};
    size.ws_row = process.console_size->height;
    size.ws_col = process.console_size->width;
    b.op(Call::ioctl, {Builder::slot(master), Builder::number(TIOCSWINSZ), b.data(size)});
  }
  // Group tty stays, as devpts gave it.
  if (process.user.uid != 0)
    b.op(Call::fchownat, {Builder::slot(peer), b.text(""), Builder::number(process.user.uid),
                          Builder::number(-1), Builder::number(AT_EMPTY_PATH)});
  if (has_console_node) plan_console(b, peer);
  plan_send(b, master);
  b.step("process.stdio", "/process/terminal");
  for (int i = 0; i < 3; ++i)
    b.op(Call::dup3, {Builder::slot(peer), Builder::number(i), Builder::number(0)});
  b.step("process.session", "/process/terminal");
  b.op(Call::setsid, {});
  b.op(Call::ioctl, {Builder::number(0), Builder::number(TIOCSCTTY), Builder::number(0)});
}

}  // namespace suit::runtime
