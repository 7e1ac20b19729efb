/// \file
/// The small grammars inside the values of `run`'s flags: addresses, hosts, ports, logs.
/// \source docker/cli opts, container/opts.go

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/record.h"

namespace suit::cli {

/// `127.0.0.1`, `2001:DB8::1` in its shortest form; blanks around it are taken away.
/// \errors 0 `IP address is not correctly formatted: …`
Result<std::string> read_address(std::string_view text);

/// `--add-host name:address` or `name=[address]` as `name:address`; the address is kept as it was
/// written. The word `host-gateway` is kept, too.
Result<std::string> read_extra_host(std::string_view text);

/// `--dns-search`: a domain, or `.` for none.
Result<std::string> read_search_domain(std::string_view text);

/// `--expose 8080-8082/udp` as one port each.
Result<std::vector<std::string>> read_exposed(std::string_view text);

/// `--log-driver` and `--log-opt`s.
Result<engine::LogOptions> read_log_options(const std::string& driver,
                                            const std::vector<std::string>& settings);

/// All `--label-file`s, then all `--label`s: later ones win.
Result<std::map<std::string, std::string>> read_all_labels(
    const std::vector<std::string>& files, const std::vector<std::string>& settings);

}  // namespace suit::cli
