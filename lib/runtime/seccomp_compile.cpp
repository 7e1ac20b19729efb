// The compiler: a filter's rules become one program.
//
// Every call of every process runs through the program, so its length on the way to an answer
// counts. libseccomp tests the numbers one after the other, or in a tree of equalities over three
// tables; here the rules are turned into intervals of numbers with the same answer ("0 to 100 are
// allowed, 101 is not, …"), and the program is a binary search over where intervals begin:
//
//     ld arch          x86-64?  ──> ld nr ── nr >= 161? ── nr >= 101? ── allow
//                      i386?    ──> ld nr ── …                └─ ptrace's arguments
//                      else kill
//
// x86-64 and x32 are one architecture to the kernel: x32's numbers have bit 30 set, so they are the
// upper part of the same search. Docker's profile has some 60 intervals; an answer costs 8 to 10
// instructions, wherever the call stands in the table.

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <map>

#include <fmt/format.h>

#include "base/suggest.h"
#include "runtime/bpf.h"
#include "runtime/seccomp.h"

namespace suit::runtime {
namespace {

using oci::SeccompAction;
using oci::SeccompArgument;
using oci::SeccompOperator;
using Label = BpfAssembler::Label;

constexpr std::uint32_t kUnknownArch = SECCOMP_RET_KILL_THREAD;  // libseccomp's default
// A tracer that skips a call leaves this number; it is nobody's and must not kill.
constexpr std::uint32_t kSkipped = 0xffffffff;

// Arguments that must all match, and what then happens.
struct Branch {
  std::vector<SeccompArgument> when;
  std::uint32_t answer = 0;
  friend bool operator==(const Branch&, const Branch&) = default;
};

// What a filter does with one number: the first branch that matches, or the rest.
struct Verdict {
  std::vector<Branch> branches;
  std::uint32_t otherwise = 0;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Numbers from `start` up to the next interval have one verdict.
struct Interval {
  std::uint32_t start = 0;
  Verdict verdict;
};

std::uint32_t answer_of(SeccompAction action, std::optional<std::uint32_t> errno_ret) {
  const std::uint32_t data = errno_ret.value_or(EPERM);
  switch (action) {
    case SeccompAction::KillThread:
      return SECCOMP_RET_KILL_THREAD;
    case SeccompAction::KillProcess:
      return SECCOMP_RET_KILL_PROCESS;
    case SeccompAction::Trap:
      return SECCOMP_RET_TRAP;
    case SeccompAction::Errno:
      return SECCOMP_RET_ERRNO | data;
    case SeccompAction::Trace:
      return SECCOMP_RET_TRACE | data;
    case SeccompAction::Allow:
      return SECCOMP_RET_ALLOW;
    case SeccompAction::Log:
      return SECCOMP_RET_LOG;
    case SeccompAction::Notify:
      break;  // refused before
  }
  return SECCOMP_RET_KILL_PROCESS;
}

// The rules of one architecture, by number.
class Table {
 public:
  Table(Arch arch, std::uint32_t by_default) : arch_(arch), default_(by_default) {}

  void add(const oci::SeccompRule& rule) {
    const std::uint32_t answer = answer_of(rule.action, rule.errno_ret);
    for (const std::string& name : rule.names) {
      if (const auto number = syscall_number(arch_, name)) {
        last_named_ = std::max(last_named_, *number);
        if (answer != default_) add(*number, rule.args, answer);
      }
      // On i386 the call may come through its multiplexer. The arguments are then in memory, where
      // no filter sees them: what is denied by them there would have to be allowed.
      const auto door = arch_ == Arch::X86 ? multiplexed(name) : std::nullopt;
      if (!door || answer == default_) continue;
      std::vector<SeccompArgument> args = {{0, door->operation, 0, SeccompOperator::Equal}};
      add(*syscall_number(arch_, door->call), args, answer);
    }
  }

  // Appends the intervals of this table; numbers begin at \p base.
  void append_to(std::vector<Interval>& out, std::uint32_t base, bool newer_are_unknown) const {
    std::uint32_t next = base;
    append(out, base, {{}, default_});
    for (const auto& [number, verdict] : verdicts_) {
      if (number > next) append(out, next, {{}, default_});
      append(out, number, verdict);
      next = number + 1;
    }
    append(out, next, {{}, default_});
    if (newer_are_unknown && last_named_ >= base)
      append(out, last_named_ + 1, {{}, SECCOMP_RET_ERRNO | ENOSYS});
  }

  static void append(std::vector<Interval>& out, std::uint32_t start, Verdict verdict) {
    if (!out.empty() && out.back().start == start) out.pop_back();
    if (out.empty() || !(out.back().verdict == verdict)) out.push_back({start, std::move(verdict)});
  }

 private:
  void add(std::uint32_t number, const std::vector<SeccompArgument>& args, std::uint32_t answer) {
    auto [found, is_new] = verdicts_.try_emplace(number, Verdict{{}, default_});
    Verdict& verdict = found->second;
    // A rule without arguments covers all others, whichever came first.
    if (!is_new && verdict.branches.empty()) return;
    if (args.empty()) {
      verdict = {{}, answer};
      return;
    }
    for (Branch& branch : branches_of(args, answer))
      if (std::ranges::find(verdict.branches, branch) == verdict.branches.end())
        verdict.branches.push_back(std::move(branch));
  }

  // Several comparisons of one argument are alternatives (runtime-spec by way of runc and crun).
  static std::vector<Branch> branches_of(const std::vector<SeccompArgument>& args,
                                         std::uint32_t answer) {
    std::array<int, 6> uses{};
    for (const SeccompArgument& argument : args)
      ++uses[argument.index];
    if (std::ranges::all_of(uses, [](int count) { return count <= 1; })) return {{args, answer}};
    std::vector<Branch> out;
    for (const SeccompArgument& argument : args)
      out.push_back({{argument}, answer});
    return out;
  }

  Arch arch_;
  std::uint32_t default_;
  std::uint32_t last_named_ = 0;
  std::map<std::uint32_t, Verdict> verdicts_;
};

std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

// Where the halves of an argument lie: seccomp_data is in the machine's order, little-endian here.
std::uint32_t low_word(unsigned index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * index);
}
std::uint32_t high_word(unsigned index) { return low_word(index) + 4; }

// Writes the programs of verdicts and searches.
class Emitter {
 public:
  explicit Emitter(BpfAssembler& out) : out_(out) {}

  Label search(std::span<const Interval> intervals, Arch arch) {
    // Arguments of 32-bit calls have a lower half only; so has libseccomp's x32.
    const bool is_wide = arch != Arch::X86 && intervals[0].start < kX32Bit;
    if (intervals.size() == 1) return verdict(intervals[0].verdict, is_wide);
    const std::size_t middle = intervals.size() / 2;
    const Label above = search(intervals.subspan(middle), arch);
    const Label below = search(intervals.first(middle), arch);
    return out_.jump(Test::GreaterEqual, intervals[middle].start, above, below);
  }

 private:
  Label verdict(const Verdict& verdict, bool is_wide) {
    Label next = out_.ret(verdict.otherwise);
    std::size_t end = verdict.branches.size();
    while (end > 0) {
      const std::size_t begin = list_before(verdict.branches, end, is_wide);
      if (end - begin > 1) {
        next = value_list(std::span(verdict.branches).subspan(begin, end - begin), is_wide, next);
        end = begin;
        continue;
      }
      const Branch& branch = verdict.branches[--end];
      Label pass = out_.ret(branch.answer);
      for (auto it = branch.when.rbegin(); it != branch.when.rend(); ++it)
        pass = condition(*it, is_wide, pass, next);
      next = pass;
    }
    return next;
  }

  // A test that is decided by the lower half once the upper half is known to be equal.
  static bool is_list_item(const Branch& branch, bool is_wide) {
    if (branch.when.size() != 1) return false;
    const SeccompArgument& argument = branch.when[0];
    if (argument.op == SeccompOperator::Equal) return true;
    return argument.op == SeccompOperator::Less && (!is_wide || high(argument.value) == 0);
  }

  // Where the run of list items that ends before \p end begins.
  static std::size_t list_before(const std::vector<Branch>& branches, std::size_t end,
                                 bool is_wide) {
    const SeccompArgument& last = branches[end - 1].when[0];
    std::size_t begin = end;
    while (begin > 0 && is_list_item(branches[begin - 1], is_wide) &&
           branches[begin - 1].when[0].index == last.index &&
           (!is_wide || high(branches[begin - 1].when[0].value) == high(last.value)))
      --begin;
    return begin;
  }

  // "One of these values": both halves are loaded once.
  Label value_list(std::span<const Branch> branches, bool is_wide, Label otherwise) {
    const SeccompArgument& first = branches[0].when[0];
    Label next = otherwise;
    for (auto it = branches.rbegin(); it != branches.rend(); ++it) {
      const SeccompArgument& argument = it->when[0];
      const Label pass = out_.ret(it->answer);
      next = argument.op == SeccompOperator::Equal
                 ? out_.jump(Test::Equal, low(argument.value), pass, next)
                 : out_.jump(Test::GreaterEqual, low(argument.value), next, pass);
    }
    next = out_.load(low_word(first.index), next);
    if (!is_wide) return next;
    next = out_.jump(Test::Equal, high(first.value), next, otherwise);
    return out_.load(high_word(first.index), next);
  }

  Label condition(const SeccompArgument& argument, bool is_wide, Label pass, Label fail) {
    const Label lower = lower_half(argument, pass, fail);
    if (!is_wide) return lower;
    const std::uint32_t value = high(argument.value);
    switch (argument.op) {
      case SeccompOperator::Equal:
        return upper(argument, out_.jump(Test::Equal, value, lower, fail));
      case SeccompOperator::NotEqual:
        return upper(argument, out_.jump(Test::Equal, value, lower, pass));
      case SeccompOperator::Greater:
      case SeccompOperator::GreaterEqual: {
        const Label equal = out_.jump(Test::Equal, value, lower, fail);
        return upper(argument, out_.jump(Test::Greater, value, pass, equal));
      }
      case SeccompOperator::Less:
      case SeccompOperator::LessEqual: {
        const Label equal = out_.jump(Test::Equal, value, lower, pass);
        return upper(argument, out_.jump(Test::Greater, value, fail, equal));
      }
      case SeccompOperator::MaskedEqual:
        break;
    }
    if (value == 0) return lower;  // nothing of the upper half counts
    const Label equal =
        out_.jump(Test::Equal, high(argument.value_two & argument.value), lower, fail);
    return upper(argument, out_.mask(value, equal));
  }

  Label upper(const SeccompArgument& argument, Label next) {
    return out_.load(high_word(argument.index), next);
  }

  Label lower_half(const SeccompArgument& argument, Label pass, Label fail) {
    const std::uint32_t value = low(argument.value);
    Label test = 0;
    switch (argument.op) {
      case SeccompOperator::Equal:
        test = out_.jump(Test::Equal, value, pass, fail);
        break;
      case SeccompOperator::NotEqual:
        test = out_.jump(Test::Equal, value, fail, pass);
        break;
      case SeccompOperator::Greater:
        test = out_.jump(Test::Greater, value, pass, fail);
        break;
      case SeccompOperator::GreaterEqual:
        test = out_.jump(Test::GreaterEqual, value, pass, fail);
        break;
      case SeccompOperator::Less:
        test = out_.jump(Test::GreaterEqual, value, fail, pass);
        break;
      case SeccompOperator::LessEqual:
        test = out_.jump(Test::Greater, value, fail, pass);
        break;
      case SeccompOperator::MaskedEqual:
        test = out_.jump(Test::Equal, low(argument.value_two) & value, pass, fail);
        test = out_.mask(value, test);
        break;
    }
    return out_.load(low_word(argument.index), test);
  }

  BpfAssembler& out_;
};

bool allows(SeccompAction action) {
  return action == SeccompAction::Allow || action == SeccompAction::Log;
}

Result<void> check_actions(const oci::Seccomp& seccomp) {
  constexpr std::string_view kHint = "use another action, or run the bundle with crun or runc";
  if (seccomp.default_action == SeccompAction::Notify)
    return fail(0, "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY is not supported",
                std::string(kHint));
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i)
    if (seccomp.syscalls[i].action == SeccompAction::Notify)
      return fail(
          0, fmt::format("/linux/seccomp/syscalls/{}/action: SCMP_ACT_NOTIFY is not supported", i),
          std::string(kHint));
  if (!seccomp.listener_path.empty())
    return fail(0, "/linux/seccomp/listenerPath: a listener is not supported", std::string(kHint));
  return {};
}

Result<std::uint32_t> flag_bits(const oci::Seccomp& seccomp) {
  // A program must ask for the mitigation of Spectre 4 itself, as without a filter (runc, crun).
  if (!seccomp.flags) return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  struct Flag {
    std::string_view name;
    std::uint32_t bit;
  };
  constexpr std::array<Flag, 3> kFlags = {
      {{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
       {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
       // One thread has all threads in step.
       {"SECCOMP_FILTER_FLAG_TSYNC", 0}}};
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < seccomp.flags->size(); ++i) {
    const std::string& name = (*seccomp.flags)[i];
    const auto* found = std::ranges::find(kFlags, name, &Flag::name);
    if (found == kFlags.end())
      return fail(0, fmt::format("/linux/seccomp/flags/{}: \"{}\" is not supported", i, name));
    bits |= found->bit;
  }
  return bits;
}

// The tables that a process of this machine can reach: the native one always, as in libseccomp.
std::vector<Arch> arches_of(const oci::Seccomp& seccomp) {
  std::vector<Arch> out = {native_arch()};
  for (const std::string& name : seccomp.architectures)
    if (const auto arch = arch_named(name))
      if (native_arch() == Arch::X86_64 && *arch != Arch::Aarch64 &&
          std::ranges::find(out, *arch) == out.end())
        out.push_back(*arch);
  return out;
}

}  // namespace

Result<SeccompFilter> compile_seccomp(const oci::Seccomp& seccomp, Newer newer) {
  SUIT_TRY(check_actions(seccomp));
  SeccompFilter filter;
  SUIT_LET(filter.flags, flag_bits(seccomp));
  const std::uint32_t by_default = answer_of(seccomp.default_action, seccomp.default_errno_ret);
  const bool unknown = newer == Newer::NoSuchCall && !allows(seccomp.default_action);
  std::map<Arch, std::vector<Interval>> spaces;
  for (const Arch arch : arches_of(seccomp)) {
    Table table(arch, by_default);
    for (const oci::SeccompRule& rule : seccomp.syscalls)
      table.add(rule);
    table.append_to(spaces[arch], arch == Arch::X32 ? kX32Bit : 0, unknown);
  }
  if (native_arch() == Arch::X86_64) {
    // x32 continues the search where its numbers begin; without it they are a way around the rules.
    std::vector<Interval>& native = spaces[Arch::X86_64];
    const auto x32 = spaces.extract(Arch::X32);
    if (x32.empty()) {
      Table::append(native, kX32Bit, {{}, kUnknownArch});
      Table::append(native, kSkipped, {{}, by_default});
    } else {
      for (const Interval& interval : x32.mapped())
        Table::append(native, interval.start, interval.verdict);
    }
  }
  BpfAssembler assembler;
  Emitter emitter(assembler);
  Label next = assembler.ret(kUnknownArch);
  for (const auto& [arch, intervals] : spaces) {
    const Label search = emitter.search(intervals, arch);
    const Label entry = assembler.load(offsetof(seccomp_data, nr), search);
    next = assembler.jump(Test::Equal, audit_arch(arch), entry, next);
  }
  SUIT_LET(filter.program, assembler.finish(assembler.load(offsetof(seccomp_data, arch), next)));
  return filter;
}

}  // namespace suit::runtime
