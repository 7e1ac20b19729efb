/// \file
/// Why does the GPU not work, and whose side is it on: the host's, the image's, the command line's?
///
/// Each check has an id, looks at files, and says what it saw (evidence), which side that is, and
/// one thing to do. Everything is read below roots, so a broken host is a directory in a test.
/// \see tutorial 12, "Five prerequisites"

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/request.h"
#include "oci/json.h"
#include "os/root.h"

namespace suit::gpu {

enum class Side { Host, Image, Request };
/// Warn: it works here, and may not elsewhere. Skip: not looked at, and why.
enum class Verdict { Pass, Warn, Fail, Skip };

struct Check {
  std::string id;     ///< `H1` … `H7` host, `I1` … `I6` image, `R1` request, `X1` both together
  std::string title;  ///< the prerequisite
  Side side = Side::Host;
  Verdict verdict = Verdict::Skip;
  std::vector<std::string> evidence = {};  ///< file and value
  std::string fix = {};
};

struct Diagnosis {
  std::vector<Check> checks;
  /// 0 nothing fails, 1 the host, 2 the image, 3 both, 4 the request alone, 5 cannot tell.
  int exit_code() const;
};

struct DoctorInput {
  const os::Root* host = nullptr;
  bool host_is_live = false;          ///< this machine: nodes are opened, nvidia-smi is run
  const os::Root* image = nullptr;    ///< none: its checks are skipped
  std::vector<std::string> env = {};  ///< of the image
  std::optional<Request> request = {};
};

Diagnosis diagnose(const DoctorInput& input);

/// What the last check comes to: the same program on the host and in a container.
Check compare_runs(const Result<std::string>& on_host, const Result<std::string>& in_container);
/// `nvidia-smi -L` of this machine: its output.
/// \errors ENOENT when there is none, ETIMEDOUT when the driver hangs; 0 with what it said
Result<std::string> run_nvidia_smi(const std::string& program);

oci::Json to_value(const Diagnosis& diagnosis);
/// A table for people, and the summary: which side to look at first.
std::string describe(const Diagnosis& diagnosis);

}  // namespace suit::gpu
