// Who may open which device: rules as lines of version 1, and as a program of version 2.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "runtime/cgroup.h"

namespace suit::runtime {
namespace {

// Any node may be made (mknod(2) alone does no harm); a few may be used.
const std::vector<oci::DeviceRule>& common_rules() {
  static const std::vector<oci::DeviceRule> rules = {
      {true, 'c', {}, {}, "m"},    {true, 'b', {}, {}, "m"},     // any node
      {true, 'c', 1, 3, "rwm"},    {true, 'c', 1, 5, "rwm"},     // null, zero
      {true, 'c', 1, 7, "rwm"},    {true, 'c', 1, 8, "rwm"},     // full, random
      {true, 'c', 1, 9, "rwm"},    {true, 'c', 5, 0, "rwm"},     // urandom, tty
      {true, 'c', 5, 1, "rwm"},    {true, 'c', 5, 2, "rwm"},     // console, ptmx
      {true, 'c', 136, {}, "rwm"}, {true, 'c', 10, 200, "rwm"},  // pts, net/tun
  };
  return rules;
}

constexpr unsigned kMake = BPF_DEVCG_ACC_MKNOD, kRead = BPF_DEVCG_ACC_READ,
                   kWrite = BPF_DEVCG_ACC_WRITE, kAllAccess = kMake | kRead | kWrite;

unsigned access_bits(std::string_view access) {
  unsigned bits = 0;
  for (char letter : access)
    bits |= letter == 'm' ? kMake : letter == 'r' ? kRead : letter == 'w' ? kWrite : 0;
  return bits;
}

bool is_for_all(const oci::DeviceRule& rule) {
  // The kernel reads `a` alone and nothing behind it.
  return rule.type == 'a';
}

// What a request is about, in registers: struct bpf_cgroup_dev_ctx taken apart.
constexpr std::uint8_t kContext = BPF_REG_1, kType = BPF_REG_2, kAccess = BPF_REG_3,
                       kMajor = BPF_REG_4, kMinor = BPF_REG_5, kAnswer = BPF_REG_0;

bpf_insn instruction(int code, std::uint8_t to, std::uint8_t from, int offset, std::int64_t value) {
  bpf_insn out{};
  out.code = static_cast<__u8>(code);
  out.dst_reg = to & 0xF;
  out.src_reg = from & 0xF;
  out.off = static_cast<__s16>(offset);
  out.imm = static_cast<__s32>(value);
  return out;
}

bpf_insn load(std::uint8_t to, int offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, to, kContext, offset, 0);
}
bpf_insn move(std::uint8_t to, std::uint8_t from) {
  return instruction(BPF_ALU | BPF_MOV | BPF_X, to, from, 0, 0);
}
bpf_insn with(int operation, std::uint8_t to, std::int64_t value) {
  return instruction(BPF_ALU | operation | BPF_K, to, 0, 0, value);
}
bpf_insn jump(int test, std::uint8_t left, std::int64_t value) {
  return instruction(BPF_JMP | test | BPF_K, left, 0, 0, value);
}

// One rule: every test that fails leads behind its answer.
void append_rule(std::vector<bpf_insn>& program, const oci::DeviceRule& rule) {
  std::vector<bpf_insn> part;
  std::vector<std::size_t> tests;
  auto test = [&](bpf_insn one) {
    tests.push_back(part.size());
    part.push_back(one);
  };
  unsigned bits = is_for_all(rule) ? kAllAccess : access_bits(rule.access);
  if (bits != kAllAccess) {
    // To allow, a rule covers all that is asked for; to deny, some of it.
    part.push_back(move(kAnswer, kAccess));
    part.push_back(with(BPF_AND, kAnswer, rule.allow ? kAllAccess & ~bits : bits));
    test(jump(rule.allow ? BPF_JNE : BPF_JEQ, kAnswer, 0));
  }
  if (rule.type != 'a')
    test(jump(BPF_JNE, kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
  if (rule.major && *rule.major >= 0) test(jump(BPF_JNE, kMajor, *rule.major));
  if (rule.minor && *rule.minor >= 0) test(jump(BPF_JNE, kMinor, *rule.minor));
  part.push_back(with(BPF_MOV, kAnswer, rule.allow ? 1 : 0));
  part.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  for (std::size_t at : tests)
    part[at].off = static_cast<__s16>(part.size() - at - 1);
  program.insert(program.end(), part.begin(), part.end());
}

}  // namespace

std::vector<oci::DeviceRule> device_rules(std::span<const oci::DeviceRule> rules) {
  std::vector<oci::DeviceRule> out;
  for (const oci::DeviceRule& rule : rules) {
    // What went before means nothing after a rule for all, and nothing is what we begin with.
    if (is_for_all(rule)) out.clear();
    if (!is_for_all(rule) || rule.allow) out.push_back(rule);
  }
  bool has_all = !out.empty() && is_for_all(out.back());
  if (!has_all) out.insert(out.end(), common_rules().begin(), common_rules().end());
  return out;
}

std::string device_rule_text(const oci::DeviceRule& rule) {
  if (is_for_all(rule)) return "a";
  auto number = [](const std::optional<std::int64_t>& value) {
    return value && *value >= 0 ? std::to_string(*value) : std::string("*");
  };
  return fmt::format("{} {}:{} {}", rule.type, number(rule.major), number(rule.minor), rule.access);
}

std::vector<bpf_insn> device_filter(std::span<const oci::DeviceRule> rules) {
  constexpr int kTypeBits = 16;  // access_type: the type below, what is asked for above
  std::vector<bpf_insn> program = {load(kType, 0),
                                   move(kAccess, kType),
                                   with(BPF_RSH, kAccess, kTypeBits),
                                   with(BPF_AND, kType, (1 << kTypeBits) - 1),
                                   load(kMajor, 4),
                                   load(kMinor, 8)};
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    append_rule(program, *rule);
    // Nothing comes after its answer: the kernel refuses code that is never reached.
    if (is_for_all(*rule)) return program;
  }
  program.push_back(with(BPF_MOV, kAnswer, 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return program;
}

}  // namespace suit::runtime
