#include "registry/pull.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "hash/sha256.h"
#include "oci/platform.h"
#include "registry/download_internal.h"
#include "store/layout.h"
#include "store/unpack.h"

namespace suit::registry {
namespace {

constexpr std::size_t kDownloads = 4;

std::uint64_t bytes_here(const store::Store& store, const oci::Descriptor& blob) {
  if (blob.digest.algorithm() != "sha256") return 0;
  if (store.has_blob(blob.digest)) return blob.size_bytes;
  struct stat info{};
  if (::lstat(store::partial_path(store.root(), blob.digest).c_str(), &info) != 0) return 0;
  auto size = static_cast<std::uint64_t>(info.st_size);
  return size < blob.size_bytes ? size : 0;
}

// Whether the name means this very manifest here.
bool is_here(const store::Store& store, const naming::Reference& reference,
             const digest::Digest& manifest) {
  auto image = store.find_image(reference.digest.empty() ? reference.canonical() : manifest.text());
  if (!image && !reference.digest.empty())
    image = store.find_image(reference.repository() + "@" + manifest.text());
  return image && image->manifest_digest == manifest;
}

// The manifest behind a document: itself, or the platform's of an index.
Result<oci::Manifest> manifest_behind(Session& session, Document& document,
                                      const naming::Reference& reference,
                                      const oci::Platform& platform) {
  SUIT_LET(auto parsed, parse_document(document));
  if (auto* index = std::get_if<oci::Index>(&parsed)) {
    SUIT_LET(oci::Descriptor chosen, choose(*index, platform, reference.familiar()));
    SUIT_LET(document, fetch_document(session, chosen));
    SUIT_LET(parsed, parse_document(document));
    // An index whose entry calls itself a manifest and is an index again has no end.
    if (std::holds_alternative<oci::Index>(parsed))
      return fail(0, fmt::format("manifest {}: an index, where the index promised a manifest",
                                 document.digest.text()));
  }
  return std::get<oci::Manifest>(std::move(parsed));
}

Result<Pull> prepare_from(const Access& access, const store::Store& store, const Endpoint& endpoint,
                          const naming::Reference& reference, const oci::Platform& platform) {
  Pull pull;
  pull.session = std::make_unique<Session>(access, endpoint, reference.path, Action::Pull);
  PullPlan plan;
  plan.reference = reference;
  plan.host = endpoint.host;
  SUIT_LET(Document document, fetch_document(*pull.session, reference));
  plan.named_digest = document.digest;
  SUIT_LET(plan.manifest, manifest_behind(*pull.session, document, reference, platform));
  plan.manifest_descriptor.media_type = plan.manifest.media_type;
  plan.manifest_descriptor.digest = document.digest;
  plan.manifest_descriptor.size_bytes = document.text.size();
  plan.manifest_text = std::move(document.text);
  bool named = is_here(store, reference, plan.manifest_descriptor.digest);
  SUIT_LET(pull.plan,
           plan_pull(
               std::move(plan),
               [&](const oci::Descriptor& blob) { return bytes_here(store, blob); }, named));
  return pull;
}

// A registry that states absurd sizes shall not fill the disk to find out.
Result<void> check_space(const store::Store& store, const PullPlan& plan) {
  struct statvfs info{};
  if (::statvfs(store.root().c_str(), &info) != 0) return {};
  std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
  if (plan.bytes <= free) return {};
  return fail(ENOSPC,
              fmt::format("{} needs {} bytes, and {} has {}", plan.reference.familiar(), plan.bytes,
                          store.root(), free),
              "`suit system prune` makes room");
}

// The layers of one pull, between the threads that bring them and the one that unpacks.
struct Transfer {
  Session& session;
  store::Store& store;
  const OnProgress& on_progress;
  const std::vector<oci::Descriptor>& layers;
  std::vector<std::unique_ptr<Coming>> coming;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
};

void bring_layers(Transfer& transfer) {
  while (true) {
    std::size_t i = transfer.next++;
    if (i >= transfer.layers.size()) return;
    auto fetched = fetch_blob(transfer.session, transfer.store, transfer.layers[i],
                              transfer.coming[i].get(), transfer.on_progress, transfer.stop);
    if (!fetched) transfer.stop = true;
  }
}

Result<void> unpack_layers(Transfer& transfer, const std::vector<digest::Digest>& diff_ids) {
  std::vector<digest::Digest> chain = hash::chain_ids(diff_ids);
  for (std::size_t i = 0; i < transfer.layers.size(); ++i) {
    const oci::Descriptor& layer = transfer.layers[i];
    Coming& coming = *transfer.coming[i];
    auto unpacked = transfer.store.has_snapshot(chain[i])
                        ? coming.wait()
                        : store::unpack_stream(transfer.store, coming, layer, diff_ids, i,
                                               [&] { return coming.wait(); });
    if (!unpacked) {
      // Wrong bytes may fail to unpack before their digest is known: the digest is the truer
      // reason, and only when it is found out is a bad remainder of an earlier pull thrown away.
      auto fetched = coming.wait();
      transfer.stop = true;
      return fetched ? unpacked : fetched;
    }
    SUIT_TRY(coming.wait());
    transfer.on_progress({layer.digest, Stage::Done, layer.size_bytes, layer.size_bytes});
  }
  return {};
}

Result<void> move_layers(Session& session, store::Store& store, const oci::Manifest& manifest,
                         const std::vector<digest::Digest>& diff_ids,
                         const OnProgress& on_progress) {
  Transfer transfer{.session = session,
                    .store = store,
                    .on_progress = on_progress,
                    .layers = manifest.layers,
                    .coming = {}};
  for (const oci::Descriptor& layer : manifest.layers) {
    transfer.coming.push_back(std::make_unique<Coming>());
    on_progress({layer.digest, store.has_blob(layer.digest) ? Stage::Exists : Stage::Waiting, 0,
                 layer.size_bytes});
  }
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(kDownloads, manifest.layers.size()); ++i)
    threads.emplace_back([&transfer] { bring_layers(transfer); });
  auto unpacked = unpack_layers(transfer, diff_ids);
  threads.clear();  // joins
  if (unpacked || unpacked.error().code() != ECANCELED) return unpacked;
  // Stopped because another layer failed: that one's reason is the one to tell.
  for (const auto& coming : transfer.coming)
    if (auto outcome = coming->wait(); !outcome && outcome.error().code() != ECANCELED)
      return outcome;
  return unpacked;
}

Result<oci::ImageConfig> read_fetched_config(const store::Store& store,
                                             const oci::Manifest& manifest) {
  SUIT_LET(std::string text, store.read_blob(manifest.config.digest));
  auto config = oci::parse_image_config(text);
  if (!config) return wrap(std::move(config).error(), "config " + manifest.config.digest.text());
  if (config->diff_ids.size() != manifest.layers.size())
    return fail(
        0, fmt::format("config {} has {} diff_ids for {} layers", manifest.config.digest.text(),
                       config->diff_ids.size(), manifest.layers.size()));
  return config;
}

}  // namespace

Result<Pull> prepare_pull(const Access& access, const store::Store& store,
                          const naming::Reference& reference, const oci::Platform& platform) {
  SUIT_LET(std::vector<Endpoint> candidates, endpoints(access.config, reference.domain));
  for (std::size_t i = 0; i + 1 < candidates.size(); ++i) {
    auto pull = prepare_from(access, store, candidates[i], reference, platform);
    if (pull) return pull;
    SUIT_LOG(Warn, "mirror {}: {}", candidates[i].host, pull.error().message());
  }
  return prepare_from(access, store, candidates.back(), reference, platform);
}

Result<Pulled> execute(Pull pull, store::Store& store, const OnProgress& on_progress) {
  SUIT_LET([[maybe_unused]] os::Lock use, store.use());
  const PullPlan& plan = pull.plan;
  SUIT_TRY(check_space(store, plan));
  const std::atomic<bool> never = false;
  const OnProgress quiet = [](const BlobProgress&) {};
  SUIT_TRY(fetch_blob(*pull.session, store, plan.manifest.config, nullptr, quiet, never));
  SUIT_LET(oci::ImageConfig config, read_fetched_config(store, plan.manifest));
  if (!plan.is_current)
    SUIT_TRY(move_layers(*pull.session, store, plan.manifest, config.diff_ids, on_progress));
  SUIT_LET(digest::Digest digest, store.put_blob(plan.manifest_text));
  std::vector<naming::Reference> names;
  if (plan.reference.digest.empty()) names.push_back(plan.reference);
  SUIT_LET(store::Image image, store.put_manifest(digest, names));
  return Pulled{.image = std::move(image), .was_current = plan.is_current};
}

}  // namespace suit::registry
