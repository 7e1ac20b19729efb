#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "oci/json.h"
#include "store/index.h"
#include "store/ingest.h"
#include "store/layout.h"

namespace suit::store {
namespace {

// Overlayfs needs somewhere to mount /proc and friends even when the image has no such directory;
// in a layer of its own nothing of it ends up in anybody's image.
constexpr std::array<std::string_view, 4> kScaffoldDirs = {"proc", "sys", "dev", "etc"};
constexpr std::array<std::string_view, 3> kScaffoldFiles = {"etc/hosts", "etc/hostname",
                                                            "etc/resolv.conf"};

Result<void> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    // Whatever the umask is.
    if (::chmod(path.c_str(), mode) == 0) return {};
    return fail(errno, fmt::format("chmod(\"{}\", {:o})", path, mode));
  }
  if (errno != EEXIST) return fail(errno, fmt::format("mkdir(\"{}\")", path));
  SUIT_LET(struct stat info, os::stat_at(os::FdRef::cwd(), path));
  if (S_ISDIR(info.st_mode)) return {};
  return fail(ENOTDIR, fmt::format("\"{}\" is no directory", path),
              "the folders of a store are directories, not links: move it away");
}

Result<void> make_scaffold(const std::string& root) {
  for (std::string_view name : kScaffoldDirs)
    SUIT_TRY(make_folder(fmt::format("{}/scaffold/{}", root, name), 0755));
  for (std::string_view name : kScaffoldFiles) {
    std::string path = fmt::format("{}/scaffold/{}", root, name);
    if (os::exists(path)) continue;
    SUIT_LET(os::Fd fd, os::open_at(os::FdRef::cwd(), path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644));
    if (::fchmod(fd.raw(), 0644) != 0) return fail(errno, fmt::format("fchmod(\"{}\")", path));
  }
  return {};
}

// Whether a folder without `oci-layout` may become a store: empty, or a store whose making was cut.
Result<void> check_free(const std::string& root) {
  SUIT_LET(auto names, os::list_dir(root));
  auto ours = [](const std::string& name) {
    return std::ranges::find(kFolders, name) != kFolders.end() || name == "lock" ||
           name == "names" || name == "index.lock";
  };
  if (names.empty() || std::ranges::any_of(names, ours)) return {};
  return fail(ENOTEMPTY, fmt::format("\"{}\" holds \"{}\" and is no store", root, names.front()),
              "choose an empty directory, or one that does not exist yet");
}

Result<void> check_layout(const std::string& root) {
  std::string path = root + "/oci-layout";
  SUIT_LET(std::string text, read_regular(path, kDocumentLimit));
  auto json = oci::parse_json(text);
  std::string version = json ? json->string_or("imageLayoutVersion") : "";
  if (version == "1.0.0") return {};
  return fail(0, fmt::format("{}: imageLayoutVersion is \"{}\", not \"1.0.0\"", path, version),
              fmt::format("if this is a store, write {} to it", kOciLayout));
}

Result<void> create_layout(const std::string& root) {
  // Several processes may come here at once; oci-layout is last, so it vouches for the rest.
  SUIT_LET([[maybe_unused]] auto lock,
           os::Lock::acquire(root + "/index.lock", os::LockMode::Exclusive));
  if (!os::exists(root + "/index.json"))
    SUIT_TRY(replace_durably(root, root + "/index.json", kEmptyIndex, 0644));
  return replace_durably(root, root + "/oci-layout", kOciLayout, 0644);
}

Result<void> prepare(const std::string& root) {
  SUIT_TRY(os::make_dirs(root, 0700));
  bool is_store = os::exists(root + "/oci-layout");
  if (!is_store) SUIT_TRY(check_free(root));
  for (std::string_view folder : kFolders)
    // The scaffold's own mode shows inside a container, as that of `/`.
    SUIT_TRY(make_folder(fmt::format("{}/{}", root, folder), folder == "scaffold" ? 0755 : 0700));
  SUIT_TRY(make_scaffold(root));
  if (!is_store) SUIT_TRY(create_layout(root));
  SUIT_TRY(check_layout(root));
  if (auto index = read_index(root); !index) return std::unexpected(std::move(index).error());
  return sweep_ingest(root);
}

}  // namespace

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<os::Fd> open_regular(const std::string& path) {
  // O_NONBLOCK: the open of a fifo planted here must not wait for its writer.
  SUIT_LET(os::Fd fd, os::open_at(os::FdRef::cwd(), path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (::fstat(fd.raw(), &info) != 0) return fail(errno, fmt::format("fstat(\"{}\")", path));
  if (!S_ISREG(info.st_mode)) return fail(EINVAL, fmt::format("\"{}\" is no regular file", path));
  return fd;
}

Result<std::string> read_regular(const std::string& path, std::size_t limit_bytes) {
  SUIT_LET(os::Fd fd, open_regular(path));
  os::FdReader reader(std::move(fd));
  auto text = read_all(reader, limit_bytes);
  if (!text) return wrap(std::move(text).error(), fmt::format("read \"{}\"", path));
  return text;
}

Result<Store> Store::open(const std::string& root) {
  if (!root.starts_with('/'))
    return fail(EINVAL, fmt::format("open the store \"{}\": the path must be absolute", root));
  std::string clean = root;
  while (clean.size() > 1 && clean.ends_with('/'))
    clean.pop_back();
  if (clean == "/") return fail(EINVAL, "open the store \"/\": the root directory cannot be one");
  auto prepared = prepare(clean);
  if (!prepared)
    return wrap(std::move(prepared).error(), fmt::format("open the store at {}", clean));
  return Store(std::move(clean));
}

Result<os::Lock> Store::use() const {
  return os::Lock::acquire(root_ + "/lock", os::LockMode::Shared);
}

}  // namespace suit::store
