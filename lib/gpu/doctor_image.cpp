// The image's side: CUDA, frameworks, libc, environment. All by reading: no program of it is run.

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/split.h"
#include "gpu/doctor_internal.h"
#include "gpu/elf.h"
#include "gpu/probe_internal.h"
#include "gpu/require.h"
#include "oci/image.h"

namespace suit::gpu {
namespace {

Check no_image(Check check) {
  return skip(std::move(check), "no image given: --image REF or --image-root DIR");
}

std::string host_version(const Patient& p) {
  const auto properties = properties_of(p.host);
  const auto driver = properties.find("driver");
  return driver == properties.end() ? "" : driver->second;
}

}  // namespace

Check check_cuda(const Patient& p) {
  Check check = begin("I1", "CUDA libraries in the image", Side::Image);
  if (!p.image) return no_image(std::move(check));
  if (!is_nvidia(p)) return skip(std::move(check), "no GPU of NVIDIA");
  for (const CudaFound& found : find_cuda(p))
    check.evidence.push_back(found.version.empty() ? found.evidence
                                                   : found.evidence + ": " + found.version);
  for (const Framework& framework : find_frameworks(p))
    if (framework.for_gpu) check.evidence.push_back(framework.evidence);
  check.verdict = Verdict::Pass;
  if (!check.evidence.empty()) return check;
  return failed(std::move(check),
                "no /usr/local/cuda, no libcudart.so, no nvidia-* wheels, no CUDA_VERSION",
                "start from an image with CUDA, or install a GPU build of your framework");
}

Check check_framework(const Patient& p) {
  Check check = begin("I2", "a GPU build of the framework", Side::Image);
  if (!p.image) return no_image(std::move(check));
  const std::vector<Framework> frameworks = find_frameworks(p);
  if (frameworks.empty()) return skip(std::move(check), "no framework that is known here");
  for (const Framework& framework : frameworks) {
    if (!framework.for_gpu)
      return failed(std::move(check), framework.evidence + ": built for processors only",
                    fmt::format("install the GPU build of {}", framework.name));
    check.evidence.push_back(framework.evidence);
  }
  check.verdict = Verdict::Pass;
  return check;
}

namespace {

// The oldest driver branch that runs any program of a CUDA major version.
// \source CUDA Compatibility, "Minor version compatibility"
constexpr std::array<std::pair<unsigned, std::string_view>, 3> kOldestDriver = {
    {{13, "580"}, {12, "525"}, {11, "450"}}};

std::string_view oldest_driver_for(std::string_view cuda) {
  unsigned major = 0;
  std::from_chars(cuda.data(), cuda.data() + cuda.size(), major);
  for (const auto& [version, driver] : kOldestDriver)
    if (version == major) return driver;
  return {};
}

// A newer driver's user-space part that the image brings for older kernel modules.
std::string compat_version(const Patient& p) {
  for (const std::string& name : p.image->names("/usr/local/cuda/compat"))
    if (const std::string_view version = version_in(name, "libcuda.so."); !version.empty())
      return std::string(version);
  return "";
}

}  // namespace

Check check_driver_age(const Patient& p) {
  Check check = begin("I3", "driver new enough for the image", Side::Image);
  if (!p.image) return no_image(std::move(check));
  const std::string driver = host_version(p);
  if (driver.empty()) return skip(std::move(check), "no driver on the host (H2, H4)");
  if (auto met = check_requirements(p.input.env, p.host); !met)
    return failed(std::move(check), met.error().what(), met.error().hint());
  std::vector<CudaFound> all = find_cuda(p);
  for (const Framework& framework : find_frameworks(p))
    if (!framework.cuda.empty()) all.push_back({framework.cuda, framework.evidence});
  for (const CudaFound& cuda : all) {
    const std::string_view least = oldest_driver_for(cuda.version);
    if (least.empty()) continue;
    if (compare_versions(driver, least) >= 0) {
      check.evidence.push_back(
          fmt::format("CUDA {} wants driver {}, here is {}", cuda.version, least, driver));
      continue;
    }
    if (const std::string compat = compat_version(p); !compat.empty())
      return warned(std::move(check),
                    fmt::format("CUDA {} wants driver {}, here is {}; the image brings {} in "
                                "/usr/local/cuda/compat",
                                cuda.version, least, driver, compat),
                    "set LD_LIBRARY_PATH=/usr/local/cuda/compat (data-centre GPUs only)");
    return failed(std::move(check),
                  fmt::format("{}: CUDA {} wants driver {}, here is {}", cuda.evidence,
                              cuda.version, least, driver),
                  "update the host's driver, or use an image for an older CUDA");
  }
  if (check.evidence.empty()) return skip(std::move(check), "the image demands no version");
  check.verdict = Verdict::Pass;
  return check;
}

Check check_no_driver_inside(const Patient& p) {
  Check check = begin("I4", "no driver in the image", Side::Image);
  if (!p.image) return no_image(std::move(check));
  const std::string search = oci::env_value(p.input.env, "LD_LIBRARY_PATH").value_or("");
  for (std::string_view dir : split(search, ':')) {
    const std::string path(dir);
    if (!path.starts_with('/') || path.find("/compat") != std::string::npos) continue;
    for (const char* name : {"libcuda.so.1", "libcuda.so", "libnvidia-ml.so.1"})
      if (p.image->has(path + "/" + name))
        return failed(
            std::move(check),
            fmt::format("LD_LIBRARY_PATH leads to {}/{}, before the host's driver", path, name),
            path.ends_with("/stubs") ? "take the stubs directory out of LD_LIBRARY_PATH: "
                                       "it is for linking only"
                                     : "remove the file, or take it out of LD_LIBRARY_PATH");
  }
  for (const char* name : {"libcuda.so.1", "libnvidia-ml.so.1"}) {
    std::string path = p.layout.library_dir + "/" + name;
    if (const auto cached = p.layout.cached.find(name); cached != p.layout.cached.end())
      path = cached->second;
    if (!p.image->has(path)) continue;
    return warned(std::move(check), fmt::format("{} ({})", path, p.image->link(path)),
                  "remove the driver's packages from the image; suit covers the file with the "
                  "host's, other engines may not");
  }
  return pass(std::move(check), "neither libcuda.so.1 nor libnvidia-ml.so.1");
}

namespace {

std::set<std::string> libc_versions(const View& image, const std::string& dir) {
  const auto file = image.root().open_in(dir + "/libc.so.6", O_RDONLY | O_NONBLOCK);
  if (!file) return {};
  const auto facts = read_elf(*file);
  if (!facts) return {};
  return {facts->version_defs.begin(), facts->version_defs.end()};
}

// The newest version of the C library that the driver's files need, with a file that does.
std::pair<std::string, std::string> libc_need(const Patient& p) {
  std::pair<std::string, std::string> most;
  for (const DriverFile& driver_file : p.host.nvidia.files) {
    if (driver_file.kind != FileKind::Library) continue;
    const auto file = p.input.host->open_in(driver_file.path, O_RDONLY | O_NONBLOCK);
    const auto facts = file ? read_elf(*file) : Result<ElfFacts>(std::unexpected(file.error()));
    if (!facts) continue;
    for (const auto& [library, version] : facts->version_needs) {
      if (!version.starts_with("GLIBC_") || version == "GLIBC_PRIVATE") continue;
      const std::string number = version.substr(6);
      if (most.first.empty() || compare_versions(number, most.first) > 0)
        most = {number, driver_file.path};
    }
  }
  return most;
}

}  // namespace

Check check_libc(const Patient& p) {
  Check check = begin("I5", "a C library that the driver can use", Side::Image);
  if (!p.image) return no_image(std::move(check));
  if (p.layout.libc == ImageLayout::Libc::Musl)
    return failed(std::move(check), "/lib/ld-musl-*: musl, as in Alpine",
                  "use an image of Debian, Ubuntu or Fedora");
  if (p.layout.libc == ImageLayout::Libc::None)
    return skip(std::move(check), "no C library: static programs only");
  const std::set<std::string> has = libc_versions(*p.image, p.layout.library_dir);
  const auto [need, file] = libc_need(p);
  const std::string where = p.layout.library_dir + "/libc.so.6";
  if (has.empty() || need.empty()) return pass(std::move(check), where);
  if (!has.contains("GLIBC_" + need))
    return failed(std::move(check),
                  fmt::format("{} needs GLIBC_{}, which {} has not", file, need, where),
                  "use a newer base image");
  return pass(std::move(check), fmt::format("{} has GLIBC_{}, as {} needs", where, need, file));
}

namespace {

std::optional<std::uint16_t> machine_of(const View& image, const ImageLayout& layout) {
  for (const std::string& path :
       {layout.library_dir + "/libc.so.6", std::string("/bin/sh"), std::string("/bin/busybox")}) {
    const auto file = image.root().open_in(path, O_RDONLY | O_NONBLOCK);
    if (!file) continue;
    if (const auto facts = read_elf(*file)) return facts->machine;
  }
  return std::nullopt;
}

}  // namespace

Check check_environment(const Patient& p) {
  Check check = begin("I6", "architecture and environment", Side::Image);
  if (!p.image) return no_image(std::move(check));
  const auto machine = machine_of(*p.image, p.layout);
  if (machine && *machine != own_machine())
    return failed(std::move(check),
                  fmt::format("the image is for {}, the host is {}", machine_name(*machine),
                              machine_name(own_machine())),
                  "use the image for this architecture");
  const auto visible = oci::env_value(p.input.env, "CUDA_VISIBLE_DEVICES");
  if (visible && (visible->empty() || visible->starts_with('-')))
    return failed(std::move(check),
                  fmt::format("ENV CUDA_VISIBLE_DEVICES=\"{}\" hides every GPU", *visible),
                  "take the variable out of the image, or run with -e CUDA_VISIBLE_DEVICES=0");
  return pass(std::move(check), machine ? machine_name(*machine) : "nothing hides a GPU");
}

Check check_request_itself(const Patient& p) {
  Check check = begin("R1", "the request", Side::Request);
  if (!p.input.request)
    return skip(std::move(check), "give --gpus as you would to suit run, to have it looked at");
  const Request& request = *p.input.request;
  if (request.empty()) {
    const bool image_asks =
        parse_visible_devices(oci::env_value(p.input.env, "NVIDIA_VISIBLE_DEVICES")).kind !=
        VisibleDevices::Kind::Nothing;
    return failed(std::move(check),
                  image_asks ? "the image's NVIDIA_VISIBLE_DEVICES asks for GPUs, and suit gives "
                               "none on an image's word"
                             : "nothing asks for a GPU",
                  "suit run --gpus all IMAGE");
  }
  for (const DeviceRequest& asked : request.gpus)
    if (auto checked = check_request(asked); !checked)
      return failed(std::move(check), checked.error().what(), checked.error().hint());
  // What else is wrong has a check of its own; here it is about GPUs that do not exist.
  const CdiRegistry registry = CdiRegistry::load(*p.input.host, default_cdi_dirs());
  const os::Root& image = p.input.image ? *p.input.image : *p.input.host;
  const auto plan = plan_injection(request, {p.host, registry, image, {}});
  if (!plan && plan.error().code() == ENOENT)
    return failed(std::move(check), plan.error().what(), plan.error().hint());
  return pass(std::move(check), "it is understood");
}

}  // namespace suit::gpu
