#include "gpu/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/split.h"
#include "base/suggest.h"
#include "oci/image.h"

namespace suit::gpu {
namespace {

using oci::Json;

constexpr std::array<std::string_view, 7> kCapabilities = {
    "compute", "compat32", "graphics", "utility", "video", "display", "ngx"};
constexpr std::array<std::string_view, 2> kDefaultCapabilities = {"utility", "compute"};

std::vector<std::string> strings(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ',');
  return {parts.begin(), parts.end()};
}

Result<std::vector<std::string>> fields_of(std::string_view text) {
  if (text.empty()) return fail(0, "EOF", "say which GPUs: --gpus all");
  auto fields = csv_fields(text);
  if (!fields) return fail(0, std::move(fields).error());
  return *std::move(fields);
}

Result<int> parse_count(std::string_view text) {
  if (text == "all") return -1;
  int count = 0;
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (code == std::errc() && end == digits.data() + digits.size()) return count;
  return fail(
      0, fmt::format(
             "invalid count ({}): value must be either \"all\" or an integer: {}", text,
             code == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
}

Result<void> set_field(DeviceRequest& request, const std::string& field) {
  const std::size_t equals = field.find('=');
  const std::string key = field.substr(0, equals);
  const std::string value = field.substr(equals + 1);
  constexpr std::array<std::string_view, 5> kKeys = {"driver", "count", "device", "capabilities",
                                                     "options"};
  if (key == "driver") {
    request.driver = value;
  } else if (key == "count") {
    SUIT_LET(request.count, parse_count(value));
  } else if (key == "device") {
    request.device_ids = strings(value);
  } else if (key == "capabilities") {
    request.capabilities = {strings(value)};
    request.capabilities[0].emplace_back("gpu");
  } else if (key == "options") {
    SUIT_LET(const std::vector<std::string> options, fields_of(value));
    for (const std::string& option : options) {
      const std::size_t at = std::min(option.find('='), option.size());
      request.options[option.substr(0, at)] = at == option.size() ? "" : option.substr(at + 1);
    }
  } else {
    return fail(0,
                fmt::format("unexpected key '{}' in '{}'{}", key, field, did_you_mean(key, kKeys)));
  }
  return {};
}

std::vector<std::string> all_capabilities() { return {kCapabilities.begin(), kCapabilities.end()}; }

Json to_value(const DeviceRequest& request) {
  Json sets = Json::array();
  for (const auto& set : request.capabilities)
    sets.push(set);
  Json options = Json::object();
  for (const auto& [key, value] : request.options)
    options.set(key, value);
  Json out = Json::object();
  out.set("Driver", request.driver).set("Count", request.count);
  out.set("DeviceIDs", request.device_ids.empty() ? Json() : Json(request.device_ids));
  return out.set("Capabilities", std::move(sets)).set("Options", std::move(options));
}

std::vector<std::string> strings_of(const Json* value) {
  std::vector<std::string> out;
  if (const auto* items = value ? value->as_array() : nullptr)
    for (const Json& item : *items)
      if (const std::string* text = item.as_string()) out.push_back(*text);
  return out;
}

DeviceRequest device_request_of(const Json& value) {
  DeviceRequest out;
  out.driver = value.string_or("Driver");
  const Json* count = value.find("Count");
  out.count = count ? static_cast<int>(count->as_int().value_or(0)) : 0;
  out.device_ids = strings_of(value.find("DeviceIDs"));
  if (const Json* sets = value.find("Capabilities"); sets && sets->as_array())
    for (const Json& set : *sets->as_array())
      out.capabilities.push_back(strings_of(&set));
  if (const Json* options = value.find("Options"); options && options->as_object())
    for (const auto& [key, option] : *options->as_object())
      if (const std::string* text = option.as_string()) out.options[key] = *text;
  return out;
}

}  // namespace

Result<DeviceRequest> parse_gpus_flag(std::string_view text) {
  SUIT_LET(const std::vector<std::string> fields, fields_of(text));
  DeviceRequest request;
  std::set<std::string, std::less<>> seen;
  for (const std::string& field : fields) {
    const std::size_t equals = field.find('=');
    const std::string key = field.substr(0, equals);
    if (seen.contains(key))
      return fail(0, fmt::format("gpu request key '{}' can be specified only once", key));
    seen.insert(equals == std::string::npos ? "count" : key);
    if (equals == std::string::npos) {
      SUIT_LET(request.count, parse_count(key));
    } else {
      SUIT_TRY(set_field(request, field));
    }
  }
  if (!seen.contains("count") && !seen.contains("device")) request.count = 1;
  if (request.capabilities.empty()) request.capabilities = {{"gpu"}};
  return request;
}

Result<void> check_request(const DeviceRequest& request) {
  if (request.count != 0 && !request.device_ids.empty()) {
    // `device=0,1` without the inner quotes is a device and a count: the CSV reader cuts it.
    const std::string ids = fmt::format("{}{}", fmt::join(request.device_ids, ","),
                                        request.count > 0 ? fmt::format(",{}", request.count) : "");
    return fail(0, "cannot set both Count and DeviceIDs on device request",
                fmt::format("if you mean the devices {0}, write --gpus '\"device={0}\"', with both "
                            "kinds of quotes",
                            ids));
  }
  if (request.count < -1)
    return fail(0, fmt::format("{} GPUs cannot be had", request.count), "all, or a number");
  return {};
}

Result<PlainDevice> parse_plain_device(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts[0].empty() || parts.size() > 3)
    return fail(0, fmt::format("bad format for path: {}", text),
                "it is /dev/x[:/dev/y][:rwm], or a CDI name such as nvidia.com/gpu=0");
  // Each of r, w and m once at most.
  const auto is_mode = [](std::string_view part) {
    std::string sorted(part);
    std::ranges::sort(sorted);
    return !part.empty() && part.find_first_not_of("rwm") == std::string_view::npos &&
           std::ranges::adjacent_find(sorted) == sorted.end();
  };
  PlainDevice out{std::string(parts[0]), std::string(parts[0]), "rwm"};
  if (parts.size() == 2 && is_mode(parts[1])) {
    out.permissions = parts[1];
  } else if (parts.size() >= 2) {
    out.path = parts[1];
    if (parts.size() == 3) out.permissions = parts[2];
  }
  if (!out.path.starts_with('/'))
    return fail(0, fmt::format("{} is not an absolute path", out.path));
  if (!is_mode(out.permissions))
    return fail(0, fmt::format("bad mode specified: {}", out.permissions), "of r, w and m");
  return out;
}

Result<void> add_variables(Request& request, const std::vector<std::string>& env) {
  if (const auto words = oci::env_value(env, "NVIDIA_DRIVER_CAPABILITIES"))
    request.capabilities = *words;
  const auto value = oci::env_value(env, "NVIDIA_VISIBLE_DEVICES");
  // --gpus says the same, and wins.
  if (!value || !request.gpus.empty()) return {};
  const VisibleDevices visible = parse_visible_devices(*value);
  DeviceRequest asked{.driver = "nvidia"};
  asked.capabilities = {{"gpu"}};
  if (visible.kind == VisibleDevices::Kind::All) asked.count = -1;
  for (const std::string& id : visible.ids)
    (id.find('=') == std::string::npos ? asked.device_ids : request.devices).push_back(id);
  if (visible.kind == VisibleDevices::Kind::DriverOnly) asked.device_ids = {"none"};
  if (asked.count != 0 || !asked.device_ids.empty()) request.gpus.push_back(std::move(asked));
  return {};
}

Json to_value(const Request& request) {
  Json gpus = Json::array();
  for (const DeviceRequest& one : request.gpus)
    gpus.push(to_value(one));
  Json plain = Json::array();
  for (const PlainDevice& device : request.plain) {
    Json one = Json::object();
    one.set("hostPath", device.host_path).set("path", device.path);
    plain.push(one.set("permissions", device.permissions));
  }
  Json out = Json::object();
  out.set("gpus", std::move(gpus)).set("devices", request.devices).set("plain", std::move(plain));
  out.set("specDirs", request.spec_dirs).set("driverRoot", request.driver_root);
  if (request.capabilities) out.set("capabilities", *request.capabilities);
  return out;
}

Request request_of(const Json& value) {
  Request out;
  if (const Json* gpus = value.find("gpus"); gpus && gpus->as_array())
    for (const Json& one : *gpus->as_array())
      out.gpus.push_back(device_request_of(one));
  out.devices = strings_of(value.find("devices"));
  if (const Json* plain = value.find("plain"); plain && plain->as_array())
    for (const Json& one : *plain->as_array())
      out.plain.push_back(
          {one.string_or("hostPath"), one.string_or("path"), one.string_or("permissions")});
  out.spec_dirs = strings_of(value.find("specDirs"));
  out.driver_root = value.string_or("driverRoot");
  if (value.find("capabilities")) out.capabilities = value.string_or("capabilities");
  return out;
}

VisibleDevices parse_visible_devices(std::optional<std::string_view> value, LegacyImage legacy) {
  using Kind = VisibleDevices::Kind;
  if (!value) return {legacy == LegacyImage::Yes ? Kind::All : Kind::Nothing};
  VisibleDevices out{Kind::Listed};
  bool all = false;
  bool none = false;
  for (std::string_view id : split(*value, ',')) {
    id = trim(id);
    if (id == "void") return {Kind::Nothing};
    all = all || id == "all";
    none = none || id == "none";
    if (!id.empty()) out.ids.emplace_back(id);
  }
  if (all) return {Kind::All};
  if (none) return {Kind::DriverOnly};
  return out.ids.empty() ? VisibleDevices{} : out;
}

bool is_legacy_image(const std::vector<std::string>& env) {
  return oci::env_value(env, "CUDA_VERSION") && !oci::env_value(env, "NVIDIA_REQUIRE_CUDA");
}

Result<std::vector<std::string>> parse_driver_capabilities(std::optional<std::string_view> value,
                                                           LegacyImage legacy) {
  if (!value && legacy == LegacyImage::Yes) return all_capabilities();
  std::set<std::string_view> asked;
  bool unknown = false;
  for (std::string_view word : split(value.value_or(""), ',')) {
    word = trim(word);
    if (word == "all") return all_capabilities();
    if (word.empty()) continue;
    unknown = unknown || std::ranges::find(kCapabilities, word) == kCapabilities.end();
    asked.insert(word);
  }
  if (asked.empty()) asked.insert(kDefaultCapabilities.begin(), kDefaultCapabilities.end());
  std::vector<std::string> out;
  for (std::string_view word : kCapabilities)
    if (asked.contains(word)) out.emplace_back(word);
  if (unknown)
    return fail(0,
                fmt::format("unsupported capabilities found in '{}' (allowed '{}')", *value,
                            fmt::join(out, ",")),
                fmt::format("there are {} and all", fmt::join(kCapabilities, ", ")));
  return out;
}

}  // namespace suit::gpu
