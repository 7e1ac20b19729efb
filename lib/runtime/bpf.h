/// \file
/// Classic BPF: an assembler that works from the end of a program to its beginning, and a machine
/// that runs one.
///
/// A jump of classic BPF goes forward only and at most 255 instructions, so what it leads to must
/// be written, and its distance known, before the jump. Written backwards, both come by themselves:
/// every target is there already. Targets that have moved too far away are copied (a return is one
/// instruction) or reached over an unconditional jump, which goes any distance.
/// \source bpf(4) of BSD, Documentation/networking/filter.rst of Linux, seccomp(2)

#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"

namespace suit::runtime {

/// What a conditional jump asks of the accumulator and its constant.
enum class Test : std::uint16_t {
  Equal = BPF_JEQ,
  GreaterEqual = BPF_JGE,
  Greater = BPF_JGT,
  AnyBit = BPF_JSET
};

class BpfAssembler {
 public:
  /// An instruction that is there already: its number, counted from the end of the program.
  using Label = std::size_t;

  Label ret(std::uint32_t value);
  /// Loads the word at \p offset of seccomp_data, then goes on at \p next.
  Label load(std::uint32_t offset, Label next);
  /// Keeps the bits of \p mask, then goes on at \p next.
  Label mask(std::uint32_t mask, Label next);
  Label jump(Test test, std::uint32_t value, Label if_true, Label if_false);
  std::size_t size() const { return reversed_.size(); }
  /// The program that begins at \p entry.
  /// \errors 0 when it is longer than the kernel takes (4096 instructions)
  Result<std::vector<sock_filter>> finish(Label entry);

 private:
  Label push(std::uint16_t code, std::uint32_t value, std::size_t if_true = 0,
             std::size_t if_false = 0);
  Label at_top(Label label);
  Label near(Label label, std::size_t room);
  std::vector<sock_filter> reversed_;
  std::map<std::uint32_t, Label> returns_;
};

/// What \p program answers to \p data, as the kernel would run it.
/// \errors 0 for a program that the kernel would refuse: it runs off its end, or is not seccomp's
Result<std::uint32_t> run_filter(std::span<const sock_filter> program, const seccomp_data& data);

}  // namespace suit::runtime
