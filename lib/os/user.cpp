#include "os/user.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/suggest.h"

namespace suit::os {
namespace {

// Docker's bound: ids above it are negative in a signed 32-bit field.
constexpr std::uint64_t kMaxId = 2147483647;
constexpr std::size_t kTableBytes = 1U << 20;

// What a text is as an id: no number at all, a number out of range, or an id.
struct Id {
  bool numeric = false;
  std::optional<std::uint32_t> value;
};

Id parse_id(std::string_view text) {
  // "+1" and "-1" are meant as numbers, so they must not be taken for names.
  std::string_view digits = text;
  bool is_signed = digits.starts_with('-') || digits.starts_with('+');
  if (is_signed) digits.remove_prefix(1);
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  std::uint64_t value = 0;
  auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (is_signed || code != std::errc() || value > kMaxId) return {true, std::nullopt};
  return {true, static_cast<std::uint32_t>(value)};
}

std::string_view cut(std::string_view& text, char separator) {
  std::size_t at = text.find(separator);
  std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

struct PasswdEntry {
  std::string_view name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string_view home;
};

struct GroupEntry {
  std::string_view name;
  std::uint32_t gid = 0;
  std::string_view members;
};

std::optional<PasswdEntry> passwd_entry(std::string_view line) {
  std::array<std::string_view, 6> fields;
  for (auto& field : fields)
    field = cut(line, ':');
  Id uid = parse_id(fields[2]);
  Id gid = parse_id(fields[3]);
  if (fields[0].empty() || !uid.value || !gid.value) return std::nullopt;
  return PasswdEntry{fields[0], *uid.value, *gid.value, fields[5]};
}

std::optional<GroupEntry> group_entry(std::string_view line) {
  std::array<std::string_view, 4> fields;
  for (auto& field : fields)
    field = cut(line, ':');
  // A line of three fields is not a group of passwd's shape, but its number still counts: the
  // reference reads `root:x:0:root` and `adm:x:43:` alike.
  Id gid = parse_id(fields[2]);
  if (fields[0].empty() || !gid.value) return std::nullopt;
  return GroupEntry{fields[0], *gid.value, fields[3]};
}

// Calls visit with each well-formed entry; garbage lines are skipped, as everybody does.
template <typename Parse, typename Visit>
void for_each_entry(const std::optional<std::string>& table, Parse parse, Visit visit) {
  if (!table) return;
  std::string_view rest = *table;
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');
    if (auto entry = parse(line)) visit(*entry);
  }
}

bool lists(std::string_view members, std::string_view name) {
  while (!members.empty())
    if (cut(members, ',') == name) return true;
  return false;
}

Error unknown(std::string_view kind, std::string_view name, std::string_view file,
              const std::vector<std::string>& known, bool is_table_there) {
  std::string where = is_table_there ? fmt::format("in the image's {}", file)
                                     : fmt::format("because the image has no {}", file);
  return Error(0, fmt::format("no {} \"{}\" {}{}", kind, name, where, did_you_mean(name, known)))
      .with_hint(fmt::format("use a number, or create the {} in the image", kind));
}

Error out_of_range(std::string_view kind, std::string_view text) {
  return Error(0, fmt::format("{} \"{}\" is not a number from 0 to {}", kind, text, kMaxId));
}

Result<std::uint32_t> find_group(const UserTables& tables, std::string_view text) {
  Id id = parse_id(text);
  if (id.numeric && !id.value) return std::unexpected(out_of_range("group", text));
  if (id.value) return *id.value;
  std::optional<std::uint32_t> found;
  std::vector<std::string> known;
  for_each_entry(tables.group, group_entry, [&](const GroupEntry& entry) {
    if (!found && entry.name == text) found = entry.gid;
    known.emplace_back(entry.name);
  });
  if (found) return *found;
  return std::unexpected(unknown("group", text, "/etc/group", known, tables.group.has_value()));
}

// The entry of a name, or of a number: an entry is not needed for the latter.
Result<std::optional<PasswdEntry>> find_passwd(const UserTables& tables, std::string_view text) {
  Id id = parse_id(text);
  if (id.numeric && !id.value) return std::unexpected(out_of_range("user", text));
  std::optional<PasswdEntry> found;
  std::vector<std::string> known;
  for_each_entry(tables.passwd, passwd_entry, [&](const PasswdEntry& entry) {
    if (!found && (id.value ? entry.uid == *id.value : entry.name == text)) found = entry;
    known.emplace_back(entry.name);
  });
  if (!found && !id.value)
    return std::unexpected(unknown("user", text, "/etc/passwd", known, tables.passwd.has_value()));
  return found;
}

}  // namespace

Result<UserTables> read_user_tables(const Root& root) {
  UserTables tables;
  for (auto [path, text] :
       {std::pair{"/etc/passwd", &tables.passwd}, {"/etc/group", &tables.group}}) {
    auto read = root.read(path, kTableBytes);
    if (read)
      *text = *std::move(read);
    else if (read.error().code() != ENOENT && read.error().code() != ENOTDIR)
      return std::unexpected(std::move(read).error());
  }
  return tables;
}

Result<User> resolve_user(const UserTables& tables, std::string_view text, const User& otherwise) {
  User user = otherwise;
  std::size_t colon = text.find(':');
  std::string_view name = text.substr(0, colon);
  std::string_view group =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (colon != std::string_view::npos && (name.empty() || group.empty()))
    return fail(0, fmt::format("user \"{}\": a name or number is missing beside the colon", text),
                "write user, or user:group");
  if (name.empty()) return user;

  SUIT_LET(std::optional<PasswdEntry> entry, find_passwd(tables, name));
  if (entry) {
    user.uid = entry->uid;
    user.gid = entry->gid;
    user.home = entry->home;
    name = entry->name;
  } else {
    user.uid = *parse_id(name).value;
  }
  if (!group.empty()) {
    SUIT_LET(user.gid, find_group(tables, group));
    return user;
  }
  std::vector<std::uint32_t> groups;
  for_each_entry(tables.group, group_entry, [&](const GroupEntry& g) {
    if (entry && lists(g.members, name)) groups.push_back(g.gid);
  });
  if (!groups.empty()) user.additional_gids = std::move(groups);
  return user;
}

Result<User> resolve_user(const Root& root, std::string_view text, const User& otherwise) {
  SUIT_LET(UserTables tables, read_user_tables(root));
  return resolve_user(tables, text, otherwise);
}

Result<std::vector<std::uint32_t>> resolve_groups(const UserTables& tables,
                                                  std::span<const std::string> groups) {
  std::vector<std::uint32_t> gids;
  for (const std::string& group : groups) {
    SUIT_LET(std::uint32_t gid, find_group(tables, group));
    gids.push_back(gid);
  }
  std::ranges::sort(gids);
  gids.erase(std::ranges::unique(gids).begin(), gids.end());
  return gids;
}

}  // namespace suit::os
