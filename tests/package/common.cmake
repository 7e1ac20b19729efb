# Helpers of the package tests. SOURCE, WORK, GENERATOR and COMPILER come from CMakeLists.txt here.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# run(<out> <command>...): the output, and the exit code in <out>_code.
function(run out)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text ERROR_VARIABLE text RESULT_VARIABLE code)
  set(${out} "${text}" PARENT_SCOPE)
  set(${out}_code ${code} PARENT_SCOPE)
endfunction()

# must(<command>...): fails the test, with the output, when the command fails.
function(must)
  run(out ${ARGN})
  if(NOT out_code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${out}")
  endif()
endfunction()

# must_fail(<text> <command>...): the command fails, and says <text>. CMake breaks long messages into
# lines, so blanks are compared as one blank.
function(must_fail text)
  run(out ${ARGN})
  string(REGEX REPLACE "[ \n]+" " " flat "${out}")
  string(FIND "${flat}" "${text}" at)
  if(out_code EQUAL 0 OR at EQUAL -1)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${out_code}, and should have failed with\n${text}\n${out}")
  endif()
endfunction()

# configure(<result> <source> <build> <option>...): the command line, for must and must_fail.
function(configure result source build)
  set(${result} ${CMAKE_COMMAND} -S ${source} -B ${build} -G ${GENERATOR}
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Debug ${ARGN} PARENT_SCOPE)
endfunction()
