// What else a process is born with: scheduling, personality, session keyring.

#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sys/personality.h>

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "base/suggest.h"
#include "runtime/builder_internal.h"

namespace suit::runtime {
namespace {

// struct sched_attr of sched_setattr(2), its first version; the kernel's header and the library's
// exclude each other.
struct SchedulingAttributes {
  std::uint32_t size = 48;
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

struct Word {
  std::string_view name;
  std::uint32_t value;
};
constexpr std::array<Word, 6> kPolicies = {{{"SCHED_OTHER", SCHED_NORMAL},
                                            {"SCHED_FIFO", SCHED_FIFO},
                                            {"SCHED_RR", SCHED_RR},
                                            {"SCHED_BATCH", SCHED_BATCH},
                                            {"SCHED_IDLE", SCHED_IDLE},
                                            {"SCHED_DEADLINE", SCHED_DEADLINE}}};
constexpr std::array<Word, 7> kSchedulerFlags = {
    {{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
     {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
     {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
     {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
     {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
     {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
     {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX}}};

Result<std::uint32_t> value_of(std::span<const Word> words, std::string_view pointer,
                               const std::string& name) {
  for (const Word& word : words)
    if (word.name == name) return word.value;
  std::vector<std::string_view> names;
  for (const Word& word : words)
    names.push_back(word.name);
  return fail(0, fmt::format("{}: \"{}\" is unknown{}", pointer, name, did_you_mean(name, names)));
}

Result<void> plan_scheduler(Builder& b, const oci::Scheduler& wanted) {
  SchedulingAttributes attributes;
  SUIT_LET(attributes.policy, value_of(kPolicies, "/process/scheduler/policy", wanted.policy));
  for (const std::string& flag : wanted.flags) {
    SUIT_LET(std::uint32_t bit, value_of(kSchedulerFlags, "/process/scheduler/flags", flag));
    attributes.flags |= bit;
  }
  bool is_realtime = attributes.policy == SCHED_FIFO || attributes.policy == SCHED_RR;
  if (is_realtime != (wanted.priority != 0))
    return fail(0,
                fmt::format("/process/scheduler/priority: {} is not one of {}", wanted.priority,
                            wanted.policy),
                "SCHED_FIFO and SCHED_RR take 1 to 99, the others none");
  bool has_times = wanted.runtime != 0 || wanted.deadline != 0 || wanted.period != 0;
  if (has_times && attributes.policy != SCHED_DEADLINE)
    return fail(0, "/process/scheduler: runtime, deadline and period are SCHED_DEADLINE's");
  attributes.nice = wanted.nice;
  attributes.priority = wanted.priority;
  attributes.runtime = wanted.runtime;
  attributes.deadline = wanted.deadline;
  attributes.period = wanted.period;
  b.step("process.scheduler", "/process/scheduler");
  b.op(Call::sched_setattr, {Builder::number(0), b.data(attributes), Builder::number(0)});
  return {};
}

void plan_io_priority(Builder& b, const oci::IoPriority& wanted) {
  // ioprio_set(2): the class above bit 13. The reader knows no other names than these.
  constexpr int kClassShift = 13, kWhoProcess = 1;
  int klass = wanted.klass == "IOPRIO_CLASS_RT" ? 1 : wanted.klass == "IOPRIO_CLASS_BE" ? 2 : 3;
  b.step("process.io_priority", "/process/ioPriority");
  b.op(Call::ioprio_set, {Builder::number(kWhoProcess), Builder::number(0),
                          Builder::number(klass << kClassShift | wanted.priority)});
}

// The label waits in the process's attribute until the exec. Through the host's /proc, as all
// writes.
void plan_label(Builder& b, std::string_view pointer, std::string_view attribute,
                const std::string& text) {
  if (text.empty()) return;
  b.step("process.label", pointer);
  plan_write(b, attribute, text);
}

}  // namespace

Result<void> plan_setting(Builder& b, const PlanInput& in) {
  const oci::Process& process = in.spec.process;
  if (process.scheduler) SUIT_TRY(plan_scheduler(b, *process.scheduler));
  if (process.io_priority) plan_io_priority(b, *process.io_priority);
  if (!in.spec.linux_.personality.empty()) {
    b.step("process.personality", "/linux/personality");
    b.op(Call::personality,
         {Builder::number(in.spec.linux_.personality == "LINUX32" ? PER_LINUX32 : PER_LINUX)});
  }
  if (in.options.new_keyring) {
    b.step("process.keyring", "");
    // A host without keyrings, or a filter that denies them, has nothing to leak.
    Op& join = b.op(Call::keyctl,
                    {Builder::number(KEYCTL_JOIN_SESSION_KEYRING), b.text("_ses." + b.plan().id)});
    join.tolerates = kMayBeUnsupported;
  }
  plan_label(b, "/process/selinuxLabel", "/proc/self/attr/exec", process.selinux_label);
  if (!process.apparmor_profile.empty() && process.apparmor_profile != "unconfined")
    plan_label(b, "/process/apparmorProfile", "/proc/self/attr/apparmor/exec",
               "exec " + process.apparmor_profile);
  return {};
}

}  // namespace suit::runtime
