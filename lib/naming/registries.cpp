#include "naming/registries.h"

#include <algorithm>
#include <array>

#include "base/split.h"

namespace suit::naming {
namespace {

constexpr std::array kRegistries = std::to_array<Registry>({
    {"Docker Hub", "docker.io", "NAMESPACE/IMAGE", "python:3.12",
     "the default; namespace library holds the official images", 2},
    {"GitHub Container Registry", "ghcr.io", "OWNER/IMAGE", "ghcr.io/owner/app:1.0",
     "the owner is a user or an organisation", 2},
    {"Google Artifact Registry", "*-docker.pkg.dev", "PROJECT-ID/REPOSITORY/IMAGE",
     "europe-west4-docker.pkg.dev/my-project/models/train:1.0",
     "the host names the region; a repository holds many images", 3},
    {"Google Container Registry", "gcr.io", "PROJECT-ID/IMAGE", "gcr.io/my-project/app:1.0",
     "the older of Google's two, also at us. eu. and asia.gcr.io", 2},
    {"Google Container Registry", "*.gcr.io", "PROJECT-ID/IMAGE", "eu.gcr.io/my-project/app:1.0",
     "the host names the continent", 2},
    {"Amazon ECR", "*.amazonaws.com", "REPOSITORY",
     "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1.0",
     "the host names the account and the region; a repository holds one image", 1},
    {"Amazon ECR Public", "public.ecr.aws", "ALIAS/REPOSITORY", "public.ecr.aws/alias/app:1.0",
     "the alias is the owner's", 2},
    {"Azure Container Registry", "*.azurecr.io", "REPOSITORY", "company.azurecr.io/team/app:1.0",
     "the host names the registry; the repository may have slashes", 1},
    {"Microsoft Artifact Registry", "mcr.microsoft.com", "REPOSITORY",
     "mcr.microsoft.com/devcontainers/base:debian", "Microsoft's own images", 1},
    {"Quay", "quay.io", "ORGANISATION/REPOSITORY", "quay.io/organisation/app:1.0",
     "the organisation may be a user", 2},
    {"GitLab", "registry.gitlab.com", "GROUP/PROJECT/IMAGE",
     "registry.gitlab.com/group/project/app:1.0",
     "the image may be left out: then the project's name is the image's", 2},
    {"NVIDIA NGC", "nvcr.io", "ORGANISATION/IMAGE", "nvcr.io/nvidia/pytorch:24.01-py3",
     "images with CUDA; a team may stand between the two", 2},
    {"Kubernetes", "registry.k8s.io", "IMAGE", "registry.k8s.io/pause:3.9",
     "what Kubernetes itself runs", 1},
    {"this machine", "localhost", "IMAGE", "localhost/app:1.0",
     "a registry on port 443 of this machine; podman also marks images built here so", 1},
    {"this machine", "localhost:*", "IMAGE", "localhost:5000/app:1.0",
     "a registry on a port of this machine; plain HTTP is allowed here alone", 1},
    {"this machine", "127.0.0.1:*", "IMAGE", "127.0.0.1:5000/app:1.0",
     "a registry on a port of this machine; plain HTTP is allowed here alone", 1},
});

bool matches_host(std::string_view pattern, std::string_view domain) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == domain;
  const std::string_view tail = pattern.substr(star + 1);
  return domain.size() > pattern.size() - 1 && domain.starts_with(pattern.substr(0, star)) &&
         domain.ends_with(tail);
}

}  // namespace

std::span<const Registry> registries() { return kRegistries; }

const Registry* find_registry(std::string_view domain) {
  const auto* found = std::find_if(kRegistries.begin(), kRegistries.end(),
                                   [&](const Registry& r) { return matches_host(r.host, domain); });
  return found == kRegistries.end() ? nullptr : found;
}

std::vector<std::pair<std::string, std::string>> name_parts(const Registry& registry,
                                                            std::string_view path) {
  const std::vector<std::string_view> names = split(registry.path, '/');
  std::vector<std::pair<std::string, std::string>> parts;
  for (const std::string_view part : split(path, '/')) {
    if (parts.size() < names.size())
      parts.emplace_back(names[parts.size()], part);
    else
      parts.back().second.append("/").append(part);
  }
  return parts;
}

}  // namespace suit::naming
