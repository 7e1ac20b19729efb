/// \file
/// From a record to a running container, and the process that stays with it.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "os/fd.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

namespace suit::engine {

/// Everything a launch needs, made but not started.
struct Prepared {
  os::Fd rootfs;  ///< detached overlay mount
  runtime::HostFacts facts;
  runtime::LaunchPlan plan;
};

/// Mounts the root, resolves the user in it, and plans.
/// \param dir the container's directory: upper, work and etc are in it
/// \param lower overlay lower directories, topmost first
Result<Prepared> prepare(const Record& record, const std::string& dir,
                         std::vector<std::string> lower);

/// Who sees the program's output beside its log.
enum class Onlooker { None, Caller, CallerExplained };

/// Stays with one container from launch to removal.
class Supervisor {
 public:
  explicit Supervisor(Engine& engine) : engine_(engine) {}
  /// \param started called once the program has been exec'ed and the state says so
  Result<RunResult> run(Held held, Onlooker onlooker, const std::function<Result<void>()>& started);

 private:
  Engine& engine_;
};

}  // namespace suit::engine
