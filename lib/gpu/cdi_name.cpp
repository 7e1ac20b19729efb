#include "gpu/cdi_name.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/split.h"

namespace suit::gpu {
namespace {

constexpr std::string_view kAnnotationPrefix = "cdi.k8s.io/";
constexpr std::size_t kLongestAnnotationName = 63;  // Kubernetes: the part after the slash

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

enum class First { Letter, Alphanumeric };

// The grammar that all parts share: what may be first, what may be inside, an alphanumeric end.
Result<void> check_part(std::string_view what, std::string_view text, First first,
                        std::string_view inside) {
  if (text.empty()) return fail(0, fmt::format("{} is empty", what));
  const bool starts = first == First::Letter ? is_letter(text[0]) : is_alnum(text[0]);
  if (!starts)
    return fail(0, fmt::format("{} \"{}\" must start with a {}", what, text,
                               first == First::Letter ? "letter" : "letter or a digit"));
  for (char c : text) {
    if (!is_alnum(c) && inside.find(c) == std::string_view::npos)
      return fail(0, fmt::format("{} \"{}\" holds '{}'", what, text, c),
                  fmt::format("letters, digits and {} may be in it", inside));
  }
  if (!is_alnum(text.back()))
    return fail(0, fmt::format("{} \"{}\" must end with a letter or a digit", what, text));
  return {};
}

}  // namespace

std::optional<QualifiedName> split_qualified(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos) return std::nullopt;
  const std::size_t equals = text.find('=', slash);
  if (equals == std::string_view::npos || equals == slash + 1 || equals + 1 == text.size())
    return std::nullopt;
  // An equals sign before the slash belongs to no part.
  if (text.substr(0, slash).find('=') != std::string_view::npos) return std::nullopt;
  return QualifiedName{std::string(text.substr(0, slash)),
                       std::string(text.substr(slash + 1, equals - slash - 1)),
                       std::string(text.substr(equals + 1))};
}

Result<void> check_vendor(std::string_view vendor) {
  return check_part("vendor", vendor, First::Letter, "_.-");
}

Result<void> check_class(std::string_view class_name) {
  return check_part("class", class_name, First::Letter, "_.-");
}

Result<void> check_device_name(std::string_view name) {
  return check_part("device name", name, First::Alphanumeric, "_.:-");
}

Result<QualifiedName> parse_qualified(std::string_view text) {
  std::optional<QualifiedName> name = split_qualified(text);
  if (!name)
    return fail(0, fmt::format("\"{}\" is not a device name", text),
                "it is vendor/class=name, as in nvidia.com/gpu=0");
  auto checked = [&]() -> Result<void> {
    SUIT_TRY(check_vendor(name->vendor));
    SUIT_TRY(check_class(name->class_));
    return check_device_name(name->name);
  }();
  if (!checked) return wrap(std::move(checked).error(), fmt::format("device \"{}\"", text));
  return *std::move(name);
}

Result<std::string> annotation_key(std::string_view plugin, std::string_view device_id) {
  for (const auto& [what, part] :
       {std::pair("plugin name", plugin), std::pair("device id", device_id)})
    if (part.empty()) return fail(0, fmt::format("{} of an annotation is empty", what));
  std::string name = fmt::format("{}_{}", plugin, device_id);
  std::ranges::replace(name, '/', '_');
  if (name.size() > kLongestAnnotationName)
    return fail(
        0, fmt::format("annotation name \"{}\" is longer than {}", name, kLongestAnnotationName));
  SUIT_TRY(check_part("annotation name", name, First::Alphanumeric, "_.-"));
  return std::string(kAnnotationPrefix) + name;
}

Result<std::vector<std::string>> devices_in_annotations(
    const std::map<std::string, std::string>& annotations) {
  std::vector<std::string> devices;
  for (const auto& [key, value] : annotations) {
    if (!key.starts_with(kAnnotationPrefix)) continue;
    for (std::string_view name : split(value, ',')) {
      auto parsed = parse_qualified(name);
      if (!parsed) return wrap(std::move(parsed).error(), fmt::format("annotation {}", key));
      devices.emplace_back(name);
    }
  }
  return devices;
}

}  // namespace suit::gpu
