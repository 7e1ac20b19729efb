/// \file
/// What EXPOSE says: ports, ranges and protocols.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::dockerfile {

/// `8000-8002/udp` → `8000/udp`, `8001/udp`, `8002/udp`. An address and host port in front are read
/// and dropped: an image cannot ask for them.
/// \shape `[[ip:]host[-host]:]port[-port][/tcp|udp|sctp]`
/// \errors `invalid port: "…": no port specified`, `invalid containerPort: …`, `invalid proto: …`
Result<std::vector<std::string>> parse_ports(std::string_view specification);

}  // namespace suit::dockerfile
