# Two modules of pure text bring nothing with them: neither Linux wrappers nor a library beside fmt and the
# standard ones. What is installed, what is on the link line and what the program loads are looked at.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
set(prefix ${WORK}/prefix)
configure(command ${SOURCE} ${WORK}/spacesuit -D SUIT_MODULES=dockerfile,naming -D SUIT_BUILD_TESTS=OFF
  -D SUIT_BUILD_BENCH=OFF -D SUIT_BUILD_CHAPTERS=OFF -D CMAKE_INSTALL_PREFIX=${prefix})
must(${command})
must(${CMAKE_COMMAND} --build ${WORK}/spacesuit)
must(${CMAKE_COMMAND} --install ${WORK}/spacesuit)
file(GLOB modules RELATIVE ${prefix}/include/suit ${prefix}/include/suit/*)
if(NOT modules STREQUAL "base;digest;dockerfile;naming")
  message(FATAL_ERROR "installed were the headers of: ${modules}")
endif()

configure(command ${CMAKE_CURRENT_LIST_DIR}/text_consumer ${WORK}/consumer -D CMAKE_PREFIX_PATH=${prefix})
must(${command})
must(${CMAKE_COMMAND} --build ${WORK}/consumer)
must(${WORK}/consumer/text_consumer)

# only(<what> <text> <pattern> <allowed>): every match of the pattern is one of the allowed.
function(only what text pattern allowed)
  string(REGEX MATCHALL "${pattern}" found "${text}")
  if(NOT found)
    message(FATAL_ERROR "${what}: no library at all was found in\n${text}")
  endif()
  foreach(library IN LISTS found)
    if(NOT library MATCHES "^(${allowed})$")
      message(FATAL_ERROR "${what} has ${library}, which two modules of text do not need:\n${text}")
    endif()
  endforeach()
endfunction()
if(GENERATOR STREQUAL "Ninja")
  run(commands ninja -C ${WORK}/consumer -t commands text_consumer)
  string(REGEX REPLACE "^.*\n([^\n]*-o text_consumer)" "\\1" link "${commands}")
  only("the link line" "${link}" "lib[a-z_]+\\.(a|so)|-l[a-z_]+"
    "libsuit_(base|digest|dockerfile|naming|fmt)\\.a|libfmt\\.(a|so)")
endif()
run(loaded ldd ${WORK}/consumer/text_consumer)
only("the program" "${loaded}" "(lib|ld|linux)[a-z_+-]+[0-9a-z-]*\\.so"
  "linux-vdso\\.so|libstdc\\+\\+\\.so|libm\\.so|libgcc_s\\.so|libc\\.so|libfmt\\.so|ld-linux-x86-64\\.so")
