// A GPU that every machine has: PoCL, which runs OpenCL on the processor. To a container it is the
// same as a real one, only that its device nodes are none: libraries of the host, mounted.

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <map>
#include <set>

#include <fmt/format.h>

#include "gpu/elf.h"
#include "gpu/generate.h"
#include "gpu/ld_cache.h"
#include "gpu/view_internal.h"

namespace suit::gpu {
namespace {

constexpr const char* kVendorFile = "/etc/OpenCL/vendors/pocl.icd";
constexpr std::size_t kMostLibraries = 200;

// A program has these already, and two of a kind in one process is one too many.
constexpr std::array<std::string_view, 9> kOfTheLoader = {
    "libc.so.6",      "libm.so.6",    "libdl.so.2",  "libpthread.so.0",     "librt.so.1",
    "libresolv.so.2", "libutil.so.1", "libanl.so.1", "ld-linux-x86-64.so.2"};

// Finds libraries as the loader does: its cache, then its directories.
class Libraries {
 public:
  explicit Libraries(const View& host) : host_(host) {
    const auto cache = parse_ld_cache(host.text("/etc/ld.so.cache", 8U << 20));
    if (!cache) return;
    for (const CachedLibrary& library : *cache)
      cached_.emplace(library.name, library.path);
  }
  std::string find(const std::string& name) const {
    if (name.starts_with('/')) return host_.is_file(name) ? name : "";
    if (const auto found = cached_.find(name);
        found != cached_.end() && host_.is_file(found->second))
      return found->second;
    for (const std::string& dir : {"/usr/lib/" + own_multiarch(), "/lib/" + own_multiarch(),
                                   std::string("/usr/lib64"), std::string("/usr/lib")})
      if (host_.is_file(dir + "/" + name)) return dir + "/" + name;
    return "";
  }

 private:
  const View& host_;
  std::map<std::string, std::string> cached_;
};

// The libraries and all that they need, by the path at which the loader finds each.
Result<std::vector<std::string>> closure(const View& host, std::vector<std::string> wanted) {
  const Libraries libraries(host);
  std::vector<std::string> out;
  std::set<std::string> seen(kOfTheLoader.begin(), kOfTheLoader.end());
  std::deque<std::string> todo(wanted.begin(), wanted.end());
  while (!todo.empty()) {
    const std::string name = std::move(todo.front());
    todo.pop_front();
    if (!seen.insert(base_name(name)).second || base_name(name).starts_with("ld-linux")) continue;
    const std::string path = libraries.find(name);
    if (path.empty()) return fail(ENOENT, fmt::format("library {}", name));
    if (out.size() == kMostLibraries) return fail(EFBIG, "PoCL needs too many libraries");
    SUIT_LET(const os::Fd file, host.root().open_in(path, O_RDONLY | O_NONBLOCK));
    auto facts = read_elf(file);
    if (!facts) return wrap(std::move(facts).error(), path);
    out.push_back(path);
    for (const std::string& needed : facts->needed) {
      // Modules of one folder need each other, and are found by who loads them.
      const std::string beside = dir_name(path) + "/" + needed;
      todo.push_back(libraries.find(needed).empty() && host.is_file(beside) ? beside : needed);
    }
  }
  return out;
}

}  // namespace

Result<CdiSpec> generate_softgpu(const os::Root& root, const GenerateOptions& options) {
  const View host(root);
  const std::string library = host.line(kVendorFile);
  if (library.empty())
    return fail(ENOENT, fmt::format("soft GPU: no {}", kVendorFile),
                "install PoCL: apt-get install pocl-opencl-icd");
  // PoCL opens its kinds of devices as modules beside itself, and programs link the dispatcher.
  const std::string path = Libraries(host).find(library);
  const std::string modules = dir_name(path.empty() ? library : path) + "/pocl";
  std::vector<std::string> wanted = {library, "libOpenCL.so.1"};
  for (const std::string& name : host.names(modules))
    if (name.ends_with(".so")) wanted.push_back(modules + "/" + name);
  // It compiles a kernel for this processor when it is first used, and links it.
  if (host.is_file("/usr/bin/ld")) wanted.emplace_back("/usr/bin/ld");
  SUIT_LET(std::vector<std::string> paths, closure(host, std::move(wanted)));
  const std::string libc = "/usr/lib/" + own_multiarch();
  for (const std::string& data :
       {std::string(kVendorFile), std::string("/usr/share/pocl"), "/usr/lib/gcc/" + own_multiarch(),
        libc + "/libc.so", libc + "/libc_nonshared.a", libc + "/libm.so", libc + "/libmvec.so.1",
        libc + "/libgcc_s.so.1", libc + "/crti.o", libc + "/crtn.o"})
    if (host.has(data) && std::ranges::find(paths, data) == paths.end()) paths.push_back(data);
  CdiSpec spec;
  spec.kind = "suit.dev/softgpu";
  CdiDevice device{.name = "0"};
  for (const std::string& file : paths)
    device.edits.mounts.push_back(
        {options.driver_root + file, file, {"ro", "nosuid", "nodev", "rbind", "rprivate"}, ""});
  // It asks the loader for the vendor's library by this path, and writes compiled kernels here.
  device.edits.env = {"OCL_ICD_VENDORS=/etc/OpenCL/vendors", "POCL_CACHE_DIR=/tmp/pocl"};
  spec.devices.push_back(std::move(device));
  spec.version = minimum_version(spec);
  return spec;
}

}  // namespace suit::gpu
