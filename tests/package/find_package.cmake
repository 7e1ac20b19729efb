# Installs two modules with what it needs, and builds a stranger's project against it.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
set(prefix ${WORK}/prefix)
configure(command ${SOURCE} ${WORK}/spacesuit -D SUIT_MODULES=naming,hash -D SUIT_BUILD_TESTS=OFF
  -D SUIT_BUILD_BENCH=OFF -D SUIT_BUILD_CHAPTERS=OFF -D CMAKE_INSTALL_PREFIX=${prefix})
must(${command})
must(${CMAKE_COMMAND} --build ${WORK}/spacesuit)
must(${CMAKE_COMMAND} --install ${WORK}/spacesuit)

file(GLOB modules RELATIVE ${prefix}/include/suit ${prefix}/include/suit/*)
if(NOT modules STREQUAL "base;digest;hash;naming")
  message(FATAL_ERROR "installed were the headers of: ${modules}")
endif()

configure(command ${CMAKE_CURRENT_LIST_DIR}/consumer ${WORK}/consumer -D CMAKE_PREFIX_PATH=${prefix})
must(${command})
must(${CMAKE_COMMAND} --build ${WORK}/consumer)
must(${WORK}/consumer/consumer)

# A module that is not there is named, with what to do.
configure(command ${CMAKE_CURRENT_LIST_DIR}/consumer ${WORK}/missing -D CMAKE_PREFIX_PATH=${prefix}
  -D MODULES=store)
must_fail("module 'store' is not installed here: build Spacesuit with -DSUIT_MODULES=store" ${command})
