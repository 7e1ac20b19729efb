# Every relative link in a Markdown file leads somewhere.
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
file(GLOB_RECURSE pages ${SOURCE}/lib/*.md ${SOURCE}/chapters/*.md ${SOURCE}/tutorials/*.md
  ${SOURCE}/bench/*.md ${SOURCE}/tests/*.md)
foreach(page IN LISTS pages ITEMS ${SOURCE}/README.md)
  file(READ ${page} text)
  # Code may hold `[i](x)`: fenced blocks and inline code are not links.
  string(REGEX REPLACE "```[^`]*```" "" text "${text}")
  string(REGEX REPLACE "`[^`\n]*`" "" text "${text}")
  string(REGEX MATCHALL "\\]\\([^) \n]+\\)" links "${text}")
  string(REPLACE "](" "" links "${links}")  # CMake does not split lists between brackets
  cmake_path(GET page PARENT_PATH folder)
  foreach(link IN LISTS links)
    string(REGEX REPLACE "[)#].*$" "" target "${link}")
    if(target AND NOT target MATCHES "^[a-z]+:" AND NOT EXISTS ${folder}/${target})
      message(SEND_ERROR "${page} links to ${target}, which does not exist")
    endif()
  endforeach()
endforeach()
