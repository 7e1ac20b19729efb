/// \file
/// Writes selected files into an image's file system: the doing half of COPY, ADD and WORKDIR.
///
/// The destination is the whole root file system (an overlay), so paths that cross symlinks of
/// lower layers (`/lib -> usr/lib`) end where a program in the container would find them.
/// \source BuildKit's rules, found by its tests: new directories on the way are 0755 and root's, or
/// take `--chown` and `--chmod`; an existing directory named as destination keeps its attributes.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "build/tree.h"
#include "dockerfile/instruction.h"
#include "os/root.h"

namespace suit::build {

struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// `--chmod`: an octal number or a symbolic change such as `u=rwX,go=rX`.
class ModeChange {
 public:
  /// \errors 0 as BuildKit words it: `invalid chmod parameter: '10000'. it should be octal string
  /// and between 0 and 07777`
  static Result<ModeChange> parse(std::string_view text);
  mode_t apply(mode_t mode, bool is_directory) const;

 private:
  struct Clause {
    mode_t who = 0;  ///< mask of the bits of u, g, o
    char op = '=';
    mode_t bits = 0;          ///< permissions for all three classes
    bool execute_if = false;  ///< `X`: execute, only if a directory or executable already
    mode_t special = 0;       ///< setuid, setgid, sticky
  };
  std::optional<mode_t> absolute_;
  std::vector<Clause> clauses_;
};

struct CopyOptions {
  std::string destination;  ///< absolute; a trailing `/` says that it is a directory
  std::optional<Owner> owner = std::nullopt;
  std::optional<ModeChange> mode = std::nullopt;
  bool several = false;        ///< more than one source: the destination is a directory
  bool squash_owners = false;  ///< a user namespace with one id: owners it cannot name are dropped
};

/// Where \p path leads in \p root when every symlink on it is followed, and `..` stays inside. What
/// does not exist yet is kept as written. Absolute, no trailing slash but for `/` itself.
Result<std::string> resolve_in(const os::Root& root, std::string_view path);

/// Creates \p path and its missing parents; what is there already keeps its attributes.
Result<void> make_directories(const os::Root& root, std::string_view path,
                              const CopyOptions& options);

/// Copies what was selected.
/// \errors `cannot copy to non-directory: /x`; those of the kernel with the path in the image
Result<void> copy_into(const os::Root& source, const std::vector<Match>& matches,
                       const os::Root& destination, const CopyOptions& options);

/// Writes files whose content is at hand, mode 0644.
Result<void> write_into(const std::vector<dockerfile::InlineFile>& files,
                        const os::Root& destination, const CopyOptions& options);

}  // namespace suit::build
