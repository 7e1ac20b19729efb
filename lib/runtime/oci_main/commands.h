/// \file
/// The commands. Each returns the exit code of suit-oci.

#pragma once

#include "base/result.h"
#include "runtime/oci_main/command_line.h"
#include "runtime/runtime.h"
#include "runtime/state.h"

namespace suit::oci_main {

/// What the global options say.
struct Session {
  runtime::StateStore store;
  bool has_cgroup = true;
};

Result<int> create(const Session& session, const Arguments& args);
Result<int> start(const Session& session, const Arguments& args);
Result<int> run(const Session& session, const Arguments& args);
Result<int> exec(const Session& session, const Arguments& args);
Result<int> kill(const Session& session, const Arguments& args);
Result<int> remove(const Session& session, const Arguments& args);
Result<int> state(const Session& session, const Arguments& args);
Result<int> list(const Session& session, const Arguments& args);
Result<int> ps(const Session& session, const Arguments& args);
Result<int> pause(const Session& session, const Arguments& args);
Result<int> resume(const Session& session, const Arguments& args);
Result<int> update(const Session& session, const Arguments& args);
Result<int> events(const Session& session, const Arguments& args);
Result<int> features(const Session& session, const Arguments& args);
Result<int> write_spec(const Session& session, const Arguments& args);

/// Stays with a container until its first process ends: passes signals on, and copies between our
/// terminal and the container's.
/// \param terminal master of its terminal, or none
Result<runtime::ExitStatus> stay_with(runtime::Container& container, os::Fd terminal,
                                      const os::Fd& signals);
/// Blocks the signals that a caller may send us; they come from the descriptor.
Result<os::Fd> catch_signals();

void print(std::string_view text);

}  // namespace suit::oci_main
