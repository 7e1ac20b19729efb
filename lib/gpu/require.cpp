#include "gpu/require.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/split.h"
#include "oci/image.h"

namespace suit::gpu {
namespace {

constexpr std::array<std::string_view, 4> kProperties = {"cuda", "driver", "arch", "brand"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_version_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos &&
         text.front() != '.' && text.back() != '.';
}

struct Factor {
  std::string_view property, op, value;
};

Result<Factor> cut(std::string_view text) {
  const std::size_t at = text.find_first_of("=!<>");
  if (at == 0 || at == std::string_view::npos)
    return fail(0, fmt::format("invalid requirement \"{}\"", text), "as in cuda>=12.4");
  Factor out{text.substr(0, at), text.substr(at, 1), {}};
  if (text.substr(at).size() > 1 && text[at + 1] == '=') out.op = text.substr(at, 2);
  out.value = text.substr(at + out.op.size());
  const bool is_text = out.property == "brand";
  if (out.op == "!" || out.op == "==" || out.value.empty() ||
      (!is_text && std::ranges::find(kProperties, out.property) != kProperties.end() &&
       !is_version_number(out.value)))
    return fail(0, fmt::format("invalid requirement \"{}\"", text), "as in cuda>=12.4");
  return out;
}

bool compares(int order, std::string_view op) {
  if (op == "=") return order == 0;
  if (op == "!=") return order != 0;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  return order >= 0;
}

bool holds(const Factor& factor, const std::map<std::string, std::string>& properties) {
  if (std::ranges::find(kProperties, factor.property) == kProperties.end()) return true;
  const auto property = properties.find(std::string(factor.property));
  if (property == properties.end()) return true;
  const int order = factor.property == "brand"
                        ? lower(property->second).compare(lower(factor.value))
                        : compare_versions(property->second, factor.value);
  return compares(order, factor.op);
}

// The product family in a model's name. What has none of these words is a data-centre card.
std::string brand_of(std::string_view model) {
  const std::string name = lower(model);
  for (std::string_view brand : {"geforce", "quadro", "titan", "grid"})
    if (name.find(brand) != std::string::npos) return std::string(brand);
  if (name.find("rtx") != std::string::npos) return "nvidiartx";
  return name.empty() ? "unknown" : "tesla";
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    std::array<unsigned long, 2> numbers{};
    for (std::size_t i = 0; i < 2; ++i) {
      std::string_view& text = i == 0 ? a : b;
      const std::string_view part = text.substr(0, text.find('.'));
      std::from_chars(part.data(), part.data() + part.size(), numbers[i]);
      text.remove_prefix(std::min(text.size(), part.size() + 1));
    }
    if (numbers[0] != numbers[1]) return numbers[0] < numbers[1] ? -1 : 1;
  }
  return 0;
}

Result<bool> fulfils(std::string_view requirement,
                     const std::map<std::string, std::string>& properties) {
  bool any_term = false;
  bool fulfilled = false;
  for (std::string_view term : split(requirement, ' ')) {
    bool all = true;
    bool any_factor = false;
    for (std::string_view text : split(term, ',')) {
      if (text.empty()) continue;
      SUIT_LET(const Factor factor, cut(text));
      all = all && holds(factor, properties);
      any_factor = true;
    }
    any_term = any_term || any_factor;
    fulfilled = fulfilled || (any_factor && all);
  }
  return fulfilled || !any_term;
}

std::map<std::string, std::string> properties_of(const Host& host) {
  std::map<std::string, std::string> out;
  const std::string driver = host.nvidia.module_version.empty() ? host.nvidia.library_version()
                                                                : host.nvidia.module_version;
  if (!driver.empty()) out["driver"] = driver;
  if (const std::string cuda = cuda_of_driver(driver); !cuda.empty()) out["cuda"] = cuda;
  if (!host.nvidia.gpus.empty()) out["brand"] = brand_of(host.nvidia.gpus[0].model);
  return out;
}

Result<void> check_requirements(const std::vector<std::string>& env, const Host& host) {
  const std::string disable = oci::env_value(env, "NVIDIA_DISABLE_REQUIRE").value_or("");
  if (disable == "true" || disable == "1" || disable == "True" || disable == "TRUE") return {};
  const auto properties = properties_of(host);
  std::string known;
  for (const auto& [name, value] : properties)
    known += fmt::format("{}{}={}", known.empty() ? "" : ", ", name, value);
  for (const std::string& variable : env) {
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string name = variable.substr(0, equals);
    if (!name.starts_with("NVIDIA_REQUIRE_") || name.starts_with("NVIDIA_REQUIRE_JETPACK"))
      continue;
    const std::string demand = variable.substr(std::min(equals + 1, variable.size()));
    auto fulfilled = fulfils(demand, properties);
    if (!fulfilled) return wrap(std::move(fulfilled).error(), name);
    if (!*fulfilled)
      return fail(0, fmt::format("unsatisfied condition: {} ({})", demand, known),
                  "update the host's driver, or use an image for an older CUDA");
  }
  return {};
}

}  // namespace suit::gpu
