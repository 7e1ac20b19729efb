#include "cli/mounts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/split.h"
#include "cli/units.h"

namespace suit::cli {
namespace {

constexpr std::array<std::string_view, 6> kPropagations = {"shared",  "slave",  "private",
                                                           "rshared", "rslave", "rprivate"};

bool is_propagation(std::string_view word) {
  return std::find(kPropagations.begin(), kPropagations.end(), word) != kPropagations.end();
}

// The default; SELinux labels, which a host without SELinux does not have; and hints for a virtual
// machine between Docker and its files.
bool asks_for_nothing(std::string_view option) {
  constexpr std::array<std::string_view, 7> kWords = {"",           "rw",     "z",        "Z",
                                                      "consistent", "cached", "delegated"};
  return std::find(kWords.begin(), kWords.end(), option) != kWords.end();
}

std::string lower(std::string text) {
  for (char& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// `--mount` as a record of fields being read.
struct MountReader {
  const std::string& cwd;
  MountRequest request;
  std::set<std::string> families;  ///< `bind`, `volume`, `image`, `tmpfs`: whose options were given
  bool value_given = false;

  Result<bool> truth(const std::string& key, const std::string& value) const {
    if (!value_given || value == "true" || value == "1") return true;
    if (value == "false" || value == "0") return false;
    return fail(
        0, fmt::format("invalid value for '{}': invalid boolean value (\"{}\"): must be one of "
                       "\"true\", \"1\", \"false\", or \"0\" (default \"true\")",
                       key, value));
  }

  static void put_pair(std::map<std::string, std::string>& map, const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (!key.empty()) map[key] = equals == std::string::npos ? "" : text.substr(equals + 1);
  }

  Result<void> common(const std::string& key, const std::string& value, bool& known) {
    if (key == "type") {
      request.type = lower(value);
    } else if (key == "source" || key == "src") {
      request.source = value;
      if (value == "." || value == ".." || value.starts_with("./") || value.starts_with("../"))
        request.source =
            value == "." ? cwd : cwd + "/" + (value.starts_with("./") ? value.substr(2) : value);
    } else if (key == "target" || key == "dst" || key == "destination") {
      request.target = value;
    } else if (key == "readonly" || key == "ro") {
      SUIT_LET(request.read_only, truth(key, value));
    } else if (key != "consistency") {
      known = false;
    }
    return {};
  }

  Result<void> special(const std::string& key, const std::string& value, bool& known) {
    if (key == "bind-propagation") {
      request.propagation = lower(value);
    } else if (key == "bind-recursive") {
      request.recursive = value;
      if (value != "enabled" && value != "disabled" && value != "writable" && value != "readonly")
        return fail(0, fmt::format("invalid value for bind-recursive: {} (must be \"enabled\", "
                                   "\"disabled\", \"writable\", or \"readonly\")",
                                   value));
    } else if (key == "bind-create-src") {
      SUIT_LET(request.create_source, truth(key, value));
    } else if (key == "volume-nocopy") {
      SUIT_LET(request.no_copy, truth(key, value));
    } else if (key == "volume-label") {
      put_pair(request.labels, value);
    } else if (key == "volume-driver") {
      request.driver = value;
    } else if (key == "volume-opt") {
      put_pair(request.driver_options, value);
    } else if (key == "volume-subpath" || key == "image-subpath") {
      request.subpath = value;
    } else if (key == "tmpfs-size") {
      const Result<std::uint64_t> size = parse_size(value);
      if (!size) return fail(0, fmt::format("invalid value for {}: {}", key, value));
      request.tmpfs_size_bytes = *size;
    } else if (key == "tmpfs-mode") {
      std::uint32_t mode = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mode, 8);
      if (error != std::errc() || end != value.data() + value.size() || mode > 07777)
        return fail(0, fmt::format("invalid value for {}: {}", key, value));
      request.tmpfs_mode = mode;
    } else {
      known = false;
      return {};
    }
    families.insert(key.substr(0, key.find('-')));
    return {};
  }

  Result<void> field(const std::string& text) {
    const std::size_t equals = text.find('=');
    std::string key = text.substr(0, equals);
    value_given = equals != std::string::npos;
    const std::string value = value_given ? text.substr(equals + 1) : "";
    if (trimmed(key) != key)
      return fail(0, fmt::format("invalid option '{}' in '{}': option should not have whitespace",
                                 trimmed(key), text));
    if (value_given && trimmed(value).empty())
      return fail(0, fmt::format("invalid value for '{}': value is empty", key));
    if (value_given && trimmed(value) != value)
      return fail(0, fmt::format("invalid value for '{}' in '{}': value should not have whitespace",
                                 key, text));
    key = lower(std::move(key));
    constexpr std::array<std::string_view, 4> kSwitches = {"readonly", "ro", "volume-nocopy",
                                                           "bind-create-src"};
    if (!value_given && std::find(kSwitches.begin(), kSwitches.end(), key) == kSwitches.end())
      return fail(0, fmt::format("invalid field '{}' must be a key=value pair", text));
    bool known = true;
    SUIT_TRY(common(key, value, known));
    if (known) return {};
    known = true;
    SUIT_TRY(special(key, value, known));
    if (!known) return fail(0, fmt::format("unknown option '{}' in '{}'", key, text));
    return {};
  }

  Result<void> check() const {
    if (request.target.empty()) return fail(0, "target is required");
    for (const std::string& family : families) {
      if (family != request.type)
        return fail(
            0, fmt::format("cannot mix '{}-*' options with mount type '{}'", family, request.type));
    }
    if ((request.recursive == "writable" || request.recursive == "readonly") && !request.read_only)
      return fail(0,
                  fmt::format("option 'bind-recursive={}' requires 'readonly' to be specified in "
                              "conjunction",
                              request.recursive));
    if (request.recursive == "readonly" && request.propagation != "rprivate")
      return fail(0,
                  "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be "
                  "specified in conjunction");
    return {};
  }
};

}  // namespace

Result<MountRequest> parse_volume(std::string_view text) {
  if (text.empty()) return fail(0, "invalid empty volume spec");
  MountRequest request;
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() > 3) return fail(0, fmt::format("invalid spec: {}: too many colons", text));
  if (std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); }))
    return fail(0, fmt::format("invalid spec: {}: empty section between colons", text));
  if (parts.size() == 1) {
    request.target = parts[0];
    return request;
  }
  request.source = parts[0];
  request.target = parts[1];
  if (std::string_view("/.~").find(request.source[0]) != std::string_view::npos)
    request.type = "bind";
  for (const std::string_view option : split(parts.size() == 3 ? parts[2] : "", ',')) {
    if (option == "ro")
      request.read_only = true;
    else if (option == "nocopy")
      request.no_copy = true;
    else if (is_propagation(option))
      request.propagation = option;
    else if (!asks_for_nothing(option))
      return fail(0, fmt::format("invalid spec: {}: unknown option '{}'", text, option));
  }
  return request;
}

Result<MountRequest> parse_mount(std::string_view text, const std::string& cwd) {
  if (text.empty()) return fail(0, "value is empty");
  const auto fields = csv_fields(text);
  if (!fields) return fail(0, fmt::format("invalid mount '{}': {}", text, fields.error()));
  MountReader reader{cwd, {}, {}, false};
  for (const std::string& field : *fields)
    SUIT_TRY(reader.field(field));
  SUIT_TRY(reader.check());
  return std::move(reader.request);
}

Result<engine::VolumeRequest> to_volume_request(const MountRequest& request) {
  if (!request.target.starts_with('/'))
    return fail(0,
                fmt::format("invalid mount path: '{}' must be an absolute path", request.target));
  if (!request.driver.empty() && request.driver != "local")
    return fail(0, fmt::format("volume driver {} is not supported yet", request.driver));
  if (!request.driver_options.empty())
    return fail(0, fmt::format("volume option {} is not supported yet",
                               request.driver_options.begin()->first));
  if (!request.source.empty()) {
    Result<void> checked = engine::Volumes::check_name(request.source);
    if (!checked) return wrap(std::move(checked).error(), fmt::format("create {}", request.source));
  }
  engine::VolumeRequest volume;
  volume.name = request.source;
  volume.destination = request.target;
  volume.subpath = request.subpath;
  volume.propagation = request.propagation;
  volume.read_only = request.read_only;
  volume.no_copy = request.no_copy;
  volume.labels = request.labels;
  return volume;
}

Result<oci::SpecMount> to_spec_mount(const MountRequest& request, const std::string& cwd) {
  if (!request.target.starts_with('/'))
    return fail(0,
                fmt::format("invalid mount path: '{}' must be an absolute path", request.target));
  oci::SpecMount mount;
  mount.destination = request.target;
  mount.type = request.type;
  mount.source = request.source;
  if (request.type == "tmpfs") {
    mount.source = "tmpfs";
    mount.options = {"nosuid", "nodev", "noexec"};
    if (request.tmpfs_size_bytes)
      mount.options.push_back(fmt::format("size={}", *request.tmpfs_size_bytes));
    if (request.tmpfs_mode) mount.options.push_back(fmt::format("mode={:o}", *request.tmpfs_mode));
    if (request.read_only) mount.options.emplace_back("ro");
    return mount;
  }
  if (request.type != "bind")
    return fail(
        0, fmt::format("mount of type {} at {} is not supported yet", request.type, request.target),
        "show a directory of the host instead: -v /on/host:" + request.target);
  if (request.create_source || request.recursive == "readonly" || request.recursive == "writable")
    return fail(0, fmt::format("bind mount at {}: bind-create-src and bind-recursive={} are not "
                               "supported yet",
                               request.target, request.recursive));
  if (mount.source.starts_with('~'))
    return fail(0, fmt::format("bind source path \"{}\"", mount.source),
                "only a shell replaces ~; write \"$HOME\"");
  if (!mount.source.starts_with('/') && cwd.empty())
    return fail(ENOENT, fmt::format("bind source path \"{}\"", mount.source),
                "the directory that you are in was removed: cd to another");
  if (!mount.source.starts_with('/')) mount.source = cwd + "/" + mount.source;
  mount.options.emplace_back(request.recursive == "disabled" ? "bind" : "rbind");
  mount.options.emplace_back(request.read_only ? "ro" : "rw");
  mount.options.push_back(request.propagation.empty() ? "rprivate" : request.propagation);
  return mount;
}

}  // namespace suit::cli
