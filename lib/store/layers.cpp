/// \file
/// Layers laid over each other, path by path.
///
///     layer 1   A usr/bin/gcc   90 MB      wasted: layer 2 deletes it
///     layer 2   D usr/bin/gcc    0 MB      deleting does not make an image smaller
///
/// A map from path to "who brought it" is the view so far. Each layer first takes away what its
/// whiteouts name, as these speak of the layers below whatever their place in the tar, and then
/// brings its own files. Whatever loses its place in the view was stored in vain.

#include "store/layers.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "layer/open_tar.h"
#include "os/file.h"

namespace suit::store {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::size_t kMaxEntries = 10'000'000;  // as many as `apply` unpacks

// `/a/./b/` as `a/b`; `..` leaves nothing that could be meant.
std::string clean(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      continue;
    }
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

struct Entry {
  layer::TarEntry entry;
  std::string path;
  std::string sha256;
};

// One layer's entries: whiteouts apart from the rest.
struct LayerEntries {
  std::vector<std::string> deleted;
  std::vector<std::string> opaque;  // directories whose content below goes
  std::vector<Entry> entries;
};

enum class Contents { Skip, Hash };

Result<std::string> hash_content(layer::TarReader& tar, std::vector<std::byte>& buffer) {
  hash::Sha256 hash;
  while (true) {
    SUIT_LET(std::size_t count, tar.read(buffer));
    if (count == 0) return std::string(hash.finish().hex());
    hash.update(std::span(buffer).first(count));
  }
}

Result<LayerEntries> read_entries(const Store& store, const digest::Digest& layer,
                                  Contents contents) {
  SUIT_LET(os::Fd fd, store.open_blob(layer));
  os::FdReader file(std::move(fd));
  SUIT_LET(auto plain, layer::open_tar(file));
  layer::TarReader tar(*plain, layer::ArchiveEnd::Optional);
  std::vector<std::byte> buffer(256U << 10);
  LayerEntries out;
  for (std::size_t count = 0; true; ++count) {
    SUIT_LET(auto entry, tar.next());
    if (!entry) return out;
    if (count == kMaxEntries)
      return fail(EFBIG, fmt::format("it has more than {} entries", kMaxEntries));
    std::string path = clean(entry->path);
    if (path.empty()) continue;
    std::size_t slash = path.rfind('/');
    std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
    std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name == kOpaque) {
      out.opaque.push_back(std::move(folder));
    } else if (name.starts_with(kWhiteout)) {
      name.erase(0, kWhiteout.size());
      out.deleted.push_back(folder.empty() ? name : folder + "/" + name);
    } else {
      std::string sha256;
      if (contents == Contents::Hash && entry->type == layer::EntryType::File) {
        SUIT_LET(sha256, hash_content(tar, buffer));
      }
      out.entries.push_back({*std::move(entry), std::move(path), std::move(sha256)});
    }
  }
}

// Takes `path` and all below it out of a view; `gone` sees what goes.
template <typename View>
void erase_below(View& view, const std::string& path, const auto& gone) {
  for (auto at = view.lower_bound(path + "/");
       at != view.end() && at->first.starts_with(path + "/"); at = view.erase(at))
    gone(at->first, at->second);
}
template <typename View>
void erase_tree(View& view, const std::string& path, const auto& gone) {
  erase_below(view, path, gone);
  if (auto at = view.find(path); at != view.end()) {
    gone(at->first, at->second);
    view.erase(at);
  }
}
template <typename View>
void erase_all(View& view, const auto& gone) {
  for (auto& [path, value] : view)
    gone(path, value);
  view.clear();
}

template <typename View>
void take_away(View& view, const LayerEntries& layer, const auto& gone) {
  for (const std::string& folder : layer.opaque) {
    if (folder.empty())
      erase_all(view, gone);
    else
      erase_below(view, folder, gone);
  }
  for (const std::string& path : layer.deleted)
    erase_tree(view, path, gone);
}

// Who brought a path: layer and index among its files. Directories have no file.
struct Origin {
  std::size_t layer = 0;
  std::size_t file = SIZE_MAX;
};

class Reporter {
 public:
  explicit Reporter(std::vector<LayerReport>& reports) : reports_(reports) {}

  void add(std::size_t index, LayerEntries layer) {
    LayerReport& report = reports_[index];
    auto wasted = [this](const std::string&, const Origin& origin) { waste(origin); };
    std::vector<std::string> deleted;
    auto gone = [&](const std::string& path, const Origin& origin) {
      if (origin.file != SIZE_MAX) deleted.push_back(path);
      waste(origin);
    };
    take_away(view_, layer, gone);
    for (Entry& each : layer.entries)
      bring(index, each, wasted);
    for (std::string& path : deleted) {
      if (view_.contains(path)) continue;  // brought again by the same layer: bring() saw it as new
      report.files.push_back(
          {LayerFile::Kind::Deleted, std::move(path), /*size_bytes=*/0, /*wasted=*/false});
      ++report.deleted;
    }
  }

  void finish() {
    for (LayerReport& report : reports_)
      std::ranges::sort(report.files, {}, &LayerFile::path);
  }

 private:
  void waste(const Origin& origin) {
    if (origin.file == SIZE_MAX) return;
    LayerReport& report = reports_[origin.layer];
    LayerFile& file = report.files[origin.file];
    if (std::exchange(file.wasted, true)) return;
    report.wasted_bytes += file.size_bytes;
  }

  void bring(std::size_t index, const Entry& each, const auto& wasted) {
    LayerReport& report = reports_[index];
    auto old = view_.find(each.path);
    bool was_file = old != view_.end() && old->second.file != SIZE_MAX;
    if (each.entry.type == layer::EntryType::Directory) {
      if (was_file) waste(old->second);
      view_[each.path] = {index, SIZE_MAX};
      return;
    }
    LayerFile::Kind kind = old == view_.end() ? LayerFile::Kind::Added : LayerFile::Kind::Changed;
    if (old != view_.end()) erase_tree(view_, each.path, wasted);
    report.size_bytes += each.entry.size_bytes;
    ++(kind == LayerFile::Kind::Added ? report.added : report.changed);
    view_[each.path] = {index, report.files.size()};
    report.files.push_back({kind, each.path, each.entry.size_bytes, /*wasted=*/false});
  }

  std::vector<LayerReport>& reports_;
  std::map<std::string, Origin> view_;
};

// History has entries without layers between those with.
void add_history(std::vector<LayerReport>& reports, const oci::ImageConfig& config) {
  std::size_t layer = 0;
  for (const oci::History& step : config.history) {
    if (step.empty_layer || layer == reports.size()) continue;
    reports[layer].created_by = step.created_by.empty() ? step.comment : step.created_by;
    reports[layer].created = step.created;
    ++layer;
  }
}

std::unexpected<Error> of_layer(Error error, const digest::Digest& layer) {
  return wrap(std::move(error), fmt::format("layer {}", layer.text()));
}

bool same_file(const ImageFile& a, const ImageFile& b) {
  const layer::TarEntry& l = a.entry;
  const layer::TarEntry& r = b.entry;
  return l.type == r.type && l.link == r.link && l.mode == r.mode && l.uid == r.uid &&
         l.gid == r.gid && l.device_major == r.device_major && l.device_minor == r.device_minor &&
         l.xattrs == r.xattrs && a.sha256 == b.sha256;
}

}  // namespace

Result<std::vector<LayerReport>> read_layers(const Store& store, const Image& image) {
  std::vector<LayerReport> reports(image.manifest.layers.size());
  for (std::size_t i = 0; i < reports.size(); ++i) {
    reports[i].layer = image.manifest.layers[i];
    reports[i].diff_id = image.config.diff_ids[i];
  }
  add_history(reports, image.config);
  Reporter reporter(reports);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    auto entries = read_entries(store, reports[i].layer.digest, Contents::Skip);
    if (!entries) return of_layer(std::move(entries).error(), reports[i].layer.digest);
    reporter.add(i, *std::move(entries));
  }
  reporter.finish();
  return reports;
}

Result<ImageFiles> read_files(const Store& store, const Image& image) {
  ImageFiles view;
  auto nothing = [](const std::string&, const ImageFile&) {};
  for (const oci::Descriptor& layer : image.manifest.layers) {
    auto entries = read_entries(store, layer.digest, Contents::Hash);
    if (!entries) return of_layer(std::move(entries).error(), layer.digest);
    take_away(view, *entries, nothing);
    for (Entry& each : entries->entries) {
      auto old = view.find(each.path);
      bool directory = each.entry.type == layer::EntryType::Directory;
      if (old != view.end() && !directory) erase_tree(view, each.path, nothing);
      view[each.path] = {std::move(each.entry), std::move(each.sha256)};
    }
  }
  return view;
}

std::vector<FileChange> diff_files(const ImageFiles& before, const ImageFiles& after) {
  std::vector<FileChange> changes;
  for (const auto& [path, file] : after) {
    auto old = before.find(path);
    if (old == before.end())
      changes.push_back({'A', path, 0, file.entry.size_bytes});
    else if (!same_file(old->second, file))
      changes.push_back({'C', path, old->second.entry.size_bytes, file.entry.size_bytes});
  }
  for (const auto& [path, file] : before)
    if (!after.contains(path)) changes.push_back({'D', path, file.entry.size_bytes, 0});
  std::ranges::sort(changes, {}, &FileChange::path);
  return changes;
}

}  // namespace suit::store
