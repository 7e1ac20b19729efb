# The same stranger's project, with Spacesuit as a folder of its tree.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
configure(command ${CMAKE_CURRENT_LIST_DIR}/consumer ${WORK}/consumer -D SPACESUIT_FOLDER=${SOURCE}
  -D SUIT_MODULES=naming,hash)
must(${command})
must(${CMAKE_COMMAND} --build ${WORK}/consumer --target consumer)
must(${WORK}/consumer/consumer)
