#include <algorithm>
#include <cassert>
#include <utility>

#include "base/steps.h"
#include "runtime/builder_internal.h"

namespace suit::runtime {

Builder::Builder(std::string_view id) : lane_(&plan_.container) {
  plan_.id = id;
  plan_.text.reserve(8192);
  plan_.text.assign(8, '\0');  // offset 0 is the empty string, and no pointer to anything
  plan_.host.reserve(96);
  plan_.container.reserve(384);
  plan_.slot_names = {"rootfs",      "stdin",        "stdout", "stderr",
                      "report read", "report write", "helper", "plan",
                      "times",       "pidfd",        "cgroup", "device filter",
                      "attach type", "attach flags", "sync",   "sync of the child",
                      "start",       "console",      "target"};
  assert(plan_.slot_names.size() == kSlotFirstFree);
}

Builder& Builder::step(std::string_view step, std::string_view pointer) {
  const Step* found = find_step(step);
  assert(found && "a step that is not in base/steps.cpp");
  step_ = static_cast<std::uint16_t>(found - all_steps().data());
  pointer_ = static_cast<std::uint32_t>(text(pointer).word);
  return *this;
}

Value Builder::text(std::string_view text) {
  if (text.empty()) return {Arg::Text, 0};
  auto [at, is_new] = texts_.try_emplace(std::string(text), 0);
  if (is_new) {
    at->second = static_cast<std::int32_t>(plan_.text.size());
    plan_.text.append(text).push_back('\0');
  }
  return {Arg::Text, at->second};
}

Value Builder::bytes(std::string_view bytes) {
  plan_.text.resize((plan_.text.size() + 7) & ~std::size_t{7});
  auto offset = static_cast<std::int32_t>(plan_.text.size());
  plan_.text.append(bytes);
  return {Arg::Text, offset};
}

Op& Builder::op(Call call, std::initializer_list<Value> args) {
  Op op;
  op.step = step_;
  op.call = call;
  op.pointer = pointer_;
  op.argument_count = static_cast<std::uint8_t>(args.size());
  std::size_t i = 0;
  for (const Value& value : args) {
    op.kinds[i] = value.kind;
    op.args[i++] = value.word;
  }
  return lane_->emplace_back(op);
}

std::uint8_t Builder::new_slot(std::string name) {
  if (plan_.slot_names.size() >= kSlotCount) {
    slots_exhausted_ = true;
    return kSlotRootfs;  // any legal slot: the plan is refused
  }
  plan_.slot_names.push_back(std::move(name));
  return static_cast<std::uint8_t>(plan_.slot_names.size() - 1);
}

std::uint8_t Builder::named_slot(std::string_view name) {
  auto found = std::ranges::find(plan_.slot_names, name);
  if (found == plan_.slot_names.end()) return new_slot(std::string(name));
  return static_cast<std::uint8_t>(found - plan_.slot_names.begin());
}

bool PlanInput::has_namespace(std::string_view type) const {
  return std::ranges::any_of(spec.linux_.namespaces, [&](const oci::Namespace& ns) {
    return ns.type == type && ns.path.empty();
  });
}

Op& Builder::write(std::uint8_t file, std::string_view text) {
  return op(Call::write,
            {slot(file), this->text(text), number(static_cast<std::int64_t>(text.size()))});
}

bool PlanInput::joins_namespace(std::string_view type) const {
  return std::ranges::any_of(spec.linux_.namespaces, [&](const oci::Namespace& ns) {
    return ns.type == type && !ns.path.empty();
  });
}

bool PlanInput::in_user_namespace() const {
  return facts.in_user_namespace || has_namespace("user") || joins_namespace("user");
}

bool PlanInput::maps_gid(std::uint64_t gid) const {
  if (has_namespace("user"))
    return std::ranges::any_of(spec.linux_.gid_mappings, [&](const oci::IdMapping& map) {
      return gid >= map.container_id && gid - map.container_id < map.size;
    });
  return !facts.in_user_namespace || gid < facts.mapped_gids;
}

bool PlanInput::has_rendezvous() const {
  const oci::Hooks& hooks = spec.hooks;
  return !hooks.prestart.empty() || !hooks.create_runtime.empty() ||
         !hooks.create_container.empty();
}

bool PlanInput::shares_namespace(std::string_view type) const { return !has_namespace(type); }

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  std::string out;
  for (std::string_view part : parts)
    out.append("/").append(part);
  return out.empty() ? "/" : out;
}

}  // namespace suit::runtime
