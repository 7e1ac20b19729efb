# An include that breaks the layering must not configure; the same tree without it must. Each wrong
# line is tried in a file that the module lists, and in one that it does not.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
set(tree ${WORK}/tree)
file(COPY ${SOURCE}/CMakeLists.txt DESTINATION ${tree})
file(COPY ${SOURCE}/lib/CMakeLists.txt ${SOURCE}/lib/cmake ${SOURCE}/lib/base ${SOURCE}/lib/os
  ${SOURCE}/lib/digest DESTINATION ${tree}/lib)
configure(command ${tree} ${WORK}/build -D SUIT_MODULES=os -D SUIT_BUILD_TESTS=OFF
  -D SUIT_BUILD_BENCH=OFF -D SUIT_BUILD_CHAPTERS=OFF)
must(${command})

file(READ ${tree}/lib/os/fd.cpp good)
foreach(line "#include \"digest/digest.h\"" "#  include <digest/digest.h>")
  file(WRITE ${tree}/lib/os/fd.cpp "${line}\n${good}")
  must_fail("lib/os/fd.cpp includes module 'digest', which is not in DEPS of lib/os/CMakeLists.txt." ${command})
endforeach()
file(WRITE ${tree}/lib/os/fd.cpp "#include \"../digest/digest.h\"\n${good}")
must_fail("lib/os/fd.cpp includes by a relative path" ${command})
file(WRITE ${tree}/lib/os/fd.cpp "${good}")
must(${command})

file(WRITE ${tree}/lib/os/hidden_internal.h "#include \"digest/digest.h\"\n")
must_fail("lib/os/hidden_internal.h includes module 'digest', which is not in DEPS" ${command})
file(REMOVE ${tree}/lib/os/hidden_internal.h)
must(${command})

# A dependency on a module above, declared as if it were allowed.
file(READ ${tree}/lib/base/CMakeLists.txt good)
string(REPLACE "suit_module(base" "suit_module(base\n  DEPS os" bad "${good}")
file(WRITE ${tree}/lib/base/CMakeLists.txt "${bad}")
must_fail("lib/base has 'os' in DEPS, which is not a module below it" ${command})
