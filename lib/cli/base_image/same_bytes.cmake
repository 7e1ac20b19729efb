# Makes the base image a second time, with another clock, umask and time zone, and compares.
set(ENV{TZ} Pacific/Auckland)
execute_process(COMMAND sh -c "umask 077; sleep 1; exec \"$0\" \"$@\"" ${TOOL} ${BUSYBOX} ${APPLETS} ${SECOND}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${FIRST} ${SECOND} COMMAND_ERROR_IS_FATAL ANY)
