/// \file
/// What the planner's passes write with.

#pragma once

#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"
#include "runtime/seccomp.h"

namespace suit::runtime {

/// One argument of an op.
struct Value {
  Arg kind = Arg::Literal;
  std::int32_t word = 0;
};

/// Appends ops to one lane at a time. Each carries the current step and JSON pointer.
class Builder {
 public:
  explicit Builder(std::string_view id);

  /// Ops that follow belong to \p step (an id of base/steps.h) and come from \p pointer.
  Builder& step(std::string_view step, std::string_view pointer);
  void in_host_lane() { lane_ = &plan_.host; }
  void in_container_lane() { lane_ = &plan_.container; }

  // Arguments.
  static Value number(std::int64_t value) {
    return {Arg::Literal, static_cast<std::int32_t>(value)};
  }
  static Value slot(std::uint8_t slot) { return {Arg::Slot, slot}; }
  static Value address_of(std::uint8_t slot) { return {Arg::SlotAddress, slot}; }
  static Value supplied(Extern word) { return {Arg::Extern, static_cast<std::int32_t>(word)}; }
  static Value null() { return {}; }
  /// `write(file, text)`
  Op& write(std::uint8_t file, std::string_view text);
  /// Makes the word at \p at of the text table, a text offset, an address when the plan is run.
  void address_at(std::uint32_t at) { plan_.pointers.push_back(at); }
  Value text(std::string_view text);
  /// A struct, 8-aligned.
  template <typename T>
  Value data(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return bytes({reinterpret_cast<const char*>(&value), sizeof value});
  }
  Value bytes(std::string_view bytes);

  /// Appends `call(args…)`; the reference is valid until the next op.
  Op& op(Call call, std::initializer_list<Value> args);
  /// A fresh slot. \p name is shown as `<name>`. When all are taken, `slots_exhausted` is true
  /// from then on.
  std::uint8_t new_slot(std::string name);
  /// The slot called \p name, shared by all who ask: for what is used at once and then forgotten.
  std::uint8_t named_slot(std::string_view name);
  bool slots_exhausted() const { return slots_exhausted_; }
  void warn(std::string text) { plan_.warnings.push_back(std::move(text)); }
  std::size_t op_count() const { return lane_->size(); }
  Op& op_at(std::size_t index) { return (*lane_)[index]; }
  LaunchPlan& plan() { return plan_; }

 private:
  LaunchPlan plan_;
  std::vector<Op>* lane_;
  std::unordered_map<std::string, std::int32_t> texts_;
  std::uint16_t step_ = 0;
  std::uint32_t pointer_ = 0;
  bool slots_exhausted_ = false;
};

/// What every pass reads.
struct PlanInput {
  const oci::Spec& spec;
  const HostFacts& facts;
  const PlanOptions& options;
  const SeccompFilter* filter = nullptr;               ///< nullptr: none
  bool has_namespace(std::string_view type) const;     ///< a new one is asked for
  bool joins_namespace(std::string_view type) const;   ///< joined by path
  bool shares_namespace(std::string_view type) const;  ///< joined by path, or the host's
  /// Ours, or one of the container's own.
  bool in_user_namespace() const;
  /// Whether group \p gid exists in the container's user namespace.
  bool maps_gid(std::uint64_t gid) const;
  /// The first process waits at the rendezvous for hooks.
  bool has_rendezvous() const;
  /// Parent and child talk before the program runs.
  bool has_sync() const {
    return has_rendezvous() || has_namespace("user") || options.waits_for_start;
  }
};

// The passes, in the order of a start. Each appends to \p b.
Result<void> plan_host_lane(Builder& b, const PlanInput& in);
Result<void> plan_cgroups(Builder& b, const PlanInput& in);
void plan_report_and_helper(Builder& b, const PlanInput& in);
void plan_clone(Builder& b, const PlanInput& in, std::uint64_t namespaces);
Result<void> plan_isolation(Builder& b, const PlanInput& in);
Result<void> plan_mounts(Builder& b, const PlanInput& in);
void plan_hidden_paths(Builder& b, const PlanInput& in);
void plan_rendezvous(Builder& b, const PlanInput& in);
void plan_pivot(Builder& b, const PlanInput& in);
Result<void> plan_setting(Builder& b, const PlanInput& in);
void plan_terminal(Builder& b, const PlanInput& in, bool has_console_node);
Result<void> plan_process(Builder& b, const PlanInput& in, bool is_first = true);
void plan_program(Builder& b);

/// Texts and ids of a process that the kernel would read otherwise than we do.
Result<void> check_process(const oci::Process& process);
/// The `CLONE_NEW*` bit of a namespace type.
std::uint64_t namespace_flag(std::string_view type);
/// Limits that a process of a user namespace may not raise itself: set from outside.
void plan_raised_limits(Builder& b, const PlanInput& in);
/// Hides the helper from ptrace.
void plan_undumpable(Builder& b);
void plan_oom_score(Builder& b, const PlanInput& in);
/// Writes into a file of the host's /proc or /sys.
void plan_write(Builder& b, std::string_view path, std::string_view value);

/// A path with `//`, `.` and `..` resolved as text: `/a/../b//c/` is `/b/c`.
std::string clean_path(std::string_view path);

}  // namespace suit::runtime
