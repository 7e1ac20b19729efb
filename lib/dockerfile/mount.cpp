#include "dockerfile/mount.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/split.h"
#include "dockerfile/ignore.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::array<std::string_view, 5> kTypes = {"bind", "cache", "tmpfs", "secret", "ssh"};
constexpr std::array<std::string_view, 3> kSharings = {"shared", "private", "locked"};
constexpr std::array<std::string_view, 19> kKeys = {
    "type", "from", "source", "target", "readonly",    "id", "sharing", "required",  "size", "mode",
    "uid",  "gid",  "src",    "dst",    "destination", "ro", "rw",      "readwrite", "env"};

/// All options of all types, before it is known which are allowed.
struct Options {
  std::string type = "bind";
  std::string from, source, target, id, env, sharing;
  std::optional<bool> read_only;
  std::optional<bool> required;
  std::optional<std::uint64_t> size;
  MountOwner owner;
};

/// One `key=value`; `value` is missing for a bare word.
struct Field {
  std::string text;
  std::string key;
  std::optional<std::string> value;
};

Field to_field(std::string text) {
  std::size_t equals = text.find('=');
  Field field{text, text::lower(text.substr(0, equals)), std::nullopt};
  if (equals != std::string::npos) field.value = text.substr(equals + 1);
  return field;
}

std::unexpected<Error> unexpected_key(const Field& field, const Options& options) {
  return fail(0, fmt::format("unexpected key '{}' for mount type '{}'", text::clip(field.key),
                             options.type));
}

// A value that must read as T, or the error in BuildKit's words.
template <typename T>
Result<void> assign(std::optional<T>& to, std::optional<T> value, const Field& field) {
  if (!value)
    return fail(0, fmt::format("invalid value for {}: {}", field.key,
                               text::clip(field.value.value_or(""))));
  to = value;
  return {};
}

// The same for numbers, of which BuildKit speaks in another order.
Result<void> assign_number(std::optional<std::uint32_t>& to, int base, const Field& field) {
  std::string value = field.value.value_or("");
  to = parse_number(value, base);
  if (!to) return fail(0, fmt::format("invalid value {} for {}", text::clip(value), field.key));
  return {};
}

Result<void> set_flag(Options& options, const Field& field) {
  std::string value = field.value.value_or("true");
  if (field.key == "required") {
    if (options.type != "secret" && options.type != "ssh") return unexpected_key(field, options);
    return assign(options.required, parse_bool(value), field);
  }
  std::optional<bool> flag = parse_bool(value);
  bool writable = field.key == "rw" || field.key == "readwrite";
  if (flag && writable) flag = !*flag;
  return assign(options.read_only, flag, field);
}

bool is_flag(std::string_view key) {
  return key == "ro" || key == "readonly" || key == "rw" || key == "readwrite" || key == "required";
}

Result<void> set_type(Options& options, std::string_view value) {
  std::string type = text::lower(value);
  for (std::string_view known : kTypes)
    if (type == known) {
      options.type = type;
      return {};
    }
  return fail(0, fmt::format("unsupported mount type {}{}", text::quote(value),
                             text::suggestion(value, kTypes)));
}

Result<void> set_sharing(Options& options, std::string_view value) {
  std::string sharing = text::lower(value);
  for (std::string_view known : kSharings)
    if (sharing == known) {
      options.sharing = sharing;
      return {};
    }
  return fail(0, fmt::format("unsupported sharing value {}{}", text::quote(value),
                             text::suggestion(value, kSharings)));
}

Result<void> set_option(Options& options, const Field& field) {
  const std::string& key = field.key;
  if (is_flag(key)) return set_flag(options, field);
  if (!field.value)
    return fail(0,
                fmt::format("invalid field '{}' must be a key=value pair", text::clip(field.text)),
                field.text.empty() ? "the options are one word: no blank may follow a comma" : "");
  const std::string& value = *field.value;
  if (key == "type") return set_type(options, value);
  if (key == "sharing") return set_sharing(options, value);
  if (key == "mode") return assign_number(options.owner.mode, 8, field);
  if (key == "uid") return assign_number(options.owner.uid, 10, field);
  if (key == "gid") return assign_number(options.owner.gid, 10, field);
  if (key == "size") {
    if (options.type != "tmpfs") return unexpected_key(field, options);
    return assign(options.size, parse_size(value), field);
  }
  std::string* text = key == "from"                                             ? &options.from
                      : key == "source" || key == "src"                         ? &options.source
                      : key == "target" || key == "dst" || key == "destination" ? &options.target
                      : key == "id"                                             ? &options.id
                      : key == "env"                                            ? &options.env
                                                                                : nullptr;
  if (text == nullptr)
    return fail(0, fmt::format("unexpected key '{}' in '{}'{}", text::clip(key),
                               text::clip(field.text), text::suggestion(key, kKeys)));
  *text = value;
  return {};
}

Result<void> check_owner(const Options& options) {
  if (options.type != "bind" && options.type != "tmpfs") return {};
  for (auto [given, name] :
       {std::pair(options.owner.mode, "mode"), std::pair(options.owner.uid, "uid"),
        std::pair(options.owner.gid, "gid")})
    if (given)
      return fail(0, fmt::format("{} not allowed for \"{}\" type mounts", name, options.type));
  return {};
}

std::string base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

Result<Mount> to_secret(Options options) {
  if (!options.from.empty()) return fail(0, "secret mount should not have a from");
  if (!options.source.empty() && !options.id.empty())
    return fail(0, "both source and id can't be set");
  std::string id = options.id.empty() ? options.source : options.id;
  if (id.empty()) id = base_name(options.target);
  if (id.empty())
    return fail(0, "invalid secret mount. one of source, target required",
                "write --mount=type=secret,id=name");
  return SecretMount{std::move(id), std::move(options.target), std::move(options.env),
                     options.required.value_or(false), options.owner};
}

Result<Mount> to_ssh(Options options) {
  if (!options.source.empty()) return fail(0, "ssh does not support source");
  std::string id = options.id.empty() ? "default" : std::move(options.id);
  return SshMount{std::move(options.target), std::move(id), options.required.value_or(false),
                  options.owner};
}

Result<Mount> to_cache(Options options) {
  CacheSharing sharing = options.sharing == "private"  ? CacheSharing::Private
                         : options.sharing == "locked" ? CacheSharing::Locked
                                                       : CacheSharing::Shared;
  return CacheMount{std::move(options.target),
                    std::move(options.id),
                    std::move(options.source),
                    std::move(options.from),
                    sharing,
                    options.read_only.value_or(false),
                    options.owner};
}

// The options as the mount of their type, or why they do not go together.
Result<Mount> to_mount(Options options) {
  SUIT_TRY(check_owner(options));
  if (!options.sharing.empty() && options.type != "cache")
    return fail(0, fmt::format("invalid cache sharing set for {} mount", options.type));
  if (!options.env.empty() && options.type != "secret")
    return fail(0, fmt::format("unexpected key 'env' for mount type '{}'", options.type));
  if (options.type == "secret") return to_secret(std::move(options));
  if (options.type == "ssh") return to_ssh(std::move(options));
  if (options.target.starts_with('/') && clean_path(options.target) == "/")
    return fail(0, fmt::format("invalid mount target {}", text::quote(options.target)));
  if (options.type == "cache") return to_cache(std::move(options));
  if (options.type == "tmpfs")
    return TmpfsMount{std::move(options.target), options.size.value_or(0)};
  return BindMount{std::move(options.target), std::move(options.source), std::move(options.from),
                   options.read_only.value_or(true)};
}

Result<std::vector<Field>> fields_of(std::string_view options) {
  auto texts = csv_fields(options);
  if (!texts) return fail(0, "failed to parse csv mounts: " + texts.error());
  std::vector<Field> fields;
  for (std::string& one : *texts)
    fields.push_back(to_field(std::move(one)));
  return fields;
}

}  // namespace

Result<Mount> parse_mount(std::string_view options, char escape, const Lookup& lookup) {
  SUIT_LET(std::vector<Field> fields, fields_of(options));
  Options read;
  for (Field& field : fields) {
    if (field.value && field.key != "from") {
      SUIT_LET(std::string value, expand(*field.value, escape, lookup));
      field.value = std::move(value);
    }
    SUIT_TRY(set_option(read, field));
  }
  return to_mount(std::move(read));
}

Result<std::string> check_mount(std::string_view options, char escape) {
  SUIT_LET(std::vector<Field> fields, fields_of(options));
  bool deferred = false;
  bool open = false;
  std::string from;
  Options read;
  for (const Field& field : fields) {
    bool variable = field.value && has_variable(*field.value);
    if (variable && field.key == "from")
      return fail(0, "'from' doesn't support variable expansion, define alias stage instead",
                  "write FROM ${NAME} AS alias above, and from=alias here");
    deferred |= variable;
    // The kind of mount decides about the other keys: nothing to check while that is open.
    open |= variable && field.key == "type";
    if (!variable && !open) SUIT_TRY(set_option(read, field));
    if (field.key == "from" && field.value) from = *field.value;
  }
  if (deferred) return from;
  auto mount = parse_mount(options, escape, [](std::string_view) { return std::nullopt; });
  if (!mount) return std::unexpected(std::move(mount).error());
  return from;
}

}  // namespace suit::dockerfile
