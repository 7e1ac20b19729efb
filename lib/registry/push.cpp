#include "registry/push.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "oci/json.h"
#include "os/file.h"
#include "registry/conveyor_internal.h"
#include "registry/upload_internal.h"

namespace suit::registry {
namespace {

// What one push works with.
struct Pusher {
  const Access& access;
  store::Store& store;
  const naming::Reference& reference;
  const PushOptions& options;
  const OnProgress& on_progress;
};

// The compressor makes the same bytes each time, so what a layer became once it will become again:
// packed/<digest of the plain layer>.<format> notes it, and the registry is asked for that.
std::string packed_path(const store::Store& store, const digest::Digest& plain,
                        const PushOptions& options) {
  std::string level =
      options.compression.level ? fmt::format("-{}", *options.compression.level) : "";
  return fmt::format("{}/packed/{}.{}{}", store.root(), plain.hex(),
                     layer::name_of(options.compression.format), level);
}

std::string_view packed_type(const PushOptions& options) {
  return options.compression.format == layer::Compression::Zstd ? oci::kMediaLayerZstd
                                                                : oci::kMediaLayerGzip;
}

std::optional<oci::Descriptor> known_packed(const store::Store& store, const oci::Descriptor& plain,
                                            const PushOptions& options) {
  auto text = os::read_file(packed_path(store, plain.digest, options), 4096);
  if (!text) return std::nullopt;
  auto json = oci::parse_json(*text);
  auto digest = json ? digest::Digest::parse(json->string_or("digest")) : fail(0, "");
  const oci::Json* size = json ? json->find("size") : nullptr;
  if (!digest || !size || !size->as_uint()) return std::nullopt;
  oci::Descriptor packed = plain;
  packed.media_type = packed_type(options);
  packed.digest = *std::move(digest);
  packed.size_bytes = *size->as_uint();
  return packed;
}

void note_packed(const store::Store& store, const oci::Descriptor& plain,
                 const oci::Descriptor& packed, const PushOptions& options) {
  oci::Json json = oci::Json::object();
  json.set("digest", packed.digest.text());
  json.set("size", packed.size_bytes);
  // A note that cannot be written costs time at the next push, no more.
  if (!os::make_dirs(store.root() + "/packed")) return;
  (void)os::replace_file(packed_path(store, plain.digest, options), json.dump());
}

// Another repository of the same registry that has the layer, as far as our own names tell.
std::string other_home(const store::Store& store, const naming::Reference& reference,
                       const digest::Digest& layer) {
  for (const store::Image& image : store.images()) {
    bool has = std::ranges::any_of(
        image.manifest.layers, [&](const oci::Descriptor& each) { return each.digest == layer; });
    if (!has) continue;
    for (const std::string& name : image.names)
      if (auto other = naming::parse_reference(name);
          other && other->domain == reference.domain && other->path != reference.path)
        return other->path;
  }
  return {};
}

class ReportingReader final : public Reader {
 public:
  ReportingReader(Reader& next, const OnProgress& on_progress, BlobProgress progress)
      : next_(next), on_progress_(on_progress), progress_(std::move(progress)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    SUIT_LET(std::size_t got, next_.read(out));
    progress_.bytes += got;
    on_progress_(progress_);
    return got;
  }

 private:
  Reader& next_;
  const OnProgress& on_progress_;
  BlobProgress progress_;
};

// A blob as the store has it.
Result<void> send_blob(const Pusher& pusher, Session& session, const oci::Descriptor& blob,
                       const std::string& mount_from) {
  SUIT_LET(bool there, has_blob(session, blob.digest));
  BlobProgress progress{blob.digest, Stage::Exists, 0, blob.size_bytes};
  if (there) {
    pusher.on_progress(progress);
    return {};
  }
  SUIT_LET(Upload upload, begin_upload(session, &blob.digest, mount_from));
  progress.stage = upload.location.empty() ? Stage::Mounted : Stage::Moving;
  if (upload.location.empty()) {
    pusher.on_progress(progress);
    return {};
  }
  SUIT_LET(os::Fd fd, pusher.store.open_blob(blob.digest));
  os::FdReader file(std::move(fd));
  ReportingReader body(file, pusher.on_progress, progress);
  if (pusher.options.chunk_bytes == 0) {
    SUIT_TRY(upload_whole(session, upload.location, body, blob));
  } else {
    std::uint64_t chunk = std::max(pusher.options.chunk_bytes, upload.min_chunk);
    SUIT_LET(std::string location, upload_stream(session, upload.location, body, chunk));
    SUIT_TRY(finish_upload(session, location, blob.digest));
  }
  progress.stage = Stage::Moved;
  pusher.on_progress(progress);
  return {};
}

// Tar in, compressed layer out, all in one pass: the digest is known when the last byte has left.
Result<oci::Descriptor> send_compressed(const Pusher& pusher, Session& session,
                                        const oci::Descriptor& plain) {
  SUIT_LET(Upload upload, begin_upload(session, nullptr, ""));
  SUIT_LET(os::Fd fd, pusher.store.open_blob(plain.digest));
  os::FdReader file(std::move(fd));
  Conveyor conveyor;
  hash::HashingReader hashed(file);
  hash::HashingWriter packed(&conveyor);
  BlobProgress progress{plain.digest, Stage::Moving, 0, plain.size_bytes};
  ReportingReader tar(hashed, pusher.on_progress, progress);
  std::jthread compressor([&] {
    layer::CompressingWriter writer(packed, pusher.options.compression);
    auto done = copy(tar, writer);
    conveyor.finish(done ? writer.finish() : Result<void>(std::unexpected(done.error())));
  });
  std::uint64_t chunk =
      pusher.options.chunk_bytes != 0 || upload.min_chunk != 0
          ? std::max({pusher.options.chunk_bytes, upload.min_chunk, std::uint64_t{8U << 20}})
          : 0;
  if (pusher.options.chunk_bytes != 0)
    chunk = std::max(pusher.options.chunk_bytes, upload.min_chunk);
  auto location = upload_stream(session, upload.location, conveyor, chunk);
  conveyor.abandon();
  compressor.join();
  if (!location) {
    cancel_upload(session, upload.location);
    return std::unexpected(std::move(location).error());
  }
  if (hashed.finish() != plain.digest) {
    cancel_upload(session, *location);
    return fail(0, fmt::format("blob {} is damaged", plain.digest.text()),
                "load or build the image again");
  }
  oci::Descriptor out = plain;
  out.media_type = packed_type(pusher.options);
  out.size_bytes = packed.size_bytes();
  out.digest = packed.finish();
  SUIT_TRY(finish_upload(session, *location, out.digest));
  note_packed(pusher.store, plain, out, pusher.options);
  progress.stage = Stage::Moved;
  progress.bytes = progress.total;
  pusher.on_progress(progress);
  return out;
}

// A layer's descriptor as it will stand in the pushed manifest.
Result<oci::Descriptor> send_layer(const Pusher& pusher, Session& session,
                                   const oci::Descriptor& layer) {
  std::string home = other_home(pusher.store, pusher.reference, layer.digest);
  bool compress =
      pusher.options.compression.format != layer::Compression::None && is_plain_layer(layer);
  if (!compress) {
    SUIT_TRY(send_blob(pusher, session, layer, home));
    return layer;
  }
  if (auto packed = known_packed(pusher.store, layer, pusher.options)) {
    SUIT_LET(bool there, has_blob(session, packed->digest));
    bool mounted = false;
    if (!there && !home.empty()) {
      SUIT_LET(Upload upload, begin_upload(session, &packed->digest, home));
      mounted = upload.location.empty();
      if (!mounted) cancel_upload(session, upload.location);
    }
    if (there || mounted) {
      pusher.on_progress(
          {layer.digest, there ? Stage::Exists : Stage::Mounted, 0, layer.size_bytes});
      return *packed;
    }
  }
  return send_compressed(pusher, session, layer);
}

// Docker's manifests have no type for zstd: an image whose layers change gets OCI's names.
void rename_types(oci::Manifest& manifest) {
  manifest.media_type = oci::kMediaManifest;
  if (manifest.config.media_type == oci::kDockerConfig)
    manifest.config.media_type = oci::kMediaConfig;
  for (oci::Descriptor& layer : manifest.layers) {
    if (layer.media_type == oci::kDockerLayerTar) layer.media_type = oci::kMediaLayerTar;
    if (layer.media_type == oci::kDockerLayerGzip) layer.media_type = oci::kMediaLayerGzip;
  }
}

Error not_allowed(Error error, const naming::Reference& reference) {
  if (error.code() != EACCES) return error;
  return Error(0, fmt::format("push access denied for {}, repository does not exist or may "
                              "require authorization: {}",
                              reference.familiar_repository(), error.what()))
      .with_hint(error.hint().empty() ? fmt::format("log in: suit login {}", reference.domain)
                                      : error.hint());
}

Result<Pushed> put_manifest(Session& session, const naming::Reference& reference,
                            const oci::Manifest& manifest, std::string text) {
  Pushed pushed{.manifest = hash::sha256(text), .size_bytes = text.size()};
  std::string which = reference.tag.empty() ? pushed.manifest.text() : reference.tag;
  http::Request put;
  put.method = "PUT";
  put.url = session.path("manifests/" + which);
  put.headers.push_back({.name = "Content-Type", .value = manifest.media_type});
  put.body_text = std::move(text);
  SUIT_LET(http::Response answer, session.send(std::move(put)));
  if (!answer.is_ok()) return std::unexpected(refused(answer, "put the manifest"));
  std::string_view said = answer.header("Docker-Content-Digest").value_or("");
  if (!said.empty() && said.starts_with("sha256:") && said != pushed.manifest.text())
    return fail(0, fmt::format("the registry has stored another manifest: {}, not {}", said,
                               pushed.manifest.text()));
  return pushed;
}

// Layers travel side by side; each thread takes the next one that nobody has.
Result<std::vector<oci::Descriptor>> send_layers(const Pusher& pusher, Session& session,
                                                 const std::vector<oci::Descriptor>& layers) {
  constexpr std::size_t kUploads = 3;
  std::vector<Result<oci::Descriptor>> sent(layers.size(), fail(ECANCELED, "stopped"));
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < std::min(kUploads, layers.size()); ++t)
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < layers.size() && !stop; i = next++) {
        // The same layer twice is sent once; its second place copies the first's.
        if (std::ranges::find(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(i),
                              layers[i].digest, &oci::Descriptor::digest) !=
            layers.begin() + static_cast<std::ptrdiff_t>(i))
          continue;
        sent[i] = send_layer(pusher, session, layers[i]);
        if (!sent[i]) stop = true;
      }
    });
  threads.clear();  // joins
  std::vector<oci::Descriptor> out;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto first =
        std::ranges::find(layers, layers[i].digest, &oci::Descriptor::digest) - layers.begin();
    Result<oci::Descriptor>& one = sent[static_cast<std::size_t>(first)];
    if (!one && one.error().code() == ECANCELED) continue;
    if (!one) return wrap(std::move(one).error(), "layer " + layers[i].digest.text());
    out.push_back(*one);
  }
  if (out.size() != layers.size()) return fail(ECANCELED, "stopped");
  return out;
}

}  // namespace

Result<PushPlan> prepare_push(const Access& access, const store::Store& store,
                              const store::Image& image, const naming::Reference& reference,
                              const PushOptions& options) {
  Session session(access, endpoint_of(access.config, reference.domain), reference.path,
                  Action::Push);
  PushPlan plan;
  plan.reference = reference;
  plan.host = session.endpoint().host;
  plan.image_id = image.id;
  plan.manifest = image.manifest;
  bool compress = options.compression.format != layer::Compression::None;
  std::map<digest::Digest, bool> there;
  auto ask = [&](const oci::Descriptor& blob) -> Result<void> {
    if (compress && is_plain_layer(blob)) {
      auto packed = known_packed(store, blob, options);
      if (!packed) return {};
      SUIT_LET(bool has, has_blob(session, packed->digest));
      // What its compressed form is called is known, and that is there: as good as sent.
      if (!has) return {};
      auto it = std::ranges::find(plan.manifest.layers, blob.digest, &oci::Descriptor::digest);
      *it = *packed;
      there[packed->digest] = true;
      return {};
    }
    SUIT_LET(there[blob.digest], has_blob(session, blob.digest));
    return {};
  };
  std::vector<oci::Descriptor> blobs = image.manifest.layers;
  blobs.push_back(image.manifest.config);
  for (const oci::Descriptor& blob : blobs)
    if (auto asked = ask(blob); !asked)
      return std::unexpected(not_allowed(std::move(asked).error(), reference));
  return plan_push(
      std::move(plan), [&](const digest::Digest& digest) { return there[digest]; }, compress);
}

Result<Pushed> push(const Access& access, store::Store& store, const store::Image& image,
                    const naming::Reference& reference, const PushOptions& options,
                    const OnProgress& on_progress) {
  SUIT_TRY(layer::check(options.compression));
  SUIT_LET([[maybe_unused]] os::Lock use, store.use());
  Session session(access, endpoint_of(access.config, reference.domain), reference.path,
                  Action::Push);
  for (const oci::Descriptor& layer : image.manifest.layers)
    if (std::string home = other_home(store, reference, layer.digest); !home.empty())
      session.also_pull(home);
  Pusher pusher{access, store, reference, options, on_progress};
  auto layers = send_layers(pusher, session, image.manifest.layers);
  if (!layers) return std::unexpected(not_allowed(std::move(layers).error(), reference));
  auto config = send_blob(pusher, session, image.manifest.config, "");
  if (!config) return std::unexpected(not_allowed(std::move(config).error(), reference));
  SUIT_LET(std::string text, store.read_blob(image.manifest_digest));
  oci::Manifest manifest = image.manifest;
  bool changed = !std::ranges::equal(*layers, manifest.layers, {}, &oci::Descriptor::digest,
                                     &oci::Descriptor::digest);
  if (changed) {
    manifest.layers = *std::move(layers);
    rename_types(manifest);
    text = oci::to_json(manifest);
  }
  auto pushed = put_manifest(session, reference, manifest, std::move(text));
  if (!pushed) return std::unexpected(not_allowed(std::move(pushed).error(), reference));
  return pushed;
}

}  // namespace suit::registry
