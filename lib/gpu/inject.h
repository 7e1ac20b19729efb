/// \file
/// From a request to an edited `oci::Spec`: `suit run --gpus all` without a vendor's toolkit.
///
///     Request + Host + the image's files ──> Injection ──> links in the root, edits of the spec
///                                            a plan
///
/// Driver files are mounted into a directory that the image's loader searches by itself, and get
/// their SONAME links there: no ldconfig, no hook, no program is run. A cache of the image that
/// leads to another copy of the same library is answered by covering that copy.
/// \see tutorial 12

#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/cdi_registry.h"
#include "gpu/cdi_spec.h"
#include "gpu/probe.h"
#include "gpu/request.h"
#include "oci/spec.h"
#include "os/root.h"

namespace suit::gpu {

/// Where an image's loader looks.
struct ImageLayout {
  enum class Libc { Glibc, Musl, None };
  Libc libc = Libc::None;
  std::string library_dir;                    ///< searched without being told
  std::map<std::string, std::string> cached;  ///< name → path, of its ld.so.cache
};
ImageLayout layout_of(const os::Root& image);

/// A symlink to be made in the container's root.
struct DriverLink {
  std::string path;
  std::string target;
};

/// Everything that a request comes to.
struct Injection {
  ContainerEdits edits;
  std::vector<DriverLink> links;
  bool hides_params = false;  ///< /proc/driver/nvidia/params is to be replaced
};

/// What a plan is made of, beside the request.
struct InjectionInput {
  const Host& host;
  const CdiRegistry& registry;
  const os::Root& image;
  const std::vector<std::string>& env;  ///< of the container: NVIDIA_REQUIRE_* of the image
};

/// \errors ENODEV when no driver fits `--gpus`; ENOENT for a device that is not there; 0 with the
/// reason for a requirement that is not met, an image with musl, a node that is not what it says
Result<Injection> plan_injection(const Request& request, const InjectionInput& input);

/// Plans and carries out: links into \p rootfs, edits into \p spec. The spec is unchanged when it
/// fails.
/// \param scratch a directory for files of ours that the container sees; made when it is needed
Result<void> edit_spec(oci::Spec& spec, const Request& request, const os::Root& rootfs,
                       const std::string& scratch);

}  // namespace suit::gpu
