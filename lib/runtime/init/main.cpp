/// \file
/// suit-init: the container's first process until the program takes over.
///
/// Started from a sealed memfd with two arguments, the number of the plan's descriptor and its
/// size. No libc, no heap, one thread: nothing of the host's lies in its memory, and what a hostile
/// container could write to through /proc/1/exe is sealed (CVE-2019-5736).

#include <cstddef>
#include <cstdint>

#include "runtime/init/executor.h"
#include "runtime/init/op.h"
#include "runtime/init/syscall.h"

// The compiler may call these for plain loops and initialisers.
extern "C" void* memset(void* to, int value, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(to);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<unsigned char>(value);
  return to;
}
extern "C" void* memcpy(void* to, const void* from, std::size_t size) {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = in[i];
  return to;
}

namespace suit::runtime {
namespace {

constexpr long kExitBroken = 125;  // as Docker: the engine failed, not the program
constexpr long kProtRead = 1, kProtWrite = 2, kMapShared = 1, kMapPrivate = 2;

[[noreturn]] void leave(long code) {
  while (true)
    system_call(__NR_exit_group, code);
}

long number_from(const char* text) {
  long number = 0;
  for (; *text >= '0' && *text <= '9'; ++text)
    number = number * 10 + (*text - '0');
  return number;
}

void* map(long size, long protection, long flags, long fd) {
  long address = system_call(__NR_mmap, 0, size, protection, flags, fd, 0);
  if (address < 0 && address > -4096) leave(kExitBroken);
  return reinterpret_cast<void*>(address);
}

// Turns the text offsets of argv and envp into pointers, in our private copy.
void relocate(char* text, std::uint32_t array, std::uint32_t count) {
  auto* words = reinterpret_cast<std::uint64_t*>(text + array);
  for (std::uint32_t i = 0; i < count; ++i)
    words[i] += reinterpret_cast<std::uint64_t>(text);
}

[[noreturn]] void run(long count, const char* const* arguments) {
  // A container whose program is /proc/self/exe comes here again, without a plan.
  if (count != 3) leave(kExitBroken);
  long plan_fd = number_from(arguments[1]);
  char* image = static_cast<char*>(
      map(number_from(arguments[2]), kProtRead | kProtWrite, kMapPrivate, plan_fd));
  const auto* header = reinterpret_cast<const PlanHeader*>(image);
  if (header->magic != PlanHeader::kMagic) leave(kExitBroken);
  char* text = image + header->text;
  relocate(text, header->argv, header->argc);
  relocate(text, header->envp, header->envc);
  const auto* pointers = reinterpret_cast<const std::uint32_t*>(image + header->pointers);
  for (std::uint32_t i = 0; i < header->pointer_count; ++i)
    relocate(text, pointers[i], 1);

  // struct sock_fprog, whose own header would bring libc's types.
  struct {
    unsigned short count;
    const char* program;
  } filter = {static_cast<unsigned short>(header->filter_count), text + header->filter};

  long externs[kExternCount] = {};
  externs[static_cast<int>(Extern::Filter)] = reinterpret_cast<long>(&filter);
  externs[static_cast<int>(Extern::Argv)] = reinterpret_cast<long>(text + header->argv);
  externs[static_cast<int>(Extern::Envp)] = reinterpret_cast<long>(text + header->envp);
  Kernel kernel;
  Machine<Kernel> machine;
  machine.sys = &kernel;
  machine.ops = reinterpret_cast<const Op*>(image + header->ops);
  machine.slots = reinterpret_cast<int*>(image + header->slots);
  machine.text = text;
  machine.externs = externs;
  machine.asked = header->asked;
  if ((header->asked & kWhenTimed) != 0)
    machine.stamps =
        static_cast<Stamp*>(map(static_cast<long>(header->op_count * sizeof(Stamp)),
                                kProtRead | kProtWrite, kMapShared, machine.slots[kSlotTimes]));

  int report = machine.slots[kSlotReportWrite];
  Failure failure = run_ops(machine, 0, header->op_count, kContainerLane);
  system_call(__NR_write, report, reinterpret_cast<long>(&failure), sizeof failure);
  leave(kExitBroken);
}

}  // namespace
}  // namespace suit::runtime

// The stack as the kernel leaves it: argc, then argv.
extern "C" [[noreturn]] [[gnu::used]] void suit_init_main(const long* stack) {
  suit::runtime::run(stack[0], reinterpret_cast<const char* const*>(stack + 1));
}

#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call suit_init_main\n");
#else
__asm__(
    ".globl _start\n"
    "_start: mov x29, xzr\n mov x0, sp\n bl suit_init_main\n");
#endif
