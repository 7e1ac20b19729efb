#include "store/check.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "oci/json.h"
#include "store/images.h"
#include "store/index.h"
#include "store/layout.h"

namespace suit::store {
namespace {

/// The report being written, and what it is about.
struct Checker {
  const Store& store;
  CheckReport report;

  void problem(std::string object, std::string what, std::string mend) {
    report.problems.push_back({std::move(object), std::move(what), std::move(mend)});
  }
};

void check_blob(Checker& checker, const std::string& name) {
  std::string path = blobs_dir(checker.store.root()) + "/" + name;
  if (!is_sha256_hex(name))
    return checker.problem(path, "its name is no sha256 digest", "remove it");
  auto fd = open_regular(path);
  if (!fd && fd.error().code() == ENOENT) return;  // collected while we look
  if (!fd) return checker.problem(path, fd.error().message(), "remove it");
  os::FdReader file(*std::move(fd));
  hash::HashingWriter hashed;
  auto size = copy(file, hashed);
  if (!size) return checker.problem(path, size.error().message(), "check the disk");
  checker.report.blobs += 1;
  checker.report.blob_bytes += *size;
  digest::Digest actual = hashed.finish();
  if (actual.hex() != name)
    checker.problem(path, fmt::format("its content has the digest {}", actual.text()),
                    "remove it, and load the image that it belongs to again");
}

Result<void> check_blobs(Checker& checker) {
  SUIT_LET(auto names, os::list_dir(blobs_dir(checker.store.root())));
  for (const std::string& name : names)
    check_blob(checker, name);
  return {};
}

Result<void> check_images(Checker& checker) {
  SUIT_LET(oci::Index index, read_index(checker.store.root()));
  for (const oci::Descriptor& descriptor : index.manifests) {
    std::string name = name_of(descriptor);
    if (name.empty()) name = descriptor.digest.text();
    auto image = resolve(checker.store, descriptor);
    if (!image) {
      checker.problem(name, image.error().message(), fmt::format("suit rmi {}", name));
      continue;
    }
    checker.report.images += 1;
    for (const oci::Descriptor& layer : image->manifest.layers)
      if (!checker.store.has_blob(layer.digest))
        checker.problem(name, fmt::format("its layer {} is missing", layer.digest.text()),
                        "load the image again");
  }
  return {};
}

Result<void> check_snapshots(Checker& checker) {
  std::string folder = snapshots_dir(checker.store.root());
  SUIT_LET(auto names, os::list_dir(folder));
  for (const std::string& name : names) {
    std::string path = folder + "/" + name;
    struct stat info{};
    bool whole =
        is_sha256_hex(name) && ::lstat((path + "/fs").c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    if (whole)
      checker.report.snapshots += 1;
    else if (os::exists(path))
      checker.problem(path, "it is no snapshot", "remove it");
  }
  return {};
}

// A container cannot start without its layers; a cache record that points to nothing is only
// useless.
Result<void> check_containers(Checker& checker) {
  std::string folder = checker.store.root() + "/containers";
  SUIT_LET(auto ids, os::list_dir(folder));
  for (const std::string& id : ids) {
    std::string path = fmt::format("{}/{}/container.json", folder, id);
    auto text = read_regular(path, kDocumentLimit);
    if (!text && (text.error().code() == ENOENT || text.error().code() == ENOTDIR)) continue;
    auto record = text ? oci::parse_json(*text) : std::unexpected(std::move(text).error());
    if (!record) {
      checker.problem(path, record.error().message(), fmt::format("suit rm {}", id));
      continue;
    }
    const oci::Json* snapshots = record->find("snapshots");
    if (!snapshots || !snapshots->as_array()) continue;
    for (const oci::Json& item : *snapshots->as_array()) {
      auto chain_id = digest::Digest::parse(item.as_string() ? *item.as_string() : "");
      if (!chain_id || !os::exists(snapshot_path(checker.store.root(), *chain_id)))
        checker.problem(path, fmt::format("its snapshot {} is missing", item.dump()),
                        fmt::format("suit rm {}, and create it again", id));
    }
  }
  return {};
}

}  // namespace

Result<CheckReport> check(const Store& store) {
  Checker checker{.store = store, .report = {}};
  // Nobody may collect while we compare what is listed with what is there.
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  SUIT_TRY(check_images(checker));
  SUIT_TRY(check_blobs(checker));
  SUIT_TRY(check_snapshots(checker));
  SUIT_TRY(check_containers(checker));
  return std::move(checker.report);
}

}  // namespace suit::store
