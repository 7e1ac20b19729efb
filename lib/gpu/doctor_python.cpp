// CUDA and frameworks in an image, found by what they leave behind.
//
// torch.cuda.is_available() is False and nvidia-smi works: nearly always a build for processors
// only. pip's directories say which build it is; nothing has to be imported for that.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "gpu/doctor_internal.h"
#include "oci/image.h"

namespace suit::gpu {
namespace {

// Where Python packages are: the distributions', pip's, conda's, and virtual environments.
std::vector<std::string> package_dirs(const Patient& p) {
  std::vector<std::string> prefixes = {"/usr",  "/usr/local", "/opt/conda", "/opt/venv",
                                       "/venv", "/app/.venv", "/app/venv",  "/opt/python"};
  if (const auto env = oci::env_value(p.input.env, "VIRTUAL_ENV"); env && env->starts_with('/'))
    prefixes.insert(prefixes.begin(), *env);
  std::vector<std::string> out;
  for (const std::string& prefix : prefixes)
    for (const std::string& name : p.image->names(prefix + "/lib"))
      if (name.starts_with("python3"))
        for (const char* packages : {"site-packages", "dist-packages"})
          if (const std::string dir = fmt::format("{}/lib/{}/{}", prefix, name, packages);
              p.image->is_dir(dir) && std::ranges::find(out, dir) == out.end())
            out.push_back(dir);
  return out;
}

// The value after `key` on its line of a Python file: `cuda: Optional[str] = '12.4'` → `12.4`.
std::string assigned(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(key) || line.size() == key.size()) continue;
    if (line[key.size()] != ' ' && line[key.size()] != ':' && line[key.size()] != '=') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    line.remove_prefix(equals + 1);
    const std::size_t first = line.find_first_not_of(" '\"");
    if (first == std::string_view::npos) return "";
    return std::string(line.substr(first, line.find_last_not_of(" '\"\r") - first + 1));
  }
  return "";
}

void find_torch(const View& image, const std::string& dir, std::vector<Framework>& out) {
  const std::string file = dir + "/torch/version.py";
  const std::string text = image.text(file);
  if (text.empty()) return;
  const std::string version = assigned(text, "__version__");
  const std::string cuda = assigned(text, "cuda");
  const std::string hip = assigned(text, "hip");
  const bool has_cuda = !cuda.empty() && cuda != "None";
  const bool has_hip = !hip.empty() && hip != "None";
  const bool for_gpu = (has_cuda || has_hip) && !version.ends_with("+cpu");
  out.push_back({"torch", for_gpu, has_cuda ? cuda : "",
                 fmt::format("{}: torch {}, cuda = {}", file, version, has_cuda ? cuda : "None")});
}

void find_tensorflow(const View& image, const std::string& dir, std::vector<Framework>& out) {
  const std::string file = dir + "/tensorflow/python/platform/build_info.py";
  const std::string text = image.text(file);
  if (text.empty()) return;
  const std::size_t at = text.find("is_cuda_build");
  const std::string_view value =
      at == std::string::npos ? std::string_view() : std::string_view(text).substr(at, 40);
  const bool for_gpu = value.find("True") != std::string_view::npos;
  out.push_back({"tensorflow", for_gpu, "",
                 fmt::format("{}: is_cuda_build {}", file, for_gpu ? "True" : "False")});
}

// Two distributions of one module: the plain one is for processors.
struct Pair {
  std::string_view name;
  std::string_view plain;  // prefix of `<plain>-<version>.dist-info`
  std::string_view gpu;
};
constexpr std::array<Pair, 3> kPairs = {{{"jax", "jaxlib-", "jax_cuda"},
                                         {"onnxruntime", "onnxruntime-", "onnxruntime_gpu-"},
                                         {"paddlepaddle", "paddlepaddle-", "paddlepaddle_gpu-"}}};

void find_pairs(const std::vector<std::string>& names, const std::string& dir,
                std::vector<Framework>& out) {
  const auto find = [&](std::string_view prefix) {
    return std::ranges::find_if(names, [&](const std::string& name) {
      return name.starts_with(prefix) && name.ends_with(".dist-info");
    });
  };
  for (const Pair& pair : kPairs) {
    const auto gpu = find(pair.gpu);
    const auto plain = find(pair.plain);
    if (gpu != names.end())
      out.push_back({std::string(pair.name), true, "", dir + "/" + *gpu});
    else if (plain != names.end())
      out.push_back({std::string(pair.name), false, "", dir + "/" + *plain});
  }
  if (const auto cupy = find("cupy_cuda"); cupy != names.end())
    out.push_back({"cupy", true, "", dir + "/" + *cupy});
}

std::string cuda_in_version_json(const std::string& text) {
  const auto json = oci::parse_json(text);
  if (!json) return "";
  const oci::Json* cuda = json->find("cuda");
  return cuda ? cuda->string_or("version") : "";
}

}  // namespace

std::vector<Framework> find_frameworks(const Patient& p) {
  std::vector<Framework> out;
  if (!p.image) return out;
  for (const std::string& dir : package_dirs(p)) {
    find_torch(*p.image, dir, out);
    find_tensorflow(*p.image, dir, out);
    find_pairs(p.image->names(dir), dir, out);
  }
  return out;
}

std::vector<CudaFound> find_cuda(const Patient& p) {
  std::vector<CudaFound> out;
  if (const auto version = oci::env_value(p.input.env, "CUDA_VERSION"))
    out.push_back({*version, "ENV CUDA_VERSION"});
  for (const std::string& name : p.image->names("/usr/local")) {
    if (!name.starts_with("cuda")) continue;
    const std::string file = "/usr/local/" + name + "/version.json";
    if (p.image->has(file)) out.push_back({cuda_in_version_json(p.image->text(file)), file});
  }
  std::vector<std::string> dirs = {p.layout.library_dir, "/usr/local/cuda/lib64"};
  for (const std::string& packages : package_dirs(p))
    dirs.push_back(packages + "/nvidia/cuda_runtime/lib");
  for (const std::string& dir : dirs)
    for (const std::string& name : p.image->names(dir))
      if (name.starts_with("libcudart.so.")) {
        out.push_back({name.substr(13), dir + "/" + name});
        break;
      }
  return out;
}

}  // namespace suit::gpu
