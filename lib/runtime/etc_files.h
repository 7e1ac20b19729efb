/// \file
/// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container: what Docker writes, bind mounted.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace suit::runtime {

/// What goes into the three files.
struct EtcFiles {
  std::string hostname;
  std::string address;  ///< of the container, for /etc/hosts; empty: none
  std::vector<std::pair<std::string, std::string>> hosts;  ///< \shape name, address (`--add-host`)
  bool shares_host_network = false;           ///< then the host's /etc/hosts holds, too
  std::vector<std::string> dns;               ///< name servers; empty: the host's
  std::vector<std::string> dns_search = {};   ///< domains; empty: the host's; `.` alone: none
  std::vector<std::string> dns_options = {};  ///< empty: the host's
};

/// Writes the files into \p directory (an existing host path), and returns their bind mounts.
///
/// Name servers of the host's loopback are left out unless its network is shared: they are not
/// there for the container. Without any left, Docker's fallback is not taken: nothing is invented.
/// \errors 0 for a name or address that would need quoting; those of writing
Result<std::vector<oci::SpecMount>> write_etc_files(const std::string& directory,
                                                    const EtcFiles& files);

}  // namespace suit::runtime
