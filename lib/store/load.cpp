// Loading an archive: stage all files, plan the images, verify them, and only then store anything.

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "layer/compress.h"
#include "layer/open_tar.h"
#include "layer/tar.h"
#include "oci/json.h"
#include "oci/platform.h"
#include "store/archive.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/sizes.h"
#include "store/stage.h"

namespace suit::store {
namespace {

// One image of the archive, before it is verified.
struct Planned {
  oci::Manifest manifest;
  std::string manifest_text;  // the bytes: a loaded image keeps its digest
  std::vector<naming::Reference> names;
};

// The images of one archive, as they are found.
struct Plan {
  const Stage& stage;
  const oci::Platform& platform;
  std::vector<Planned> images;
  std::vector<std::string> notes;
};

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

Result<naming::Reference> parse_name(const std::string& text) {
  auto name = naming::parse_reference(text);
  if (!name)
    return wrap(std::move(name).error(), fmt::format("the archive's image name {}", quoted(text)));
  name->digest = {};
  if (name->tag.empty())
    return fail(0, fmt::format("the archive's image name {} has no tag", quoted(text)));
  return name;
}

// ref.name may hold a tag alone (buildx writes `latest`, `1.2`): that names no image.
bool is_tag_alone(std::string_view text) {
  if (text.find_first_of("/:") != std::string_view::npos) return false;
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return text == "latest" || text.find('.') != std::string_view::npos ||
         (!text.empty() && digit(text[0])) || (text.size() > 1 && text[0] == 'v' && digit(text[1]));
}

Result<std::vector<naming::Reference>> names_in(Plan& plan, const oci::Descriptor& descriptor) {
  std::vector<naming::Reference> names;
  auto full = descriptor.annotations.find(std::string(kFullName));
  auto ref = descriptor.annotations.find(std::string(kRefName));
  if (full != descriptor.annotations.end()) {
    SUIT_LET(naming::Reference name, parse_name(full->second));
    names.push_back(std::move(name));
  } else if (ref != descriptor.annotations.end()) {
    if (is_tag_alone(ref->second)) {
      plan.notes.push_back(
          fmt::format("the archive gives an image only the tag {}, no name: `suit tag "
                      "{} NAME` gives it one",
                      quoted(ref->second), descriptor.digest.short_hex()));
      return names;
    }
    SUIT_LET(naming::Reference name, parse_name(ref->second));
    names.push_back(std::move(name));
  }
  return names;
}

// The file that a descriptor speaks of, with the size and digest that it states.
Result<const StagedFile*> blob_of(const Stage& stage, const oci::Descriptor& descriptor,
                                  std::string_view what) {
  std::string path =
      fmt::format("blobs/{}/{}", descriptor.digest.algorithm(), descriptor.digest.hex());
  const StagedFile* file = stage.find(path);
  if (!file) return fail(0, fmt::format("the archive lacks its {} {}", what, path));
  if (file->digest != descriptor.digest)
    return fail(
        0, fmt::format("the archive's {} {} has the digest {}", what, path, file->digest.text()));
  if (file->size_bytes != descriptor.size_bytes)
    return fail(0, fmt::format("the archive's {} {} has {} bytes, not the {} of its descriptor",
                               what, path, file->size_bytes, descriptor.size_bytes));
  return file;
}

bool is_index(const oci::Descriptor& descriptor) {
  return descriptor.media_type == oci::kMediaIndex || descriptor.media_type == oci::kDockerIndex;
}

bool is_manifest(const oci::Descriptor& descriptor) {
  return descriptor.media_type == oci::kMediaManifest ||
         descriptor.media_type == oci::kDockerManifest;
}

// Build attestations travel beside images as manifests for the platform unknown/unknown.
bool is_attestation(const oci::Descriptor& descriptor) {
  return descriptor.platform && descriptor.platform->os == "unknown";
}

std::string name_of_platform(const oci::Descriptor& descriptor) {
  return descriptor.platform ? oci::to_text(*descriptor.platform) : "?";
}

// The one of `choices` (several platforms of one image) that was asked for: exactly that, or one
// that such a machine also runs.
Result<oci::Descriptor> choose(Plan& plan, const std::vector<oci::Descriptor>& choices,
                               std::string_view image) {
  std::vector<oci::Descriptor> candidates;
  for (const oci::Descriptor& choice : choices)
    if (is_manifest(choice) && !is_attestation(choice)) candidates.push_back(choice);
  if (candidates.size() == 1) return candidates.front();
  std::string all;
  for (const oci::Descriptor& candidate : candidates)
    all += (all.empty() ? "" : ", ") + name_of_platform(candidate);
  auto same = [&](const oci::Descriptor& each) {
    return each.platform && oci::is_same(plan.platform, *each.platform);
  };
  auto usable = [&](const oci::Descriptor& each) {
    return each.platform && oci::can_run(plan.platform, *each.platform);
  };
  auto found = std::ranges::find_if(candidates, same);
  if (found == candidates.end()) found = std::ranges::find_if(candidates, usable);
  if (found == candidates.end())
    return fail(0,
                fmt::format("the archive's {} has no image for {}, only for: {}", image,
                            oci::to_text(plan.platform), all.empty() ? "none" : all),
                "`suit load --platform` takes another one");
  plan.notes.push_back(fmt::format("of {} the platform {} was taken, out of: {}", image,
                                   name_of_platform(*found), all));
  return *found;
}

Result<void> plan_manifest(Plan& plan, const oci::Descriptor& descriptor,
                           std::vector<naming::Reference> names) {
  SUIT_LET(const StagedFile* file, blob_of(plan.stage, descriptor, "manifest"));
  SUIT_LET(std::string text, plan.stage.read(*file));
  auto manifest = oci::parse_manifest(text);
  if (!manifest)
    return wrap(std::move(manifest).error(),
                fmt::format("the archive's manifest {}", descriptor.digest.text()));
  plan.images.push_back({*std::move(manifest), std::move(text), std::move(names)});
  return {};
}

Result<void> plan_descriptor(Plan& plan, oci::Descriptor descriptor,
                             std::vector<naming::Reference> names) {
  std::string label = names.empty() ? descriptor.digest.text() : names.front().familiar();
  if (is_attestation(descriptor)) return {};
  if (is_index(descriptor)) {
    SUIT_LET(const StagedFile* file, blob_of(plan.stage, descriptor, "index"));
    SUIT_LET(std::string text, plan.stage.read(*file));
    auto index = oci::parse_index(text);
    if (!index) return wrap(std::move(index).error(), "the archive's index " + label);
    SUIT_LET(descriptor, choose(plan, index->manifests, label));
  }
  if (!is_manifest(descriptor)) {
    plan.notes.push_back(
        fmt::format("{} was left out: {} is no image", label, descriptor.media_type));
    return {};
  }
  return plan_manifest(plan, descriptor, std::move(names));
}

// index.json. Descriptors with one name are platforms of one image; with one digest, names of one.
Result<void> plan_oci(Plan& plan) {
  SUIT_LET(std::string text, plan.stage.read("index.json"));
  auto index = oci::parse_index(text);
  if (!index) return wrap(std::move(index).error(), "the archive's index.json");
  std::set<std::string> done;
  for (const oci::Descriptor& descriptor : index->manifests) {
    SUIT_LET(std::vector<naming::Reference> names, names_in(plan, descriptor));
    std::string name = names.empty() ? "" : names.front().canonical();
    if (!done.insert(name.empty() ? descriptor.digest.text() : name).second) continue;
    std::vector<oci::Descriptor> same;
    for (const oci::Descriptor& other : index->manifests)
      if (!name.empty() && name_of(other) == name) same.push_back(other);
    oci::Descriptor chosen = descriptor;
    if (same.size() > 1) {
      SUIT_LET(chosen, choose(plan, same, names.front().familiar()));
    }
    SUIT_TRY(plan_descriptor(plan, chosen, std::move(names)));
  }
  return {};
}

// The media type that a layer's first bytes ask for.
Result<std::string_view> layer_type(const StagedFile& file, const std::string& path) {
  SUIT_LET(os::Fd fd, open_regular(file.path));
  os::FdReader reader(std::move(fd));
  std::array<std::byte, 6> magic{};
  SUIT_LET(std::size_t size, read_full(reader, magic));
  std::string_view text(reinterpret_cast<const char*>(magic.data()), size);
  if (text.starts_with("\x1f\x8b")) return oci::kMediaLayerGzip;
  if (text.starts_with("\x28\xb5\x2f\xfd")) return oci::kMediaLayerZstd;
  if (text.starts_with("BZh") || text.starts_with("\xfd"
                                                  "7zXZ"))
    return fail(0, fmt::format("the archive's layer {} is compressed with bzip2 or xz, for which "
                               "images have no media type",
                               quoted(path)));
  return oci::kMediaLayerTar;
}

// A member of manifest.json that must be there, a string.
Result<std::string> string_member(const oci::Json& object, std::string_view key) {
  const oci::Json* value = object.find(key);
  if (value && value->as_string()) return *value->as_string();
  return fail(0, fmt::format("the archive's manifest.json: {} must be a string", key));
}

Result<std::vector<std::string>> strings_member(const oci::Json& object, std::string_view key) {
  std::vector<std::string> out;
  const oci::Json* value = object.find(key);
  if (!value || value->is_null()) return out;
  auto wrong = [&] {
    return fail(0, fmt::format("the archive's manifest.json: {} must be a list of strings", key));
  };
  if (!value->as_array()) return wrong();
  for (const oci::Json& item : *value->as_array()) {
    if (!item.as_string()) return wrong();
    out.push_back(*item.as_string());
  }
  return out;
}

Result<oci::Descriptor> describe(const Stage& stage, const std::string& path,
                                 std::string_view what) {
  const StagedFile* file = stage.find(path);
  if (!file)
    return fail(0, fmt::format("the archive lacks the {} {} that its manifest.json names", what,
                               quoted(path)));
  oci::Descriptor descriptor;
  descriptor.digest = file->digest;
  descriptor.size_bytes = file->size_bytes;
  return descriptor;
}

// `<id>.json` and `blobs/sha256/<id>` promise what the file's digest is.
Result<void> check_config_name(const std::string& path, const digest::Digest& digest) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".json")) name.resize(name.size() - 5);
  if (!is_sha256_hex(name) || name == digest.hex()) return {};
  return fail(
      0, fmt::format("the archive's config {} has the digest {}", quoted(path), digest.text()));
}

Result<void> plan_docker_image(Plan& plan, const oci::Json& item) {
  Planned planned;
  SUIT_LET(std::string config, string_member(item, "Config"));
  SUIT_LET(planned.manifest.config, describe(plan.stage, config, "config"));
  SUIT_TRY(check_config_name(config, planned.manifest.config.digest));
  planned.manifest.config.media_type = oci::kMediaConfig;
  SUIT_LET(std::vector<std::string> layers, strings_member(item, "Layers"));
  for (const std::string& path : layers) {
    SUIT_LET(oci::Descriptor layer, describe(plan.stage, path, "layer"));
    SUIT_LET(layer.media_type, layer_type(*plan.stage.find(path), path));
    planned.manifest.layers.push_back(std::move(layer));
  }
  SUIT_LET(std::vector<std::string> tags, strings_member(item, "RepoTags"));
  for (const std::string& tag : tags) {
    SUIT_LET(naming::Reference name, parse_name(tag));
    planned.names.push_back(std::move(name));
  }
  planned.manifest_text = oci::to_json(planned.manifest);
  plan.images.push_back(std::move(planned));
  return {};
}

Result<void> plan_docker(Plan& plan) {
  SUIT_LET(std::string text, plan.stage.read("manifest.json"));
  auto json = oci::parse_json(text);
  if (!json) return wrap(std::move(json).error(), "the archive's manifest.json");
  if (!json->as_array()) return fail(0, "the archive's manifest.json must be a list of images");
  for (const oci::Json& item : *json->as_array())
    SUIT_TRY(plan_docker_image(plan, item));
  return {};
}

Result<void> plan_images(Plan& plan) {
  if (plan.stage.find("index.json") && plan.stage.find("oci-layout")) return plan_oci(plan);
  if (plan.stage.find("manifest.json")) return plan_docker(plan);
  if (plan.stage.find("repositories"))
    return fail(0, "the archive is of Docker before 1.10 (it has no manifest.json)",
                "load it into a Docker from 1.10 to 20.10, and save it again");
  return fail(0, "this is no image archive: it has neither index.json nor manifest.json",
              "`suit import` makes an image of a root file system's tar");
}

// What a layer unpacks to.
struct Unpacked {
  digest::Digest diff_id;
  std::optional<std::uint64_t> file_bytes;  // none: it is no tar
};

Result<Unpacked> unpack(const StagedFile& file) {
  SUIT_LET(os::Fd fd, open_regular(file.path));
  os::FdReader stored(std::move(fd));
  SUIT_LET(auto plain, layer::decompress(stored));
  hash::HashingReader hashed(*plain);
  auto totals = layer::count_tar(hashed, layer::ArchiveEnd::Optional);
  Unpacked unpacked;
  if (totals) unpacked.file_bytes = totals->file_bytes;
  hash::HashingWriter nowhere;  // what is behind a tar that could not be read
  if (auto rest = copy(hashed, nowhere); !rest) return std::unexpected(std::move(rest).error());
  unpacked.diff_id = hashed.finish();
  return unpacked;
}

// By digest: manifest.json's layers lie anywhere, those of a layout at their digest.
Result<const StagedFile*> content_of(const Stage& stage, const oci::Descriptor& descriptor,
                                     std::string_view what) {
  const StagedFile* file = stage.find(descriptor.digest);
  if (!file) return blob_of(stage, descriptor, what);
  if (file->size_bytes == descriptor.size_bytes) return file;
  return fail(0, fmt::format("the archive's {} {} has {} bytes, not the {} of its descriptor", what,
                             descriptor.digest.text(), file->size_bytes, descriptor.size_bytes));
}

// What layers unpack to, by their own digest: images of one archive share layers.
using KnownLayers = std::map<digest::Digest, Unpacked>;

Result<void> verify_layer(const StagedFile& file, const digest::Digest& diff_id,
                          KnownLayers& known) {
  if (file.digest == diff_id) return {};
  auto found = known.find(file.digest);
  if (found == known.end()) {
    auto unpacked = unpack(file);
    if (!unpacked)
      return wrap(std::move(unpacked).error(), "the archive's layer " + file.digest.text());
    found = known.emplace(file.digest, *unpacked).first;
  }
  const digest::Digest& actual = found->second.diff_id;
  if (actual == diff_id) return {};
  return fail(0, fmt::format("the archive's layer {} unpacks to {}, but the config says {}",
                             file.digest.text(), actual.text(), diff_id.text()));
}

Result<void> verify(const Stage& stage, const Planned& planned, KnownLayers& known) {
  const digest::Digest& id = planned.manifest.config.digest;
  SUIT_LET(const StagedFile* config_file, content_of(stage, planned.manifest.config, "config"));
  SUIT_LET(std::string text, stage.read(*config_file));
  auto config = oci::parse_image_config(text);
  if (!config) return wrap(std::move(config).error(), "the archive's config " + id.text());
  const auto& layers = planned.manifest.layers;
  if (config->diff_ids.size() != layers.size())
    return fail(0, fmt::format("the archive's config {} has {} diff_ids for {} layers", id.text(),
                               config->diff_ids.size(), layers.size()));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    SUIT_LET(const StagedFile* file, content_of(stage, layers[i], "layer"));
    SUIT_TRY(verify_layer(*file, config->diff_ids[i], known));
  }
  return {};
}

// Verified content replaces what the store has: loading an image again mends a damaged blob.
Result<void> adopt(const Store& store, const Stage& stage, const oci::Descriptor& descriptor) {
  SUIT_LET(const StagedFile* file, content_of(stage, descriptor, "blob"));
  bool taken_already = !os::exists(file->path);  // by another image of this archive
  if (taken_already && store.has_blob(descriptor.digest)) return {};
  SUIT_LET(os::Fd fd, open_regular(file->path));
  return place_blob(store.root(), fd, file->path, descriptor.digest, Existing::Replace);
}

Result<Image> keep(Store& store, const Stage& stage, const Planned& planned,
                   const KnownLayers& known) {
  for (const oci::Descriptor& layer : planned.manifest.layers) {
    SUIT_TRY(adopt(store, stage, layer));
    auto unpacked = known.find(layer.digest);
    if (unpacked != known.end() && unpacked->second.file_bytes)
      note_size(store, layer.digest, *unpacked->second.file_bytes);
  }
  SUIT_TRY(adopt(store, stage, planned.manifest.config));
  SUIT_LET(digest::Digest digest, store.put_blob(planned.manifest_text));
  return store.put_manifest(digest, planned.names);
}

Result<LoadReport> load_staged(Store& store, const Stage& stage, const LoadOptions& options) {
  Plan plan{.stage = stage, .platform = options.platform, .images = {}, .notes = {}};
  SUIT_TRY(plan_images(plan));
  if (plan.images.empty()) return fail(0, "the archive holds no image");
  KnownLayers known;
  for (const Planned& planned : plan.images)
    SUIT_TRY(verify(stage, planned, known));
  LoadReport report;
  for (const Planned& planned : plan.images) {
    SUIT_LET(Image image, keep(store, stage, planned, known));
    auto same = std::ranges::find(report.images, image.id, &Image::id);
    if (same == report.images.end())
      report.images.push_back(std::move(image));
    else
      *same = std::move(image);  // it has one more name now
  }
  report.notes = std::move(plan.notes);
  return report;
}

}  // namespace

Result<LoadReport> load_archive(Store& store, Reader& archive, const LoadOptions& options) {
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  SUIT_LET(auto plain, layer::open_tar(archive));
  SUIT_LET(Stage stage, Stage::fill(store, *plain, options.limits));
  return load_staged(store, stage, options);
}

Result<LoadReport> load_layout(Store& store, const std::string& path, const LoadOptions& options) {
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  SUIT_LET(Stage stage, Stage::fill_from_layout(store, path, options.limits));
  return load_staged(store, stage, options);
}

}  // namespace suit::store
