// Which image a word means. Docker's order: a digest, then a name, then the start of an id.

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/suggest.h"
#include "naming/id.h"
#include "naming/reference.h"
#include "store/images.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/store.h"

namespace suit::store {
namespace {

constexpr std::string_view kWhatToDo =
    "`suit images` lists what is there; build it (`suit build -t NAME .`), load an archive that "
    "holds it (`suit load -i FILE`) or make it of a root file system (`suit import`); `suit pull "
    "NAME` "
    "brings it from its registry";

std::vector<std::string> familiar_names(const oci::Index& index) {
  std::vector<std::string> names;
  for (const oci::Descriptor& descriptor : index.manifests) {
    auto reference = naming::parse_reference(name_of(descriptor));
    if (reference) names.push_back(reference->familiar());
  }
  return names;
}

std::unexpected<Error> not_found(const Store& store, const oci::Index& index,
                                 std::string_view asked, std::string_view canonical) {
  std::vector<std::string> names = familiar_names(index);
  std::string meant(canonical.empty() ? "" : fmt::format(" ({})", canonical));
  std::string_view near = nearest(asked, names);
  std::string guess = near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
  return fail(
      ENOENT,
      fmt::format("no image \"{}\"{} in the store at {}{}", asked, meant, store.root(), guess),
      std::string(kWhatToDo));
}

// Descriptors whose image id, or own digest, begins with `prefix`; one for each image.
struct Candidates {
  std::vector<digest::Digest> ids;
  std::vector<oci::Descriptor> descriptors;
};

Candidates starting_with(const Store& store, const oci::Index& index, std::string_view prefix) {
  Candidates found;
  for (const oci::Descriptor& descriptor : index.manifests) {
    auto id = id_of(store, descriptor);
    if (!id) continue;  // A damaged image has no id that anybody could know.
    if (!id->hex().starts_with(prefix) && !descriptor.digest.hex().starts_with(prefix)) continue;
    if (std::ranges::find(found.ids, *id) != found.ids.end()) continue;
    found.ids.push_back(*id);
    found.descriptors.push_back(descriptor);
  }
  return found;
}

Result<Image> find_by_id(const Store& store, const oci::Index& index, std::string_view asked,
                         std::string_view prefix) {
  Candidates found = starting_with(store, index, prefix);
  if (found.ids.empty()) return not_found(store, index, asked, "");
  if (found.ids.size() == 1) return resolve_id(store, index, found.ids.front());
  return std::unexpected(naming::ambiguous_id(asked, found.ids));
}

// The image under `name`, with all names of the same manifest.
Result<Image> with_names(const Store& store, const oci::Index& index,
                         const oci::Descriptor& descriptor) {
  SUIT_LET(Image image, resolve(store, descriptor));
  image.names.clear();
  for (const oci::Descriptor& other : index.manifests) {
    if (other.digest != descriptor.digest) continue;
    if (std::string name = name_of(other); !name.empty()) image.names.push_back(std::move(name));
  }
  return image;
}

// `python@sha256:…`: the digest decides; the name must be one that the image has, if it has any.
Result<Image> find_by_digest(const Store& store, const oci::Index& index, std::string_view asked,
                             const naming::Reference& reference) {
  for (const oci::Descriptor& descriptor : index.manifests) {
    bool same = descriptor.digest == reference.digest;
    if (!same) {
      auto id = id_of(store, descriptor);
      same = id && *id == reference.digest;
    }
    auto name = naming::parse_reference(name_of(descriptor));
    if (same && (!name || name->repository() == reference.repository()))
      return with_names(store, index, descriptor);
  }
  return not_found(store, index, asked, "");
}

}  // namespace

Result<Image> Store::find_image(std::string_view name_or_id) const {
  SUIT_LET(oci::Index index, read_index(root_));
  std::string_view prefix = naming::id_prefix(name_or_id);
  bool only_id = name_or_id.starts_with("sha256:") || prefix.size() == 64;
  if (only_id && !prefix.empty()) return find_by_id(*this, index, name_or_id, prefix);
  auto reference = naming::parse_reference(name_or_id);
  if (!reference) return std::unexpected(std::move(reference).error());
  if (!reference->digest.empty()) return find_by_digest(*this, index, name_or_id, *reference);
  std::string canonical = reference->canonical();
  // Our own names stand there as they are looked for; another tool's need parsing.
  auto named = std::ranges::find_if(index.manifests, [&](const oci::Descriptor& descriptor) {
    auto full = descriptor.annotations.find(std::string(kFullName));
    return full != descriptor.annotations.end() && full->second == canonical;
  });
  if (named == index.manifests.end())
    named = std::ranges::find(index.manifests, canonical, name_of);
  if (named != index.manifests.end()) {
    auto image = with_names(*this, index, *named);
    if (!image) return wrap(std::move(image).error(), fmt::format("image \"{}\"", name_or_id));
    return image;
  }
  if (prefix.empty()) return not_found(*this, index, name_or_id, canonical);
  auto by_id = find_by_id(*this, index, name_or_id, prefix);
  if (!by_id && by_id.error().code() == ENOENT)
    return not_found(*this, index, name_or_id, canonical);
  return by_id;
}

}  // namespace suit::store
