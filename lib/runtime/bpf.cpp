#include "runtime/bpf.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace suit::runtime {
namespace {

// A conditional jump holds its distance in 8 bits.
constexpr std::size_t kReach = 255;

}  // namespace

BpfAssembler::Label BpfAssembler::push(std::uint16_t code, std::uint32_t value, std::size_t if_true,
                                       std::size_t if_false) {
  reversed_.push_back(
      {code, static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), value});
  return reversed_.size() - 1;
}

BpfAssembler::Label BpfAssembler::ret(std::uint32_t value) {
  // One that is near serves everybody; half of the reach leaves room for what comes between.
  auto [found, is_new] = returns_.try_emplace(value, 0);
  if (is_new || reversed_.size() - found->second > kReach / 2)
    found->second = push(BPF_RET | BPF_K, value);
  return found->second;
}

// A label that falls through: the instruction before the next one to be written.
BpfAssembler::Label BpfAssembler::at_top(Label label) {
  if (label + 1 == reversed_.size()) return label;
  if (BPF_CLASS(reversed_[label].code) == BPF_RET)
    return push(reversed_[label].code, reversed_[label].k);
  return push(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(reversed_.size() - label - 1));
}

// The label, or one that leads there and is within reach after \p room more instructions.
BpfAssembler::Label BpfAssembler::near(Label label, std::size_t room) {
  return reversed_.size() + room - label - 1 <= kReach ? label : at_top(label);
}

BpfAssembler::Label BpfAssembler::load(std::uint32_t offset, Label next) {
  at_top(next);
  return push(BPF_LD | BPF_W | BPF_ABS, offset);
}

BpfAssembler::Label BpfAssembler::mask(std::uint32_t mask, Label next) {
  at_top(next);
  return push(BPF_ALU | BPF_AND | BPF_K, mask);
}

BpfAssembler::Label BpfAssembler::jump(Test test, std::uint32_t value, Label if_true,
                                       Label if_false) {
  // Reaching for the one may push the other away by an instruction.
  if_true = near(if_true, 1);
  if_false = near(if_false, 0);
  const std::size_t at = reversed_.size();
  return push(static_cast<std::uint16_t>(BPF_JMP | static_cast<std::uint16_t>(test) | BPF_K), value,
              at - if_true - 1, at - if_false - 1);
}

Result<std::vector<sock_filter>> BpfAssembler::finish(Label entry) {
  at_top(entry);
  if (reversed_.size() > BPF_MAXINSNS)
    return fail(0, fmt::format("the filter needs {} instructions, and the kernel takes {}",
                               reversed_.size(), BPF_MAXINSNS));
  return std::vector<sock_filter>(reversed_.rbegin(), reversed_.rend());
}

Result<std::uint32_t> run_filter(std::span<const sock_filter> program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    bool holds = false;
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (op.k > sizeof data - sizeof accumulator)
          return fail(0, fmt::format("instruction {} loads from offset {}", at, op.k));
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + op.k, sizeof accumulator);
        continue;
      case BPF_LD | BPF_MEM:
      case BPF_ST:
        if (op.k >= memory.size())
          return fail(0, fmt::format("instruction {} uses memory word {}", at, op.k));
        if (op.code == BPF_ST)
          memory[op.k] = accumulator;
        else
          accumulator = memory[op.k];
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= op.k;
        continue;
      case BPF_RET | BPF_K:
        return op.k;
      case BPF_JMP | BPF_JA:
        at += op.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        holds = accumulator == op.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        holds = accumulator >= op.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        holds = accumulator > op.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        holds = (accumulator & op.k) != 0;
        break;
      default:
        return fail(0, fmt::format("instruction {} has the code {:#x}", at, op.code));
    }
    at += holds ? op.jt : op.jf;
  }
  return fail(0, "the program runs off its end");
}

}  // namespace suit::runtime
