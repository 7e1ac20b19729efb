#include "store/index.h"

#include <utility>

#include <fmt/format.h>

#include "naming/reference.h"
#include "os/file.h"
#include "store/ingest.h"
#include "store/layout.h"

namespace suit::store {

std::string name_of(const oci::Descriptor& descriptor) {
  for (std::string_view key : {kFullName, kRefName}) {
    auto found = descriptor.annotations.find(std::string(key));
    if (found == descriptor.annotations.end()) continue;
    // Another tool may have written here: skopeo puts the name as it was typed.
    auto reference = naming::parse_reference(found->second);
    if (reference && !reference->tag.empty()) {
      reference->digest = {};
      return reference->canonical();
    }
  }
  return "";
}

oci::Descriptor named(oci::Descriptor descriptor, std::string_view name) {
  for (std::string_view key : {kFullName, kRefName}) {
    descriptor.annotations.erase(std::string(key));
    if (!name.empty()) descriptor.annotations.emplace(key, name);
  }
  return descriptor;
}

Result<oci::Index> read_index(const std::string& store_root) {
  std::string path = store_root + "/index.json";
  auto mend = [&](Error error) {
    return std::unexpected(
        std::move(error)
            .wrap(fmt::format("the list of images, {}", path))
            .with_hint(
                fmt::format("the images' content is not lost: mend the file by hand, or start "
                            "a new list with: echo '{}' > {}",
                            kEmptyIndex, path)));
  };
  auto text = read_regular(path, kIndexLimit);
  if (!text) return mend(std::move(text).error());
  auto index = oci::parse_index(*text);
  if (!index) return mend(std::move(index).error());
  return index;
}

Result<void> update_index(const std::string& store_root,
                          const std::function<Result<void>(oci::Index&)>& edit) {
  SUIT_LET([[maybe_unused]] auto lock,
           os::Lock::acquire(store_root + "/index.lock", os::LockMode::Exclusive));
  SUIT_LET(oci::Index index, read_index(store_root));
  SUIT_TRY(edit(index));
  return replace_durably(store_root, store_root + "/index.json", oci::to_json(index), 0644);
}

}  // namespace suit::store
