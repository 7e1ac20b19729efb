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
    "libc.so.6",      "libm.so.6",    "libdl.so.2",  "libpthread.so.0",           "librt.so.1",
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
    if (const auto found = cached_.find(name); found != cached_.end() && host_.is_file(found->second))
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

// The library and all that it needs, by the path at which the loader finds each.
Result<std::vector<std::string>> closure(const View& host, const std::string& library) {
  const Libraries libraries(host);
  std::vector<std::string> out;
  std::set<std::string> seen(kOfTheLoader.begin(), kOfTheLoader.end());
  std::deque<std::string> todo = {library};
  while (!todo.empty()) {
    const std::string name = std::move(todo.front());
    todo.pop_front();
    if (!seen.insert(name).second || name.starts_with("ld-linux")) continue;
    const std::string path = libraries.find(name);
    if (path.empty()) return fail(ENOENT, fmt::format("library {}", name));
    if (out.size() == kMostLibraries) return fail(EFBIG, "PoCL needs too many libraries");
    SUIT_LET(const os::Fd file, host.root().open_in(path, O_RDONLY | O_NONBLOCK));
    auto facts = read_elf(file);
    if (!facts) return wrap(std::move(facts).error(), path);
    out.push_back(path);
    todo.insert(todo.end(), facts->needed.begin(), facts->needed.end());
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
  SUIT_LET(std::vector<std::string> paths, closure(host, library));
  // The dispatcher that programs link, and the linker with which PoCL finishes a kernel.
  for (const char* also : {"libOpenCL.so.1"})
    if (auto more = closure(host, also))
      for (std::string& path : *more)
        if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
  for (const char* data : {kVendorFile, "/usr/share/pocl"})
    if (host.has(data)) paths.emplace_back(data);
  CdiSpec spec;
  spec.kind = "suit.dev/softgpu";
  CdiDevice device{.name = "0"};
  for (const std::string& path : paths)
    device.edits.mounts.push_back({options.driver_root + path,
                                   path,
                                   {"ro", "nosuid", "nodev", "rbind", "rprivate"},
                                   ""});
  // It asks the loader for the vendor's library by this path, and writes compiled kernels here.
  device.edits.env = {"OCL_ICD_VENDORS=/etc/OpenCL/vendors", "POCL_CACHE_DIR=/tmp/pocl"};
  spec.devices.push_back(std::move(device));
  spec.version = minimum_version(spec);
  return spec;
}

}  // namespace suit::gpu
