/// \file
/// What the doctor's checks look at.

#pragma once

#include <optional>

#include "gpu/doctor.h"
#include "gpu/inject.h"
#include "gpu/probe.h"
#include "gpu/view_internal.h"

namespace suit::gpu {

/// A host and perhaps an image, already read.
struct Patient {
  const DoctorInput& input;
  View host_view;
  Host host;
  std::optional<View> image;
  ImageLayout layout = {};
  bool readable = true;  ///< the host root shows /proc or /sys
};

// One check each, named by id in its first line.
Check check_gpu(const Patient& p);
Check check_module(const Patient& p);
Check check_nodes(const Patient& p);
Check check_driver_files(const Patient& p);
Check check_toolkit(const Patient& p);
Check check_smi(const Patient& p);
Check check_device_rules(const Patient& p);

Check check_cuda(const Patient& p);
Check check_framework(const Patient& p);
Check check_driver_age(const Patient& p);
Check check_no_driver_inside(const Patient& p);
Check check_libc(const Patient& p);
Check check_environment(const Patient& p);
Check check_request_itself(const Patient& p);

// Building a check.
inline Check begin(std::string id, std::string title, Side side) {
  return {std::move(id), std::move(title), side};
}
inline Check pass(Check check, std::string evidence) {
  check.verdict = Verdict::Pass;
  check.evidence.push_back(std::move(evidence));
  return check;
}
inline Check skip(Check check, std::string why) {
  check.verdict = Verdict::Skip;
  check.evidence.push_back(std::move(why));
  return check;
}
inline Check failed(Check check, std::string evidence, std::string fix) {
  check.verdict = Verdict::Fail;
  check.evidence.push_back(std::move(evidence));
  check.fix = std::move(fix);
  return check;
}
inline Check warned(Check check, std::string evidence, std::string fix) {
  check = failed(std::move(check), std::move(evidence), std::move(fix));
  check.verdict = Verdict::Warn;
  return check;
}

/// Whether NVIDIA's checks make sense: its device is here, or nothing else is.
bool is_nvidia(const Patient& p);

/// What an image brings of CUDA and of frameworks.
struct CudaFound {
  std::string version;   ///< \shape `12.4`; empty: unknown
  std::string evidence;  ///< where it was seen
};
std::vector<CudaFound> find_cuda(const Patient& p);

/// A framework in the image, and whether it was built for GPUs.
struct Framework {
  std::string name;
  bool for_gpu = false;
  std::string cuda;  ///< version that it was built for; empty: unknown
  std::string evidence;
};
std::vector<Framework> find_frameworks(const Patient& p);

}  // namespace suit::gpu
