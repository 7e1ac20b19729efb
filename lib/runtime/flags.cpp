#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "runtime/flags_internal.h"

namespace suit::runtime {
namespace {

// Longer masks first where one name covers the bits of another.
constexpr FlagName kOpen[] = {{O_WRONLY, "O_WRONLY"},       {O_RDWR, "O_RDWR"},
                              {O_CREAT, "O_CREAT"},         {O_EXCL, "O_EXCL"},
                              {O_NOCTTY, "O_NOCTTY"},       {O_NONBLOCK, "O_NONBLOCK"},
                              {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"},
                              {O_CLOEXEC, "O_CLOEXEC"},     {O_PATH, "O_PATH"}};
constexpr FlagName kResolve[] = {{RESOLVE_NO_XDEV, "RESOLVE_NO_XDEV"},
                                 {RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS"},
                                 {RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS"},
                                 {RESOLVE_BENEATH, "RESOLVE_BENEATH"},
                                 {RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT"}};
constexpr FlagName kMountAttribute[] = {{MOUNT_ATTR_RDONLY, "MOUNT_ATTR_RDONLY"},
                                        {MOUNT_ATTR_NOSUID, "MOUNT_ATTR_NOSUID"},
                                        {MOUNT_ATTR_NODEV, "MOUNT_ATTR_NODEV"},
                                        {MOUNT_ATTR_NOEXEC, "MOUNT_ATTR_NOEXEC"},
                                        {MOUNT_ATTR__ATIME, "MOUNT_ATTR__ATIME"},
                                        {MOUNT_ATTR_NOATIME, "MOUNT_ATTR_NOATIME"},
                                        {MOUNT_ATTR_STRICTATIME, "MOUNT_ATTR_STRICTATIME"},
                                        {MOUNT_ATTR_NODIRATIME, "MOUNT_ATTR_NODIRATIME"},
                                        {MOUNT_ATTR_NOSYMFOLLOW, "MOUNT_ATTR_NOSYMFOLLOW"},
                                        {MOUNT_ATTR_IDMAP, "MOUNT_ATTR_IDMAP"}};
constexpr FlagName kOpenTree[] = {{OPEN_TREE_CLONE, "OPEN_TREE_CLONE"},
                                  {OPEN_TREE_CLOEXEC, "OPEN_TREE_CLOEXEC"},
                                  {AT_EMPTY_PATH, "AT_EMPTY_PATH"},
                                  {AT_RECURSIVE, "AT_RECURSIVE"}};
constexpr FlagName kMoveMount[] = {{MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"},
                                   {MOVE_MOUNT_T_EMPTY_PATH, "MOVE_MOUNT_T_EMPTY_PATH"}};
constexpr FlagName kMount[] = {{MS_REC, "MS_REC"},
                               {MS_UNBINDABLE, "MS_UNBINDABLE"},
                               {MS_PRIVATE, "MS_PRIVATE"},
                               {MS_SLAVE, "MS_SLAVE"},
                               {MS_SHARED, "MS_SHARED"}};
constexpr FlagName kUmount[] = {{MNT_DETACH, "MNT_DETACH"}};
constexpr FlagName kClone[] = {
    {CLONE_VM, "CLONE_VM"},           {CLONE_PIDFD, "CLONE_PIDFD"},
    {CLONE_VFORK, "CLONE_VFORK"},     {CLONE_NEWTIME, "CLONE_NEWTIME"},
    {CLONE_NEWNS, "CLONE_NEWNS"},     {CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
    {CLONE_NEWUTS, "CLONE_NEWUTS"},   {CLONE_NEWIPC, "CLONE_NEWIPC"},
    {CLONE_NEWUSER, "CLONE_NEWUSER"}, {CLONE_NEWPID, "CLONE_NEWPID"},
    {CLONE_NEWNET, "CLONE_NEWNET"},   {CLONE_INTO_CGROUP, "CLONE_INTO_CGROUP"}};
constexpr FlagName kAt[] = {{AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
                            {AT_EMPTY_PATH, "AT_EMPTY_PATH"},
                            {AT_REMOVEDIR, "AT_REMOVEDIR"},
                            {AT_RECURSIVE, "AT_RECURSIVE"}};
constexpr FlagName kMemfd[] = {
    {MFD_CLOEXEC, "MFD_CLOEXEC"}, {MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING"}, {0x10, "MFD_EXEC"}};
constexpr FlagName kFsConfig[] = {{FSCONFIG_SET_FLAG, "FSCONFIG_SET_FLAG"},
                                  {FSCONFIG_SET_STRING, "FSCONFIG_SET_STRING"},
                                  {FSCONFIG_SET_FD, "FSCONFIG_SET_FD"},
                                  {FSCONFIG_CMD_CREATE, "FSCONFIG_CMD_CREATE"}};
constexpr FlagName kFcntl[] = {{F_SETFD, "F_SETFD"}, {F_ADD_SEALS, "F_ADD_SEALS"}};
constexpr FlagName kSeal[] = {{F_SEAL_SEAL, "F_SEAL_SEAL"},
                              {F_SEAL_SHRINK, "F_SEAL_SHRINK"},
                              {F_SEAL_GROW, "F_SEAL_GROW"},
                              {F_SEAL_WRITE, "F_SEAL_WRITE"}};
constexpr FlagName kPrctl[] = {
    {PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},       {PR_SET_DUMPABLE, "PR_SET_DUMPABLE"},
    {PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"},         {PR_CAPBSET_DROP, "PR_CAPBSET_DROP"},
    {PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"}, {PR_CAP_AMBIENT, "PR_CAP_AMBIENT"}};
constexpr FlagName kMode[] = {
    {S_IFCHR, "S_IFCHR"}, {S_IFBLK, "S_IFBLK"}, {S_IFREG, "S_IFREG"}, {S_IFIFO, "S_IFIFO"}};
constexpr FlagName kSocket[] = {
    {SOCK_STREAM, "SOCK_STREAM"}, {SOCK_DGRAM, "SOCK_DGRAM"}, {SOCK_CLOEXEC, "SOCK_CLOEXEC"}};
constexpr FlagName kSocketFamily[] = {{AF_UNIX, "AF_UNIX"}, {AF_INET, "AF_INET"}};
constexpr FlagName kAccess[] = {{X_OK, "X_OK"}};
constexpr FlagName kAccessFlags[] = {{AT_EACCESS, "AT_EACCESS"}};
constexpr FlagName kIoPriorityWho[] = {{1, "IOPRIO_WHO_PROCESS"}};
constexpr FlagName kKeyctl[] = {{KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"}};
constexpr FlagName kPersonality[] = {{PER_LINUX, "PER_LINUX"}, {PER_LINUX32, "PER_LINUX32"}};
constexpr FlagName kCloseRange[] = {{CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC"}};
constexpr FlagName kMaskHow[] = {
    {SIG_BLOCK, "SIG_BLOCK"}, {SIG_UNBLOCK, "SIG_UNBLOCK"}, {SIG_SETMASK, "SIG_SETMASK"}};
constexpr FlagName kFsOpen[] = {{FSOPEN_CLOEXEC, "FSOPEN_CLOEXEC"}};
constexpr FlagName kFsMount[] = {{FSMOUNT_CLOEXEC, "FSMOUNT_CLOEXEC"}};
constexpr FlagName kIoctl[] = {{SIOCSIFFLAGS, "SIOCSIFFLAGS"},
                               {TIOCSPTLCK, "TIOCSPTLCK"},
                               {TIOCGPTPEER, "TIOCGPTPEER"},
                               {TIOCSWINSZ, "TIOCSWINSZ"},
                               {TIOCSCTTY, "TIOCSCTTY"}};
constexpr FlagName kSignal[] = {{SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},    {SIGQUIT, "SIGQUIT"},
                                {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"},  {SIGPIPE, "SIGPIPE"},
                                {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"},  {SIGCHLD, "SIGCHLD"},
                                {SIGKILL, "SIGKILL"}, {SIGTSTP, "SIGTSTP"},  {SIGTTIN, "SIGTTIN"},
                                {SIGTTOU, "SIGTTOU"}, {SIGWINCH, "SIGWINCH"}};

constexpr FlagName kSeccompOperation[] = {{SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"}};
constexpr FlagName kSeccompFlag[] = {
    {SECCOMP_FILTER_FLAG_LOG, "SECCOMP_FILTER_FLAG_LOG"},
    {SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"}};
constexpr FlagName kBpfCommand[] = {{BPF_PROG_LOAD, "BPF_PROG_LOAD"},
                                    {BPF_PROG_ATTACH, "BPF_PROG_ATTACH"}};

std::span<const FlagName> names_of(Family family) {
  switch (family) {
    case Family::Open:
    case Family::Pipe:
      return kOpen;
    case Family::Resolve:
      return kResolve;
    case Family::MountAttribute:
      return kMountAttribute;
    case Family::OpenTree:
      return kOpenTree;
    case Family::MoveMount:
      return kMoveMount;
    case Family::Mount:
      return kMount;
    case Family::Umount:
      return kUmount;
    case Family::Clone:
    case Family::Namespace:
      return kClone;
    case Family::At:
      return kAt;
    case Family::Memfd:
      return kMemfd;
    case Family::FsConfig:
      return kFsConfig;
    case Family::FcntlCommand:
      return kFcntl;
    case Family::Seal:
      return kSeal;
    case Family::Prctl:
      return kPrctl;
    case Family::Mode:
      return kMode;
    case Family::Socket:
      return kSocket;
    case Family::CloseRange:
      return kCloseRange;
    case Family::MaskHow:
      return kMaskHow;
    case Family::FsOpen:
      return kFsOpen;
    case Family::FsMount:
      return kFsMount;
    case Family::Ioctl:
      return kIoctl;
    case Family::Signal:
      return kSignal;
    case Family::Access:
      return kAccess;
    case Family::AccessFlags:
      return kAccessFlags;
    case Family::IoPriorityWho:
      return kIoPriorityWho;
    case Family::Keyctl:
      return kKeyctl;
    case Family::Personality:
      return kPersonality;
    case Family::SocketFamily:
      return kSocketFamily;
    case Family::SeccompOperation:
      return kSeccompOperation;
    case Family::SeccompFlag:
      return kSeccompFlag;
    case Family::BpfCommand:
      return kBpfCommand;
  }
  return {};
}

}  // namespace

std::string flags_text(Family family, std::uint64_t value, std::string_view zero) {
  std::string out;
  for (const FlagName& flag : names_of(family)) {
    if (flag.value == 0 || (value & flag.value) != flag.value) continue;
    if (!out.empty()) out += '|';
    out += flag.name;
    value &= ~flag.value;
  }
  if (value != 0) out += fmt::format("{}{:#x}", out.empty() ? "" : "|", value);
  return out.empty() ? std::string(zero) : out;
}

std::string value_text(Family family, std::uint64_t value) {
  for (const FlagName& flag : names_of(family))
    if (flag.value == value) return std::string(flag.name);
  return std::to_string(value);
}

}  // namespace suit::runtime
