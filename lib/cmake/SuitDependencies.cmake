# The libraries we stand on (reasons: lib/README.md). The programs are linked -static, because shared
# libraries double the time a container takes to start; so every find_package prefers the archive.
# A module finds its library in its own folder; whoever links the module needs the target too.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
set(OPENSSL_USE_STATIC_LIBS ON)
set(ZLIB_USE_STATIC_LIBS ON)

# fmt::fmt, static, unless the project that includes us has one already.
if(NOT TARGET fmt::fmt)
  find_path(SUIT_FMT_INCLUDE_DIR fmt/format-inl.h REQUIRED)
  add_library(suit_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cpp)
  add_library(fmt::fmt ALIAS suit_fmt)
  target_include_directories(suit_fmt SYSTEM PUBLIC $<BUILD_INTERFACE:${SUIT_FMT_INCLUDE_DIR}>)
  target_compile_features(suit_fmt PUBLIC cxx_std_17)
  set_target_properties(suit_fmt PROPERTIES EXPORT_NAME fmt)
  install(TARGETS suit_fmt EXPORT suit_fmt_targets COMPONENT base)
  install(EXPORT suit_fmt_targets NAMESPACE suit:: FILE Spacesuit-fmt.cmake COMPONENT base
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Spacesuit)
endif()
