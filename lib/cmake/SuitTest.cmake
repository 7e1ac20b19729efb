# suit_test(<module> SOURCES <cpp>... [LIBS <target>...] [LABELS <label>...] [PREFIX <name>])
#
# One GoogleTest program <module>_test; ctest names are <module>.<Suite>.<Test>.
# Labels: unit (no root, < 50 ms; the default), kernel (root and namespaces), network, slow, peers.
include(GoogleTest)
function(suit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PREFIX" "SOURCES;LIBS;LABELS")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_PREFIX)
    set(ARG_PREFIX ${name})
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBS} suit_warnings suit_sanitize fmt::fmt
    GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE
    SUIT_CORPORA="${SUIT_CORPORA}" SUIT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    SUIT_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set(timeout 60)
  if("slow" IN_LIST ARG_LABELS)
    set(timeout 600)
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${ARG_PREFIX}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${timeout})
endfunction()

# suit_fuzzer(<name> SOURCES <cpp>... [LIBS <target>...])
#
# A file that defines LLVMFuzzerTestOneInput. In the fuzz preset it becomes a libFuzzer program,
# <name>_fuzz; elsewhere, with a main that replays files. Either way every file of tests/fuzz/<name>/
# is a ctest of its own, fuzz.<name>.<file>: a crash, once found and kept there, stays fixed.
function(suit_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LIBS")
  if(NOT TARGET suit::os)
    return()  # SUIT_MODULES took a module without the file reader that replays
  endif()
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/${name})
  if(SUIT_FUZZ)
    add_executable(${name}_fuzz ${ARG_SOURCES})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name}_fuzz ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cpp)
    target_link_libraries(${name}_fuzz PRIVATE suit::os)
  endif()
  target_link_libraries(${name}_fuzz PRIVATE ${ARG_LIBS} suit_warnings suit_sanitize fmt::fmt)
  file(GLOB inputs CONFIGURE_DEPENDS RELATIVE ${corpus} ${corpus}/*)
  if(NOT inputs)
    message(FATAL_ERROR "tests/fuzz/${name}/ holds no input: a fuzzer starts from examples")
  endif()
  foreach(input IN LISTS inputs)
    add_test(NAME fuzz.${name}.${input} COMMAND ${name}_fuzz ${corpus}/${input})
    set_tests_properties(fuzz.${name}.${input} PROPERTIES LABELS "unit;fuzz" TIMEOUT 60)
  endforeach()
endfunction()

# suit_script_test(<name> <script> TIMEOUT <s> LABELS <label>...)
#
# A shell script that drives the built program, named to it in $SUIT. Exit code 77 is a skip.
function(suit_script_test name script)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "TIMEOUT" "LABELS")
  add_test(NAME ${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/${script})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    SKIP_RETURN_CODE 77
    ENVIRONMENT "SUIT=$<TARGET_FILE:suit>;SUIT_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()
