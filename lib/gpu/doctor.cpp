// All checks in their order, and what they come to.

#include "gpu/doctor.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "gpu/doctor_internal.h"

namespace suit::gpu {
namespace {

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "pass";
    case Verdict::Warn:
      return "warn";
    case Verdict::Fail:
      return "FAIL";
    case Verdict::Skip:
      return "skip";
  }
  return "";
}

std::string_view name_of(Side side) {
  return side == Side::Host ? "host" : side == Side::Image ? "image" : "request";
}

bool fails(const Diagnosis& diagnosis, Side side) {
  return std::ranges::any_of(diagnosis.checks, [&](const Check& check) {
    return check.side == side && check.verdict == Verdict::Fail;
  });
}

}  // namespace

int Diagnosis::exit_code() const {
  const bool host = fails(*this, Side::Host);
  const bool image = fails(*this, Side::Image);
  if (host || image) return (host ? 1 : 0) + (image ? 2 : 0);
  if (fails(*this, Side::Request)) return 4;
  const auto first = std::ranges::find(checks, "H1", &Check::id);
  return first != checks.end() && first->verdict == Verdict::Skip ? 5 : 0;
}

Diagnosis diagnose(const DoctorInput& input) {
  Patient patient{input, View(*input.host), probe(*input.host), std::nullopt};
  patient.readable = patient.host_view.is_dir("/proc") || patient.host_view.is_dir("/sys");
  if (input.image) {
    patient.image.emplace(*input.image);
    patient.layout = layout_of(*input.image);
  }
  Diagnosis out;
  for (const auto& look :
       {check_gpu, check_module, check_nodes, check_driver_files, check_toolkit, check_smi,
        check_device_rules, check_cuda, check_framework, check_driver_age, check_no_driver_inside,
        check_libc, check_environment, check_request_itself})
    out.checks.push_back(look(patient));
  return out;
}

Check compare_runs(const Result<std::string>& on_host, const Result<std::string>& in_container) {
  Check check = begin("X1", "nvidia-smi here and there", Side::Host);
  if (!on_host)
    return failed(std::move(check), "on the host: " + on_host.error().message(),
                  "mend the host first: no container can do better");
  check.evidence.push_back("on the host: " + on_host->substr(0, on_host->find('\n')));
  check.side = Side::Image;
  if (!in_container)
    return failed(std::move(check), "in the container: " + in_container.error().message(),
                  "the host is well, so it is the image or the request: see I1 to I6 and R1");
  return pass(std::move(check),
              "in the container: " + in_container->substr(0, in_container->find('\n')));
}

oci::Json to_value(const Diagnosis& diagnosis) {
  oci::Json checks = oci::Json::array();
  for (const Check& check : diagnosis.checks) {
    oci::Json one = oci::Json::object();
    one.set("id", check.id).set("title", check.title).set("side", name_of(check.side));
    one.set("verdict", check.verdict == Verdict::Fail ? "fail" : name_of(check.verdict));
    checks.push(one.set("evidence", check.evidence).set("fix", check.fix));
  }
  oci::Json out = oci::Json::object();
  return out.set("exitCode", diagnosis.exit_code()).set("checks", std::move(checks));
}

std::string describe(const Diagnosis& diagnosis) {
  std::string out;
  auto to = std::back_inserter(out);
  for (const Check& check : diagnosis.checks) {
    fmt::format_to(to, "{}  {:<4}  {}\n", check.id, name_of(check.verdict), check.title);
    for (const std::string& line : check.evidence)
      fmt::format_to(to, "          {}\n", line);
    if (!check.fix.empty())
      fmt::format_to(to, "          {}: {}\n", name_of(check.side), check.fix);
  }
  constexpr const char* kSummaries[] = {"nothing is wrong that can be seen from here",
                                        "look at the host: no container can have what it has not",
                                        "look at the image: the host is well",
                                        "look at both: the host first, then the image",
                                        "look at the command line: host and image are well",
                                        "cannot tell: this root shows neither /proc nor /sys"};
  fmt::format_to(to, "\n{}\n", kSummaries[diagnosis.exit_code()]);
  return out;
}

}  // namespace suit::gpu
