# Libseccomp::libseccomp. Debian's package has no CMake files of its own.
find_path(LIBSECCOMP_INCLUDE_DIR seccomp.h)
find_library(LIBSECCOMP_LIBRARY NAMES libseccomp.a seccomp)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libseccomp REQUIRED_VARS LIBSECCOMP_LIBRARY LIBSECCOMP_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libseccomp-dev")
if(Libseccomp_FOUND AND NOT TARGET Libseccomp::libseccomp)
  add_library(Libseccomp::libseccomp UNKNOWN IMPORTED)
  set_target_properties(Libseccomp::libseccomp PROPERTIES
    IMPORTED_LOCATION ${LIBSECCOMP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIBSECCOMP_INCLUDE_DIR})
endif()
mark_as_advanced(LIBSECCOMP_INCLUDE_DIR LIBSECCOMP_LIBRARY)
