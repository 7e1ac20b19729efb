/// \file
/// Is the store what it claims to be? Reads everything, changes nothing.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace suit::store {

/// One thing that is wrong, and what to do about it.
struct Problem {
  std::string object;  ///< path, digest or name
  std::string what;
  std::string mend;
};

/// What was looked at, and what was found.
struct CheckReport {
  std::uint64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  std::uint64_t images = 0;
  std::uint64_t snapshots = 0;
  std::vector<Problem> problems;  ///< empty: the store is sound
};

/// Hashes every blob and follows every reference: index, manifests, cache and container records.
/// What another process is writing at this moment is no problem.
/// \errors when a folder of the store cannot be read
Result<CheckReport> check(const Store& store);

}  // namespace suit::store
