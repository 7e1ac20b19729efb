// Reading and writing seccomp filters and profiles.

#include "oci/seccomp.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "base/suggest.h"
#include "oci/seccomp_read_internal.h"

namespace suit::oci {
namespace {

// In the order of the enumerations. SCMP_ACT_KILL is the old name of the first.
constexpr std::array<std::string_view, 9> kActions = {
    "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
    "SCMP_ACT_ERRNO",       "SCMP_ACT_TRACE",        "SCMP_ACT_ALLOW",
    "SCMP_ACT_LOG",         "SCMP_ACT_NOTIFY",       "SCMP_ACT_KILL"};
constexpr std::array<std::string_view, 7> kOperators = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};

// The value whose name a text is; the first one, with an error, when it is none.
template <typename Enum>
Enum read_name(const Cursor& at, std::span<const std::string_view> names, std::string_view what) {
  const std::string text = at.text();
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) {
    const auto index = static_cast<std::size_t>(found - names.begin());
    return index == kActions.size() - 1 ? Enum{} : static_cast<Enum>(index);
  }
  if (at.present())
    at.refuse(fmt::format("unknown {} \"{}\"{}", what, text, did_you_mean(text, names)));
  return Enum{};
}

SeccompAction read_action(const Cursor& at) {
  return read_name<SeccompAction>(at, kActions, "action");
}

std::optional<std::uint32_t> read_errno(const Cursor& at) {
  // 12 bits: what seccomp(2) passes on; more would be cut silently.
  if (!at.present()) return std::nullopt;
  return static_cast<std::uint32_t>(at.natural(4095));
}

std::vector<SeccompArgument> read_arguments(const Cursor& at) {
  std::vector<SeccompArgument> out;
  for (const Cursor& item : at.items()) {
    SeccompArgument argument;
    argument.index = static_cast<unsigned>(item.required("index").natural(5));
    argument.value = item.required("value").natural(UINT64_MAX);
    argument.value_two = item.member("valueTwo").natural(UINT64_MAX);
    argument.op = read_name<SeccompOperator>(item.required("op"), kOperators, "operator");
    out.push_back(argument);
  }
  return out;
}

SeccompRule read_rule(const Cursor& at) {
  SeccompRule rule;
  rule.names = at.member("names").texts();
  // Docker's first profiles have one name a rule.
  if (const Cursor name = at.member("name"); name.present() && rule.names.empty())
    rule.names.push_back(name.text());
  if (rule.names.empty()) at.member("names").refuse("must have at least one entry");
  rule.action = read_action(at.required("action"));
  rule.errno_ret = read_errno(at.member("errnoRet"));
  rule.args = read_arguments(at.member("args"));
  return rule;
}

// All but the rules.
Seccomp read_base(const Cursor& at) {
  if (at.present() && !at.value().as_object()) at.refuse("must be an object");
  Seccomp out;
  out.default_action = read_action(at.required("defaultAction"));
  out.default_errno_ret = read_errno(at.member("defaultErrnoRet"));
  out.architectures = at.member("architectures").texts();
  for (const std::string& name : out.architectures)
    if (!name.starts_with("SCMP_ARCH_"))
      at.member("architectures")
          .refuse(fmt::format("\"{}\" is not an architecture, such as SCMP_ARCH_X86_64", name));
  if (const Cursor flags = at.member("flags"); flags.present()) out.flags = flags.texts();
  out.listener_path = at.member("listenerPath").text();
  out.listener_metadata = at.member("listenerMetadata").text();
  return out;
}

SeccompCondition read_condition(const Cursor& at) {
  SeccompCondition out;
  if (!at.present()) return out;
  out.caps = at.member("caps").texts();
  out.arches = at.member("arches").texts();
  out.min_kernel = at.member("minKernel").text();
  if (out.min_kernel.find_first_not_of("0123456789.") != std::string::npos)
    at.member("minKernel")
        .refuse(fmt::format("\"{}\" is not a kernel version, such as 4.8", out.min_kernel));
  return out;
}

Json to_value(const SeccompRule& rule) {
  Json out = Json::object();
  out.set("names", rule.names).set("action", name_of(rule.action));
  if (rule.errno_ret) out.set("errnoRet", *rule.errno_ret);
  if (rule.args.empty()) return out;
  Json args = Json::array();
  for (const SeccompArgument& argument : rule.args) {
    Json item = Json::object();
    item.set("index", argument.index).set("value", argument.value);
    if (argument.value_two != 0) item.set("valueTwo", argument.value_two);
    item.set("op", name_of(argument.op));
    args.push(std::move(item));
  }
  out.set("args", std::move(args));
  return out;
}

}  // namespace

std::string_view name_of(SeccompAction action) {
  return kActions[static_cast<std::size_t>(action)];
}

std::string_view name_of(SeccompOperator op) { return kOperators[static_cast<std::size_t>(op)]; }

Seccomp read_seccomp(const Cursor& at) {
  Seccomp out = read_base(at);
  for (const Cursor& item : at.member("syscalls").items())
    out.syscalls.push_back(read_rule(item));
  return out;
}

Result<SeccompProfile> parse_seccomp_profile(std::string_view text) {
  SUIT_LET(const Json document, parse_json(text));
  Walk walk(PlaceStyle::Pointer);
  const Cursor root(walk, &document, "");
  SeccompProfile out;
  out.base = read_base(root);
  for (const Cursor& item : root.member("archMap").items()) {
    const std::string name = item.required("architecture").text();
    out.arch_map[name] = item.member("subArchitectures").texts();
  }
  if (!out.arch_map.empty() && !out.base.architectures.empty())
    root.member("architectures").refuse("and archMap must not be given together");
  for (const Cursor& item : root.member("syscalls").items()) {
    ProfileRule rule{read_rule(item), read_condition(item.member("includes")),
                     read_condition(item.member("excludes")), item.member("comment").text()};
    out.rules.push_back(std::move(rule));
  }
  return walk.finish(std::move(out));
}

Json to_value(const Seccomp& seccomp) {
  Json out = Json::object();
  out.set("defaultAction", name_of(seccomp.default_action));
  if (seccomp.default_errno_ret) out.set("defaultErrnoRet", *seccomp.default_errno_ret);
  if (!seccomp.architectures.empty()) out.set("architectures", seccomp.architectures);
  if (seccomp.flags) out.set("flags", *seccomp.flags);
  if (!seccomp.listener_path.empty()) out.set("listenerPath", seccomp.listener_path);
  if (!seccomp.listener_metadata.empty()) out.set("listenerMetadata", seccomp.listener_metadata);
  if (seccomp.syscalls.empty()) return out;
  Json rules = Json::array();
  for (const SeccompRule& rule : seccomp.syscalls)
    rules.push(to_value(rule));
  out.set("syscalls", std::move(rules));
  return out;
}

}  // namespace suit::oci
