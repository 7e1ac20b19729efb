# suit_program(<name> [DYNAMIC] SOURCES <cpp>... [LIBS <target>...])
#
# A program that we ship: <build>/bin/<name>, installed into bin/. It is linked -static: no shared
# library to load (a static program starts in 0.65 ms, one with four libraries in 4 ms), and nothing
# that a container's file system could replace. Sanitizers need a dynamic program, and so does one with
# DYNAMIC: its libraries exist in no other form.
function(suit_program name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "DYNAMIC" "" "SOURCES;LIBS")
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} suit_warnings suit_sanitize)
  if(SUIT_STATIC AND NOT ARG_DYNAMIC AND NOT SUIT_SANITIZE AND NOT SUIT_FUZZ)
    target_link_options(${name} PRIVATE -static)
  endif()
  install(TARGETS ${name} COMPONENT programs)
endfunction()

# suit_data(<file>...): files that the programs read, found as ../share/spacesuit/ from the program.
function(suit_data)
  foreach(file IN LISTS ARGN)
    cmake_path(GET file FILENAME name)
    configure_file(${file} ${PROJECT_BINARY_DIR}/share/spacesuit/${name} COPYONLY)
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/spacesuit COMPONENT programs)
  endforeach()
endfunction()
