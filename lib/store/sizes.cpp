#include "store/sizes.h"

#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "layer/open_tar.h"
#include "layer/tar.h"
#include "os/file.h"
#include "store/layout.h"

namespace suit::store {
namespace {

std::optional<std::uint64_t> noted(const Store& store, const digest::Digest& layer) {
  auto text = read_regular(size_path(store.root(), layer), 32);
  std::uint64_t size = 0;
  if (!text) return std::nullopt;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return size;
}

Result<layer::TarTotals> count(const Store& store, const digest::Digest& layer) {
  SUIT_LET(os::Fd fd, store.open_blob(layer));
  os::FdReader file(std::move(fd));
  SUIT_LET(auto tar, layer::open_tar(file));
  return layer::count_tar(*tar, layer::ArchiveEnd::Optional);
}

}  // namespace

std::uint64_t unpacked_size(const Store& store, const oci::Descriptor& layer) {
  return noted(store, layer.digest).value_or(layer.size_bytes);
}

void note_size(const Store& store, const digest::Digest& layer, std::uint64_t size_bytes) {
  auto written =
      os::replace_file(size_path(store.root(), layer), fmt::format("{}", size_bytes), 0600);
  if (!written) SUIT_LOG(Debug, "{}", written.error().message());
}

void count_size(const Store& store, const oci::Descriptor& layer) {
  if (noted(store, layer.digest)) return;
  auto totals = count(store, layer.digest);
  // Whether it can be unpacked is found out, and said, when it is.
  if (totals)
    note_size(store, layer.digest, totals->file_bytes);
  else
    SUIT_LOG(Debug, "size of layer {}: {}", layer.digest.text(), totals.error().message());
}

}  // namespace suit::store
