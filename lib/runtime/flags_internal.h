/// \file
/// Names of flags, for `render`.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace suit::runtime {

struct FlagName {
  std::uint64_t value;
  std::string_view name;
};

/// The families of names that arguments are shown with.
enum class Family {
  Open,
  Resolve,
  MountAttribute,
  OpenTree,
  MoveMount,
  Mount,
  Umount,
  Clone,
  Namespace,
  At,
  Memfd,
  FsConfig,
  FcntlCommand,
  Seal,
  Prctl,
  Mode,
  Socket,
  CloseRange,
  MaskHow,
  FsOpen,
  FsMount,
  Pipe,
  Ioctl,
  Signal,
  Access,
  AccessFlags,
  IoPriorityWho,
  Keyctl,
  Personality,
  SocketFamily,
  SeccompOperation,
  SeccompFlag,
  BpfCommand,
};

/// `O_PATH|O_CLOEXEC`; unknown bits in hexadecimal; \p zero when no bit is set.
std::string flags_text(Family family, std::uint64_t value, std::string_view zero = "0");
/// The name of one value, or the number.
std::string value_text(Family family, std::uint64_t value);

}  // namespace suit::runtime
