/// \file
/// /etc/ld.so.cache: which file the loader takes for a library's name.
/// \source glibc sysdeps/generic/dl-cache.h: "glibc-ld.so.cache1.1"; `ldconfig -p` prints it

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::gpu {

struct CachedLibrary {
  std::string name;  ///< \shape `libcuda.so.1`
  std::string path;  ///< absolute
};

/// The entries for this machine's 64-bit libraries, in the loader's order.
/// \errors 0 with what is wrong with the file
Result<std::vector<CachedLibrary>> parse_ld_cache(std::string_view bytes);

}  // namespace suit::gpu
