/// \file
/// What a container has used, as its cgroups count it.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci/json.h"
#include "runtime/cgroup.h"

namespace suit::runtime {

/// How much of a thing: what no cgroup counts stays absent.
struct CgroupStats {
  struct Amount {
    std::uint64_t usage = 0, limit = 0, max = 0, failures = 0;  ///< bytes; limit 0: none
  };
  struct Transfer {
    std::uint64_t major = 0, minor = 0;
    std::string operation;  ///< `Read`, `Write`
    std::uint64_t value = 0;
  };
  std::optional<std::uint64_t> cpu_ns, cpu_user_ns, cpu_kernel_ns;
  std::vector<std::uint64_t> cpu_each_ns;  ///< by processor, where it is counted
  std::uint64_t periods = 0, throttled_periods = 0, throttled_ns = 0;
  std::optional<Amount> memory, swap, kernel, kernel_tcp;
  std::uint64_t cache_bytes = 0;          ///< file pages
  std::uint64_t inactive_file_bytes = 0;  ///< of them, what the kernel would give up first
  std::map<std::string, std::uint64_t> memory_raw;  ///< memory.stat
  std::optional<std::uint64_t> pids, pids_limit;    ///< limit 0: none
  std::vector<Transfer> io_bytes, io_operations;
  std::map<std::string, Amount> hugepages;  ///< by page size
};
CgroupStats read_cgroup_stats(const CgroupDirs& dirs);

/// As runc's `events --stats` has it: the member `data`.
oci::Json to_value(const CgroupStats& stats);

}  // namespace suit::runtime
