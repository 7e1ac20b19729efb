#include "engine/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "engine/conduit_internal.h"
#include "layer/layer.h"
#include "layer/tree.h"

namespace suit::engine {
namespace {

constexpr int kLinkLimit = 40;  // MAXSYMLINKS of the kernel

// Counts what passes.
class CountingReader final : public Reader {
 public:
  explicit CountingReader(Reader& in) : in_(in) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    SUIT_LET(std::size_t count, in_.read(out));
    count_ += count;
    return count;
  }
  std::uint64_t count() const { return count_; }

 private:
  Reader& in_;
  std::uint64_t count_ = 0;
};

std::string parent_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string leaf_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The path that a chain of symlinks in the last component leads to, there or not. Each step is a
// path of the root again, so a link that lies leads nowhere else.
Result<std::string> final_path(const os::Root& root, std::string path) {
  for (int links = 0; links < kLinkLimit; ++links) {
    auto link = root.open_in(path, O_PATH | O_NOFOLLOW);
    if (!link && link.error().code() == ENOENT) return path;
    if (!link) return std::unexpected(std::move(link).error());
    SUIT_LET(struct stat info, os::stat_at(*link, ""));
    if (!S_ISLNK(info.st_mode)) return path;
    std::string target;
    SUIT_LET(target, os::read_link(*link, ""));
    const bool absolute = target.starts_with('/');
    path = absolute ? target : parent_of(path) + "/" + target;
    while (path.size() > 1 && path.ends_with('/'))
      path.pop_back();
  }
  return fail(ELOOP, fmt::format("too many symbolic links at \"{}\"", path));
}

// What is copied: a directory that is open, or one name in one.
struct Source {
  os::Fd directory;  // itself, or of the file
  std::string leaf;  // empty: the directory
  std::string name;  // what it is called at the other side, unless it is renamed
  bool is_directory() const { return leaf.empty(); }
};

Result<Source> open_source(const os::Root& root, const CopyPath& asked, bool follow_link) {
  std::string path = asked.path;
  // The root has no name: what is in it is meant.
  std::string name = asked.contents ? "" : leaf_of(path);
  if (follow_link || asked.directory) {
    SUIT_LET(path, final_path(root, path));
  }
  SUIT_LET(struct stat info, root.lstat(path));
  if (asked.directory && !S_ISDIR(info.st_mode))
    return fail(ENOTDIR, fmt::format("\"{}/\"", asked.path));
  if (S_ISDIR(info.st_mode)) {
    SUIT_LET(os::Fd directory, root.open_in(path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return Source{std::move(directory), "", std::move(name)};
  }
  SUIT_LET(os::Fd parent, root.open_in(parent_of(path), O_PATH | O_DIRECTORY));
  return Source{std::move(parent), leaf_of(path), std::move(name)};
}

// Where it goes: a directory that is open, and the name there; empty: the source's.
struct Target {
  os::Fd directory;
  std::string name;
};

Result<Target> open_target(const os::Root& root, const CopyPath& asked, bool source_is_directory) {
  auto directory = root.open_in(asked.path, O_PATH | O_DIRECTORY);
  if (directory) return Target{*std::move(directory), ""};
  if (directory.error().code() != ENOENT && directory.error().code() != ENOTDIR)
    return std::unexpected(std::move(directory).error());
  SUIT_LET(std::string path, final_path(root, asked.path));
  const bool exists = root.lstat(path).has_value();
  if (exists && source_is_directory)
    return fail(ENOTDIR, fmt::format("cannot copy a directory onto the file \"{}\"", asked.path));
  if (exists && asked.directory) return fail(ENOTDIR, fmt::format("\"{}/\"", asked.path));
  if (!exists && asked.directory && !source_is_directory)
    return fail(0, fmt::format("no such directory: \"{}/\"", asked.path),
                "make it first, or leave out the slash to copy to a file of that name");
  auto parent = root.open_in(parent_of(path), O_PATH | O_DIRECTORY);
  if (!parent)
    return wrap(std::move(parent).error(),
                fmt::format("the directory of \"{}\" must be there", asked.path));
  return Target{*std::move(parent), leaf_of(path)};
}

Result<void> pack(const Source& source, const std::string& name, Writer& out) {
  layer::TreeOptions options;
  options.name = name;
  options.for_layer = false;
  if (source.is_directory()) return layer::write_tree(source.directory, options, out);
  return layer::write_one(source.directory, source.leaf, options, out);
}

Result<void> unpack(Reader& in, os::FdRef directory, std::optional<layer::Owner> owner) {
  layer::ApplyOptions options;
  options.overlay_whiteouts = false;
  options.read_whiteouts = false;
  options.change_kinds = false;
  options.squash_owners = true;
  options.owner = owner;
  auto done = layer::apply(in, directory, options);
  if (done) return {};
  if (done.error().code() == EROFS)
    return std::unexpected(
        std::move(done).error().with_hint("the container has it read-only (--read-only, :ro)"));
  return std::unexpected(std::move(done).error());
}

Result<std::uint64_t> transfer(const Source& source, const Target& target,
                               std::optional<layer::Owner> owner) {
  const std::string& name = target.name.empty() ? source.name : target.name;
  std::uint64_t size = 0;
  SUIT_TRY(pass([&](Writer& out) { return pack(source, name, out); },
                [&](Reader& in) -> Result<void> {
                  CountingReader counting(in);
                  auto done = unpack(counting, target.directory, owner);
                  size = counting.count();
                  return done;
                }));
  return size;
}

// Docker's words for the commonest mistake.
Result<Source> open_container_source(const os::Root& root, const CopyPath& path,
                                     const Status& container, bool follow_link) {
  auto source = open_source(root, path, follow_link);
  if (!source && source.error().code() == ENOENT)
    return fail(0, fmt::format("could not find the file {} in container {}", path.path,
                               container.record.name));
  return source;
}

}  // namespace

CopyPath CopyPath::parse(const std::string& text) {
  CopyPath result;
  result.path = text.starts_with('/') ? text : "/" + text;
  std::string& path = result.path;
  if (path.ends_with("/.")) {
    result.directory = result.contents = true;
    path.pop_back();
  }
  while (path.size() > 1 && path.ends_with('/')) {
    result.directory = true;
    path.pop_back();
  }
  if (path == "/") result.directory = result.contents = true;
  return result;
}

Result<std::uint64_t> copy_to_host(Engine& engine, const Status& container, const std::string& from,
                                   const std::string& host_path, const CopyOptions& options) {
  SUIT_LET(os::Root host, os::Root::open("/"));
  std::optional<layer::Owner> owner;
  if (!options.keep_owner) owner = layer::Owner{::geteuid(), ::getegid()};
  std::uint64_t size = 0;
  SUIT_TRY(with_root(engine, container, [&](const os::Root& root) -> Result<void> {
    SUIT_LET(Source source,
             open_container_source(root, CopyPath::parse(from), container, options.follow_link));
    SUIT_LET(Target target, open_target(host, CopyPath::parse(host_path), source.is_directory()));
    SUIT_LET(size, transfer(source, target, owner));
    return {};
  }));
  return size;
}

Result<std::uint64_t> copy_to_container(Engine& engine, const Status& container,
                                        const std::string& host_path, const std::string& to,
                                        const CopyOptions& options) {
  SUIT_LET(os::Root host, os::Root::open("/"));
  SUIT_LET(Source source, open_source(host, CopyPath::parse(host_path), options.follow_link));
  std::uint64_t size = 0;
  SUIT_TRY(with_root(engine, container, [&](const os::Root& root) -> Result<void> {
    SUIT_LET(Target target, open_target(root, CopyPath::parse(to), source.is_directory()));
    // As Docker does, whatever its manual says: numbers go in as they are.
    SUIT_LET(size, transfer(source, target, std::nullopt));
    return {};
  }));
  return size;
}

Result<void> copy_to_tar(Engine& engine, const Status& container, const std::string& from,
                         const CopyOptions& options, Writer& out) {
  return with_root(engine, container, [&](const os::Root& root) -> Result<void> {
    SUIT_LET(Source source,
             open_container_source(root, CopyPath::parse(from), container, options.follow_link));
    return pack(source, source.name, out);
  });
}

Result<void> copy_from_tar(Engine& engine, const Status& container, Reader& in,
                           const std::string& to) {
  return with_root(engine, container, [&](const os::Root& root) -> Result<void> {
    CopyPath path = CopyPath::parse(to);
    auto directory = root.open_in(path.path, O_PATH | O_DIRECTORY);
    if (!directory && directory.error().code() == ENOTDIR)
      return fail(ENOTDIR, fmt::format("destination \"{}:{}\" must be a directory",
                                       container.record.name, path.path));
    if (!directory && directory.error().code() == ENOENT)
      return fail(0, fmt::format("could not find the file {} in container {}", path.path,
                                 container.record.name));
    if (!directory) return std::unexpected(std::move(directory).error());
    return unpack(in, *directory, std::nullopt);
  });
}

Result<void> export_root(Engine& engine, const Status& container, Writer& out) {
  layer::TreeOptions options;
  options.for_layer = false;
  options.one_file_system = true;
  return with_root(engine, container, [&](const os::Root& root) {
    return layer::write_tree(root.fd(), options, out);
  });
}

}  // namespace suit::engine
