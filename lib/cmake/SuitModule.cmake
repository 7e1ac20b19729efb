# suit_module(<name> [DEPS <module>...] HEADERS <h>... SOURCES <cpp>... [PRIVATE_LIBS <target>...])
#
# One module of lib/: a static library suit_<name>, alias suit::<name>, included as "<name>/x.h".
# DEPS is the whole truth about layering: a file that includes a module not listed there is an
# error at configure time, so the graph in lib/README.md cannot drift from the code.

# Warnings are ours to fix, so they stay out of what we export.
add_library(suit_warnings INTERFACE)
target_compile_options(suit_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wformat=2
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op>
  $<$<BOOL:${SUIT_WERROR}>:-Werror>)
if(SUIT_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A type of a file's own namespace looks like a header's when the file is included by another.
  target_compile_options(suit_warnings INTERFACE -Wno-subobject-linkage)
endif()
if(SUIT_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The instrumentation hides from g++ what it sets: its manual warns of these false positives.
  target_compile_options(suit_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_features(suit_warnings INTERFACE cxx_std_23)

# Not in CMAKE_CXX_FLAGS: suit-init has no libc to run a sanitizer in.
add_library(suit_sanitize INTERFACE)
if(SUIT_FUZZ)
  target_compile_options(suit_sanitize INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SUIT_SANITIZE)
  target_compile_options(suit_sanitize INTERFACE -fsanitize=${SUIT_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(suit_sanitize INTERFACE -fsanitize=${SUIT_SANITIZE})
endif()

# The direct dependencies of every module, by name: suit_module_wanted() walks it to build only what
# SUIT_MODULES asks for. It is read from the modules' own CMakeLists.txt, not written a second time.
function(suit_module_deps name out)
  set(file ${PROJECT_SOURCE_DIR}/lib/${name}/CMakeLists.txt)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "there is no module '${name}': lib/${name}/CMakeLists.txt does not exist")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(deps "")
  if(text MATCHES "suit_module\\([a-z]+[ \n]+DEPS[ \n]+([a-z \n]+)HEADERS")
    string(REGEX MATCHALL "[a-z]+" deps "${CMAKE_MATCH_1}")
  endif()
  set(${out} ${deps} PARENT_SCOPE)
endfunction()

function(suit_module_wanted name out)
  if(NOT SUIT_MODULES)
    set(${out} TRUE PARENT_SCOPE)
    return()
  endif()
  set(todo ${SUIT_MODULES})
  set(seen "")
  while(todo)
    list(POP_FRONT todo next)
    if(NOT next IN_LIST seen)
      list(APPEND seen ${next})
      suit_module_deps(${next} deps)
      list(APPEND todo ${deps})
    endif()
  endwhile()
  if(name IN_LIST seen)
    set(${out} TRUE PARENT_SCOPE)
  else()
    set(${out} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Every source of the module's folder, listed or not: an internal header can break the layers too.
function(suit_check_layering name)
  file(GLOB_RECURSE files RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.h *.cpp)
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*[\"<][a-z_.]+/")
    foreach(line IN LISTS lines)
      if(line MATCHES "[\"/]\\.\\.?/")
        message(FATAL_ERROR "lib/${name}/${file} includes by a relative path: write \"<module>/x.h\"")
      endif()
      string(REGEX REPLACE "^[^\"<]*[\"<]([a-z_]+)/.*" "\\1" used "${line}")
      if(NOT IS_DIRECTORY ${PROJECT_SOURCE_DIR}/lib/${used} AND line MATCHES "<")
        continue()  # <sys/mount.h>
      endif()
      if(NOT used STREQUAL name AND NOT used IN_LIST ARGN)
        message(FATAL_ERROR "lib/${name}/${file} includes module '${used}', which is not in DEPS of "
          "lib/${name}/CMakeLists.txt.\nIf '${used}' is a module below '${name}' (lib/README.md has "
          "the levels), add it there; if it is not, the code belongs into another module.")
      endif()
    endforeach()
  endforeach()
endfunction()

# Finds the packages that PRIVATE_LIBS name: OpenSSL::Crypto is in OpenSSL.
function(suit_find_packages out)
  set(packages "")
  foreach(lib IN LISTS ARGN)
    if(NOT lib MATCHES "^(suit|fmt)::" AND lib MATCHES "^([A-Za-z0-9_]+)::")
      list(APPEND packages ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES packages)
  foreach(package IN LISTS packages)
    find_package(${package} REQUIRED)
  endforeach()
  set(${out} ${packages} PARENT_SCOPE)
endfunction()

# Spacesuit-<name>-needs.cmake: what find_package(Spacesuit COMPONENTS <name>) must find first.
function(suit_export_module name)
  set(needs ${PROJECT_BINARY_DIR}/cmake/Spacesuit-${name}-needs.cmake)
  file(CONFIGURE OUTPUT ${needs} @ONLY CONTENT
    "set(suit_modules @ARG_DEPS@)\nset(suit_packages @packages@)\n")
  set(to ${CMAKE_INSTALL_LIBDIR}/cmake/Spacesuit)
  install(TARGETS suit_${name} EXPORT suit_${name}_targets COMPONENT ${name}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/suit)
  install(EXPORT suit_${name}_targets NAMESPACE suit:: FILE Spacesuit-${name}.cmake
    COMPONENT ${name} DESTINATION ${to})
  install(FILES ${needs} COMPONENT ${name} DESTINATION ${to})
endfunction()

function(suit_module name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPS;HEADERS;SOURCES;PRIVATE_LIBS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "suit_module(${name}): unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  foreach(dep IN LISTS ARG_DEPS)
    if(NOT TARGET suit::${dep})
      message(FATAL_ERROR "lib/${name} has '${dep}' in DEPS, which is not a module below it: "
        "lib/CMakeLists.txt lists the modules lowest level first")
    endif()
  endforeach()
  suit_check_layering(${name} ${ARG_DEPS})
  suit_find_packages(packages ${ARG_PRIVATE_LIBS})
  add_library(suit_${name} STATIC ${ARG_SOURCES})
  add_library(suit::${name} ALIAS suit_${name})
  set_target_properties(suit_${name} PROPERTIES EXPORT_NAME ${name}
    VERIFY_INTERFACE_HEADER_SETS ON CXX_EXTENSIONS OFF)
  target_compile_features(suit_${name} PUBLIC cxx_std_23)
  target_sources(suit_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/lib
    FILES ${ARG_HEADERS})
  list(TRANSFORM ARG_DEPS PREPEND suit:: OUTPUT_VARIABLE deps)
  target_link_libraries(suit_${name} PUBLIC ${deps}
    PRIVATE ${ARG_PRIVATE_LIBS} $<BUILD_INTERFACE:suit_warnings> $<BUILD_INTERFACE:suit_sanitize>)
  suit_export_module(${name})
endfunction()
