// Docker's rules for `rmi`: a name goes; with its last name the image goes; what a container uses,
// or what has names in several repositories, goes only by force.

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "hash/sha256.h"
#include "naming/reference.h"
#include "store/images.h"
#include "store/index.h"
#include "store/mark.h"
#include "store/store.h"

namespace suit::store {
namespace {

std::string familiar(const std::string& canonical) {
  auto reference = naming::parse_reference(canonical);
  return reference ? reference->familiar() : canonical;
}

std::string repository(const std::string& canonical) {
  auto reference = naming::parse_reference(canonical);
  return reference ? reference->repository() : canonical;
}

// What a removal will do, decided before anything is changed.
struct Plan {
  std::vector<std::string> names;      // canonical, that go
  std::set<digest::Digest> manifests;  // of the image, under every name
  bool delete_image = false;
};

Result<Plan> plan_by_name(const Image& image, const std::string& name, bool force, bool in_use) {
  Plan plan;
  plan.names.push_back(name);
  if (image.names.size() > 1) return plan;
  if (in_use && !force)
    return fail(0,
                fmt::format("conflict: unable to remove repository reference \"{}\" (must force) - "
                            "a container is using its referenced image {}",
                            familiar(name), image.id.short_hex()),
                "remove the container first, or add --force to take the name away only");
  plan.delete_image = !in_use;
  return plan;
}

Result<Plan> plan_by_id(const Image& image, bool force, bool in_use) {
  Plan plan;
  plan.names = image.names;
  std::set<std::string> repositories;
  for (const std::string& name : image.names)
    repositories.insert(repository(name));
  if (repositories.size() > 1 && !force)
    return fail(0,
                fmt::format("conflict: unable to delete {} (must be forced) - image is referenced "
                            "in multiple repositories",
                            image.id.short_hex()),
                "remove it by name, or add --force to remove all its names");
  if (in_use && !force)
    return fail(0,
                fmt::format("conflict: unable to delete {} (must be forced) - image is being used "
                            "by a container",
                            image.id.short_hex()),
                "remove the container first");
  plan.delete_image = !in_use;
  return plan;
}

Result<void> apply(const Store& store, const Plan& plan) {
  return update_index(store.root(), [&](oci::Index& index) -> Result<void> {
    std::vector<oci::Descriptor> nameless;
    std::erase_if(index.manifests, [&](const oci::Descriptor& descriptor) {
      bool ours = plan.manifests.contains(descriptor.digest);
      std::string name = name_of(descriptor);
      bool goes = ours && (std::ranges::find(plan.names, name) != plan.names.end() ||
                           (name.empty() && plan.delete_image));
      if (goes && !plan.delete_image) nameless.push_back(named(descriptor, ""));
      return goes;
    });
    // An image that stays without a name is listed without one.
    for (oci::Descriptor& descriptor : nameless) {
      bool listed = std::ranges::any_of(index.manifests, [&](const oci::Descriptor& other) {
        return plan.manifests.contains(other.digest);
      });
      if (!listed) index.manifests.push_back(std::move(descriptor));
    }
    return {};
  });
}

// A name whose image cannot be read must still be removable, or the store could not be mended.
Result<Store::Removed> untag_damaged(const Store& store, std::string_view name, Error damage) {
  auto reference = naming::parse_reference(name);
  SUIT_LET(oci::Index listed, read_index(store.root()));
  std::string canonical = reference ? reference->canonical() : "";
  if (canonical.empty() ||
      std::ranges::find(listed.manifests, canonical, name_of) == listed.manifests.end())
    return std::unexpected(std::move(damage));
  SUIT_LOG(Warn, "{} is untagged although it is damaged: {}", name, damage.message());
  SUIT_TRY(update_index(store.root(), [&](oci::Index& index) -> Result<void> {
    std::erase_if(index.manifests, [&](const auto& other) { return name_of(other) == canonical; });
    return {};
  }));
  Store::Removed removed;
  removed.untagged.push_back(reference->familiar());
  return removed;
}

// Frees what only this image used. When somebody else works in the store it is left to the garbage
// collection: nothing points to it any more either way.
Result<Store::Removed> free_content(const Store& store, const Image& image) {
  SUIT_LET(Marks marked, mark(store));
  Store::Removed removed;
  removed.deleted = {image.id};
  auto chain = hash::chain_ids(image.config.diff_ids);
  for (auto id = chain.rbegin(); id != chain.rend(); ++id)
    if (!marked.snapshots.contains(*id)) removed.deleted.push_back(*id);
  auto lock = os::Lock::acquire(store.root() + "/lock", os::LockMode::Exclusive, os::Wait::No);
  if (!lock) {
    SUIT_LOG(Debug, "the content of {} is left to the garbage collection", image.id.text());
    return removed;
  }
  // Marked again, as somebody may have come and gone before the lock was ours.
  SUIT_LET(marked, mark(store));
  SUIT_LET(removed.freed_bytes, sweep_unmarked(store, marks_of(image), marked));
  return removed;
}

// The descriptors of every manifest with this image's config: their names are its names.
Result<std::set<digest::Digest>> manifests_of(const Store& store, const Image& image) {
  SUIT_LET(oci::Index index, read_index(store.root()));
  std::set<digest::Digest> manifests = {image.manifest_digest};
  for (const oci::Descriptor& descriptor : index.manifests) {
    auto id = id_of(store, descriptor);
    if (id && *id == image.id) manifests.insert(descriptor.digest);
  }
  return manifests;
}

}  // namespace

Result<Store::Removed> Store::remove_image(std::string_view name_or_id, bool force,
                                           const std::vector<digest::Digest>& in_use) {
  auto found = find_image(name_or_id);
  if (!found) return untag_damaged(*this, name_or_id, std::move(found).error());
  SUIT_LET(oci::Index index, read_index(root_));
  SUIT_LET(Image image, resolve_id(*this, index, found->id));
  auto reference = naming::parse_reference(name_or_id);
  std::string name = reference && reference->digest.empty() ? reference->canonical() : "";
  bool by_name = std::ranges::find(image.names, name) != image.names.end();
  bool used = std::ranges::find(in_use, image.id) != in_use.end();
  SUIT_LET(Plan plan,
           by_name ? plan_by_name(image, name, force, used) : plan_by_id(image, force, used));
  SUIT_LET(plan.manifests, manifests_of(*this, image));
  SUIT_TRY(store::apply(*this, plan));
  Removed removed;
  for (const std::string& gone : plan.names)
    removed.untagged.push_back(familiar(gone));
  if (plan.delete_image) {
    SUIT_LET(Removed freed, free_content(*this, image));
    removed.deleted = std::move(freed.deleted);
    removed.freed_bytes = freed.freed_bytes;
  }
  return removed;
}

}  // namespace suit::store
