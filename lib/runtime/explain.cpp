#include "runtime/explain.h"

#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/steps.h"
#include "runtime/render.h"

namespace suit::runtime {
namespace {

// One lane, with what is known about its run.
struct Lane {
  const std::vector<Op>& ops;
  std::span<const std::chrono::nanoseconds> starts;
  std::span<const std::int64_t> results;
  bool is_timed() const { return results.size() == ops.size(); }
  bool ran(std::size_t i) const { return !is_timed() || results[i] != Timeline::kNotRun; }
};

Lane host_lane(const LaunchPlan& plan, const Timeline* timeline) {
  if (!timeline) return {plan.host, {}, {}};
  return {plan.host, timeline->host, timeline->host_results};
}

Lane container_lane(const LaunchPlan& plan, const Timeline* timeline) {
  if (!timeline) return {plan.container, {}, {}};
  return {plan.container, timeline->container, timeline->container_results};
}

// The exec that worked never comes back to report.
bool replaced_itself(const Lane& lane, std::size_t i) {
  bool is_exec = lane.ops[i].call == Call::execve || lane.ops[i].call == Call::execveat;
  return lane.is_timed() && is_exec && lane.starts[i].count() != 0 &&
         lane.results[i] == Timeline::kNotRun;
}

// Descriptors as the lane goes on: each op's result replaces its slot.
class SlotValues {
 public:
  SlotValues(const Timeline* timeline, bool is_host) {
    if (!timeline) return;
    values_ = timeline->slots;
    if (is_host && values_.size() > kSlotReportWrite) return;
  }
  void after(const Op& op, const Lane& lane, std::size_t i) {
    if (lane.is_timed() && op.result != kSlotNone && lane.results[i] >= 0 &&
        op.result < values_.size())
      values_[op.result] = static_cast<int>(lane.results[i]);
  }
  std::span<const int> values() const { return values_; }

 private:
  std::vector<int> values_;
};

void append_calls(std::string& out, const LaunchPlan& plan, const Lane& lane,
                  const Timeline* timeline, bool is_host) {
  SlotValues slots(timeline, is_host);
  const Step* current = nullptr;
  std::uint32_t pointer = 0;
  for (std::size_t i = 0; i < lane.ops.size(); ++i) {
    const Op& op = lane.ops[i];
    bool is_exec = replaced_itself(lane, i);
    if (!lane.ran(i) && !is_exec) continue;
    const Step* step = &all_steps()[op.step];
    if (step != current || op.pointer != pointer) {
      std::string_view from = plan.string_at(op.pointer);
      if (step != current)
        out +=
            fmt::format("\n  {}  ({}, {})\n    {}\n", step->title, step->id, step->man, step->why);
      if (!from.empty()) out += fmt::format("    from {}\n", from);
      current = step;
      pointer = op.pointer;
    }
    std::string call = render_call(plan, op, slots.values());
    if (is_exec)
      out += fmt::format("{:>10.1f} us  {}\n", static_cast<double>(lane.starts[i].count()) / 1e3,
                         call);
    else if (lane.is_timed())
      out +=
          fmt::format("{:>10.1f} us  {} = {}\n", static_cast<double>(lane.starts[i].count()) / 1e3,
                      call, render_result(op, lane.results[i]));
    else
      out += fmt::format("      {}\n", call);
    slots.after(op, lane, i);
  }
}

oci::Json lane_json(const LaunchPlan& plan, const Lane& lane, const Timeline* timeline,
                    bool is_host) {
  oci::Json out = oci::Json::array();
  SlotValues slots(timeline, is_host);
  for (std::size_t i = 0; i < lane.ops.size(); ++i) {
    const Op& op = lane.ops[i];
    const Step& step = all_steps()[op.step];
    oci::Json entry = oci::Json::object();
    entry.set("step", step.id)
        .set("title", step.title)
        .set("why", step.why)
        .set("without", step.without);
    entry.set("man", step.man)
        .set("tutorial", step.tutorial)
        .set("pointer", plan.string_at(op.pointer));
    entry.set("process", is_host && (op.when & kWhenInChild) == 0 ? "engine" : "container");
    entry.set("call", call_name(op.call)).set("text", render_call(plan, op, slots.values()));
    if (lane.is_timed()) {
      bool is_exec = replaced_itself(lane, i);
      entry.set("ran", lane.ran(i) || is_exec);
      if (lane.ran(i)) entry.set("result", lane.results[i]);
      if (lane.ran(i) || is_exec)
        entry.set("start_us", static_cast<double>(lane.starts[i].count()) / 1e3);
    }
    slots.after(op, lane, i);
    out.push(std::move(entry));
  }
  return out;
}

}  // namespace

std::string explain_text(const LaunchPlan& plan, const Timeline* timeline) {
  if (timeline && timeline->host.empty()) timeline = nullptr;
  std::string out = fmt::format("container {}\n\nin the engine:\n", plan.id);
  append_calls(out, plan, host_lane(plan, timeline), timeline, true);
  out += "\nin the container, by suit-init:\n";
  append_calls(out, plan, container_lane(plan, timeline), timeline, false);
  for (const std::string& warning : plan.warnings)
    out += fmt::format("\nwarning: {}\n", warning);
  return out;
}

oci::Json explain_json(const LaunchPlan& plan, const Timeline* timeline) {
  if (timeline && timeline->host.empty()) timeline = nullptr;
  oci::Json out = oci::Json::object();
  out.set("id", plan.id);
  out.set("host", lane_json(plan, host_lane(plan, timeline), timeline, true));
  out.set("container", lane_json(plan, container_lane(plan, timeline), timeline, false));
  out.set("warnings", oci::Json(plan.warnings));
  return out;
}

std::string dump_plan(const LaunchPlan& plan) {
  std::string out;
  for (const auto* lane : {&plan.host, &plan.container}) {
    out += lane == &plan.host ? "host\n" : "container\n";
    for (const Op& op : *lane) {
      out += fmt::format("  {:<20} {}", all_steps()[op.step].id, render_call(plan, op));
      if (op.result != kSlotNone) out += fmt::format(" -> {}", plan.slot_names[op.result]);
      if (op.skip_ok != 0) out += fmt::format(" [ok: skip {}]", op.skip_ok);
      if (op.tolerates != 0)
        out += fmt::format(" [may fail: {:#x}, skip {}]", op.tolerates, op.skip_failed);
      if (op.when != 0) out += fmt::format(" [when {:#x}]", op.when);
      out += '\n';
    }
  }
  for (const std::string& warning : plan.warnings)
    out += fmt::format("warning: {}\n", warning);
  return out;
}

}  // namespace suit::runtime
