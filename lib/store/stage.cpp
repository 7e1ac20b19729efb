#include "store/stage.h"

#include <fcntl.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "layer/tar.h"
#include "store/layout.h"

namespace suit::store {
namespace {

// Links to links in an archive: `docker save` makes one, for layers that it has written already.
constexpr int kMaxLinks = 16;

// `path`, as seen from the folder `base` of the archive, without `.`, `..` and empty parts.
Result<std::string> clean_path(std::string_view base, std::string_view path) {
  auto refuse = [&] {
    return fail(0, fmt::format("the archive's entry \"{}\" leads out of the archive", path));
  };
  if (path.starts_with('/')) return refuse();
  std::vector<std::string_view> parts;
  for (std::string_view text : {base, path})
    while (!text.empty()) {
      std::string_view part = text.substr(0, text.find('/'));
      text.remove_prefix(std::min(text.size(), part.size() + 1));
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
        continue;
      }
      if (parts.empty()) return refuse();
      parts.pop_back();
    }
  std::string out;
  for (std::string_view part : parts) {
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string_view folder_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// Reads the content of a tar's current entry.
class EntryReader final : public Reader {
 public:
  explicit EntryReader(layer::TarReader& tar) : tar_(tar) {}
  Result<std::size_t> read(std::span<std::byte> out) override { return tar_.read(out); }

 private:
  layer::TarReader& tar_;
};

}  // namespace

// Copies a file into the folder, hashing it on its way.
Result<void> Stage::add(std::string path, Reader& content) {
  std::string place = fmt::format("{}/{}", folder_.path(), count_++);
  SUIT_LET(os::Fd fd, os::open_at(os::FdRef::cwd(), place, O_WRONLY | O_CREAT | O_EXCL, 0600));
  os::FdWriter file(fd);
  hash::HashingWriter hashed(&file);
  SUIT_LET(std::uint64_t size, copy(content, hashed));
  StagedFile staged{.path = std::move(place), .digest = hashed.finish(), .size_bytes = size};
  auto [old, added] = files_.emplace(std::move(path), staged);
  // Two readers of such an archive could see two different images.
  if (!added && old->second.digest != staged.digest)
    return fail(0, fmt::format("the archive has two different files \"{}\"", old->first));
  by_digest_.emplace(old->second.digest, &old->second);
  return {};
}

Result<Stage> Stage::fill(const Store& store, Reader& tar, const LoadLimits& limits) {
  SUIT_LET(Ingest folder, Ingest::create_dir(store.root()));
  Stage stage(std::move(folder));
  layer::TarReader reader(tar);
  std::uint64_t size_left = limits.size_bytes;
  std::size_t count = 0;
  while (true) {
    SUIT_LET(auto entry, reader.next());
    if (!entry) return stage;
    if (++count > limits.entries)
      return fail(EFBIG, fmt::format("the archive has more than {} entries", limits.entries));
    if (entry->size_bytes > size_left)
      return fail(EFBIG, fmt::format("the archive's files are larger than {} bytes together",
                                     limits.size_bytes));
    size_left -= entry->size_bytes;
    SUIT_LET(std::string path, clean_path("", entry->path));
    switch (entry->type) {
      case layer::EntryType::Directory:
        break;
      case layer::EntryType::File: {
        EntryReader content(reader);
        SUIT_TRY(stage.add(std::move(path), content));
        break;
      }
      case layer::EntryType::Symlink: {
        SUIT_LET(stage.links_[path], clean_path(folder_of(path), entry->link));
        break;
      }
      case layer::EntryType::HardLink: {
        SUIT_LET(stage.links_[path], clean_path("", entry->link));
        break;
      }
      default:
        return fail(0, fmt::format("the archive's entry \"{}\" is a {}", path,
                                   layer::name_of(entry->type)));
    }
  }
}

const StagedFile* Stage::find(std::string_view path) const {
  auto clean = clean_path("", path);
  if (!clean) return nullptr;
  std::string_view name = *clean;
  for (int i = 0; i < kMaxLinks; ++i) {
    if (auto file = files_.find(name); file != files_.end()) return &file->second;
    auto link = links_.find(name);
    if (link == links_.end()) return nullptr;
    name = link->second;
  }
  return nullptr;
}

const StagedFile* Stage::find(const digest::Digest& digest) const {
  auto found = by_digest_.find(digest);
  return found == by_digest_.end() ? nullptr : found->second;
}

Result<std::string> Stage::read(const StagedFile& file) const {
  return read_regular(file.path, kDocumentLimit);
}

Result<std::string> Stage::read(std::string_view path) const {
  const StagedFile* file = find(path);
  if (!file) return fail(ENOENT, fmt::format("the archive has no \"{}\"", path));
  auto text = read(*file);
  if (!text) return wrap(std::move(text).error(), fmt::format("the archive's \"{}\"", path));
  return text;
}

}  // namespace suit::store
