#include "runtime/bundle.h"

#include <limits.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "os/file.h"
#include "os/user.h"

namespace suit::runtime {
namespace {

std::string absolute(const std::string& bundle, const std::string& path) {
  return path.starts_with('/') ? path : bundle + "/" + path;
}

}  // namespace

void add_home(oci::Process& process, const std::string& rootfs) {
  auto names_home = [](const std::string& entry) { return entry.starts_with("HOME="); };
  if (std::ranges::any_of(process.env, names_home)) return;
  auto root = os::Root::open(rootfs);
  if (!root) return;
  auto user = os::resolve_user(*root, std::to_string(process.user.uid));
  process.env.push_back("HOME=" + (user && !user->home.empty() ? user->home : "/"));
}

Result<oci::Spec> bundle_spec(std::string_view text, const std::string& path) {
  SUIT_LET(oci::Spec spec, oci::parse_spec(text));
  spec.root_path = absolute(path, spec.root_path);
  for (oci::SpecMount& mount : spec.mounts) {
    bool is_bind = mount.type == "bind";
    for (const std::string& option : mount.options)
      is_bind = is_bind || option == "bind" || option == "rbind";
    if (is_bind) mount.source = absolute(path, mount.source);
  }
  if (!spec.process.args.empty()) add_home(spec.process, spec.root_path);
  return spec;
}

Result<Bundle> load_bundle(const std::string& path, const std::string& config) {
  char resolved[PATH_MAX];
  if (!::realpath(path.c_str(), resolved))
    return fail(errno, fmt::format("bundle \"{}\"", path), "give its directory with --bundle");
  Bundle bundle;
  bundle.path = resolved;
  std::string file = config.empty() ? bundle.path + "/config.json" : config;
  SUIT_LET(bundle.text, os::read_file(file, 4U << 20));
  auto spec = bundle_spec(bundle.text, bundle.path);
  if (!spec) return wrap(std::move(spec).error(), file);
  bundle.spec = *std::move(spec);
  return bundle;
}

}  // namespace suit::runtime
