/// \file
/// Words from a command to a container's monitor: empty files in the container's directory. The
/// monitor looks when the program has ended, and may be asleep or dead until then.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "base/result.h"
#include "os/file.h"

namespace suit::engine {

enum class Mark {
  Stopped,  ///< somebody asked for the end: no restart until it is started by hand
  Kept,     ///< it is not to be removed at this end, although it was created so
};

inline std::string mark_path(const std::string& container_dir, Mark mark) {
  return container_dir + (mark == Mark::Stopped ? "/stopped" : "/kept");
}

inline Result<void> set_mark(const std::string& container_dir, Mark mark) {
  SUIT_LET([[maybe_unused]] os::Fd file,
           os::open_at(os::FdRef::cwd(), mark_path(container_dir, mark),
                       O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
  return {};
}

inline bool has_mark(const std::string& container_dir, Mark mark) {
  return os::exists(mark_path(container_dir, mark));
}

inline Result<void> clear_mark(const std::string& container_dir, Mark mark) {
  std::string path = mark_path(container_dir, mark);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(errno, fmt::format("unlink(\"{}\")", path));
}

}  // namespace suit::engine
