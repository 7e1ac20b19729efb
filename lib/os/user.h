/// \file
/// `--user` and USER: names and numbers of users, looked up in an image.
///
/// Only /etc/passwd and /etc/group of the image are read, by our own parser: the C library's lookup
/// would load modules that the image ships (CVE-2019-14271).
/// \source passwd(5), group(5); the rules are those of moby/sys/user, GetExecUser

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/root.h"

namespace suit::os {

/// Who a program runs as.
struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::string home = "/";
};

/// Texts of the two tables; none where the file is not there.
struct UserTables {
  std::optional<std::string> passwd;
  std::optional<std::string> group;
};

/// Reads /etc/passwd and /etc/group, 1 MiB each at most.
/// \errors EFBIG; EINVAL when one is not a regular file
Result<UserTables> read_user_tables(const Root& root);

/// Resolves \p text against \p tables.
///
/// A number is an id even when no entry has it; a name must have one. A user without `:group` gets
/// the groups that list it; with one, only that.
/// \param text `user[:group]`, names or numbers up to 2147483647; "" is \p otherwise
/// \param otherwise what holds for parts that neither \p text nor the tables tell
/// \errors 0 `no user "x" in the image's /etc/passwd` with did-you-mean; a number out of range
Result<User> resolve_user(const UserTables& tables, std::string_view text,
                          const User& otherwise = {});

/// Ids of `--group-add`: names or numbers, sorted, each once.
Result<std::vector<std::uint32_t>> resolve_groups(const UserTables& tables,
                                                  std::span<const std::string> groups);

/// `resolve_user` over the tables of \p root.
Result<User> resolve_user(const Root& root, std::string_view text, const User& otherwise = {});

}  // namespace suit::os
