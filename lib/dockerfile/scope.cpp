#include "dockerfile/scope.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

const std::string* find_variable(const std::vector<Variable>& variables, std::string_view name) {
  auto found = std::ranges::find(variables, name, &Variable::first);
  return found == variables.end() ? nullptr : &found->second;
}

Result<void> check_size(const Scope& scope) {
  if (scope.size_bytes() <= kMaxScopeBytes) return {};
  return fail(0,
              fmt::format("the variables of this stage take more than {} bytes", kMaxScopeBytes));
}

/// \shape `os/arch[/variant]`
struct Platform {
  std::string_view os, architecture, variant;
};

Platform split_platform(std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    std::size_t slash = std::min(text.find('/'), text.size());
    part = text.substr(0, slash);
    text.remove_prefix(std::min(slash + 1, text.size()));
  }
  return {parts[0], parts[1], parts[2]};
}

}  // namespace

std::optional<std::string> Scope::find(std::string_view name) const {
  const std::string* value = find_variable(args, name);
  if (value == nullptr) value = find_variable(env, name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

std::size_t Scope::size_bytes() const {
  std::size_t bytes = 0;
  for (const std::vector<Variable>* variables : {&env, &args})
    for (const Variable& one : *variables)
      bytes += one.first.size() + one.second.size();
  return bytes;
}

Lookup Scope::lookup() const {
  return [this](std::string_view name) { return find(name); };
}

std::vector<Variable> Scope::run_environment() const {
  std::vector<Variable> out = env;
  for (const Variable& arg : args)
    set_variable(out, arg.first, arg.second);
  return out;
}

void set_variable(std::vector<Variable>& variables, std::string_view name, std::string value) {
  auto found = std::ranges::find(variables, name, &Variable::first);
  if (found != variables.end())
    found->second = std::move(value);
  else
    variables.emplace_back(name, std::move(value));
}

Result<void> apply_arg(Scope& scope, const Arg& arg, char escape, const Resolution& resolution,
                       const ResolveOptions& options) {
  for (const ArgDefinition& one : arg.args) {
    SUIT_LET(std::string name, expand(one.key.text, escape, scope.lookup()));
    auto given = options.build_args.find(name);
    const std::string* global = find_variable(resolution.globals, name);
    if (given != options.build_args.end()) {
      set_variable(scope.args, name, given->second);
    } else if (one.value) {
      SUIT_LET(std::string value, expand(*one.value, escape, scope.lookup()));
      set_variable(scope.args, name, std::move(value));
    } else if (global != nullptr) {
      set_variable(scope.args, name, *global);
    }
  }
  return check_size(scope);
}

Result<void> apply_env(Scope& scope, const Env& env, char escape) {
  std::vector<Variable> fresh;
  for (const KeyValue& pair : env.pairs) {
    SUIT_LET(std::string name, expand(pair.key.text, escape, scope.lookup()));
    SUIT_LET(std::string value, expand(pair.value.text, escape, scope.lookup()));
    fresh.emplace_back(std::move(name), std::move(value));
  }
  for (Variable& one : fresh) {
    std::erase_if(scope.args, [&](const Variable& arg) { return arg.first == one.first; });
    set_variable(scope.env, one.first, std::move(one.second));
  }
  return check_size(scope);
}

std::vector<Variable> platform_arguments(const ResolveOptions& options) {
  std::vector<Variable> out;
  auto add = [&out](std::string_view prefix, std::string_view platform) {
    Platform parts = split_platform(platform);
    auto put = [&](std::string_view name, std::string_view value) {
      out.emplace_back(std::string(prefix) + std::string(name), value);
    };
    put("PLATFORM", platform);
    put("OS", parts.os);
    put("OSVERSION", "");
    put("ARCH", parts.architecture);
    put("VARIANT", parts.variant);
  };
  add("BUILD", options.build_platform);
  add("TARGET", options.target_platform);
  out.emplace_back("TARGETSTAGE", options.target.empty() ? "default" : options.target);
  return out;
}

}  // namespace suit::dockerfile
