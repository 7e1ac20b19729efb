# Writes syscall_tables.inc: the numbers of the system calls, by name, for every architecture whose
# table this machine's kernel headers have. The compiler's preprocessor reads them, so nothing is
# typed by hand; syscalls_newer.txt adds what the headers are too old for.

# suit_syscalls(<variable> <header> [<define>...]): "name number" a line
function(suit_syscalls out header)
  set(text "")
  foreach(define IN LISTS ARGN)
    string(APPEND text "#define ${define}\n")
  endforeach()
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/syscalls.cpp "${text}#include <${header}>\n")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -E -dM ${CMAKE_CURRENT_BINARY_DIR}/syscalls.cpp
    OUTPUT_VARIABLE macros ERROR_QUIET RESULT_VARIABLE failed)
  set(lines "")
  if(NOT failed)
    string(REGEX MATCHALL "#define __NR[0-9]*_[^\n]+" defines "${macros}")
    foreach(define IN LISTS defines)
      # The generic header names some by another: __NR_mmap is __NR3264_mmap.
      if(define MATCHES "^#define __NR_?(3264_)?([a-z0-9_]+) \\(?(__X32_SYSCALL_BIT \\+ )?([0-9]+)\\)?$")
        list(APPEND lines "${CMAKE_MATCH_2} ${CMAKE_MATCH_4}")
      endif()
    endforeach()
    list(FILTER lines EXCLUDE REGEX "^(syscalls|arch_specific_syscall) ")
  endif()
  set(${out} "${lines}" PARENT_SCOPE)
endfunction()

function(suit_write_syscall_tables file)
  set(newer_file ${CMAKE_CURRENT_SOURCE_DIR}/data/syscalls_newer.txt)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${newer_file})
  file(STRINGS ${newer_file} newer REGEX "^[0-9]+ [a-z]")
  suit_syscalls(x86_64 asm/unistd_64.h)
  suit_syscalls(x86 asm/unistd_32.h)
  suit_syscalls(x32 asm/unistd_x32.h)
  # What arm64's asm/unistd.h asks of the generic table.
  suit_syscalls(aarch64 asm-generic/unistd.h "__BITS_PER_LONG 64" __ARCH_WANT_RENAMEAT
    __ARCH_WANT_NEW_STAT __ARCH_WANT_SET_GET_RLIMIT __ARCH_WANT_TIME32_SYSCALLS
    __ARCH_WANT_SYS_CLONE3 __ARCH_WANT_MEMFD_SECRET)
  set(text "// Made by data/syscall_tables.cmake.\n")
  foreach(arch x86_64 x86 x32 aarch64)
    set(lines ${${arch}})
    set(names ${lines})
    list(TRANSFORM names REPLACE " .*" "")
    foreach(line IN LISTS newer)
      string(REGEX MATCHALL "[^ ]+" words "${line}")
      list(POP_FRONT words number name)
      if(lines AND NOT name IN_LIST names AND (NOT words OR arch IN_LIST words))
        list(APPEND lines "${name} ${number}")
      endif()
    endforeach()
    # By name, as std::string_view compares: "_" sorts before letters and after digits in both.
    list(SORT lines)
    list(LENGTH lines count)
    string(APPEND text "constexpr std::array<Syscall, ${count}> k_${arch} = {{\n")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^(.*) (.*)$" "    {\"\\1\", \\2},\n" entry "${line}")
      string(APPEND text "${entry}")
    endforeach()
    string(APPEND text "}};\n")
  endforeach()
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
endfunction()
