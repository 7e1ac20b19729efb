/// \file
/// The options of `RUN --mount=type=…`, typed for every type.
///
/// A target may be relative, then it is below WORKDIR; empty, it is WORKDIR itself.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "dockerfile/expand.h"

namespace suit::dockerfile {

/// Who owns what the mount shows, and its mode; nothing when it was not given.
struct MountOwner {
  std::optional<std::uint32_t> mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
};

/// A directory or file of the context, a stage, an image or a named context.
struct BindMount {
  std::string target;
  std::string source;
  std::string from;  ///< empty: the build context
  bool read_only = true;
};

/// How builds that run at the same time use one cache directory.
enum class CacheSharing { Shared, Private, Locked };

/// A directory that outlives the build and is in no layer.
struct CacheMount {
  std::string target;
  std::string id;  ///< empty: the cleaned target
  std::string source;
  std::string from;
  CacheSharing sharing = CacheSharing::Shared;
  bool read_only = false;
  MountOwner owner;
};

/// An empty directory in memory.
struct TmpfsMount {
  std::string target;
  std::uint64_t size_bytes = 0;  ///< 0: the kernel's default
};

/// A secret, as a file or an environment variable.
struct SecretMount {
  std::string id;      ///< never empty
  std::string target;  ///< empty: `/run/secrets/<id>`, or no file at all when `env` is set
  std::string env;     ///< name of the variable; empty: none
  bool required = false;
  MountOwner owner;
};

/// A socket to the user's ssh agent.
struct SshMount {
  std::string target;
  std::string id;  ///< `default` when it was not given
  bool required = false;
  MountOwner owner;
};

/// Any of them.
using Mount = std::variant<BindMount, CacheMount, TmpfsMount, SecretMount, SshMount>;

/// Reads the options after `--mount=`; variables in values (but not in `from`) come from \p lookup.
/// \shape comma-separated `key=value`, fields in double quotes as in CSV
Result<Mount> parse_mount(std::string_view options, char escape, const Lookup& lookup);

/// Checks what can be checked before variables are known, and finds the `from` option.
Result<std::string> check_mount(std::string_view options, char escape);

}  // namespace suit::dockerfile
