/// \file
/// Any bytes as a tar: read it, write what was read again, unpack it in both ways. Nothing may
/// crash, a second reading must give the same entries, and nothing outside the destination may
/// change.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "layer/layer.h"
#include "layer/tar.h"
#include "os/file.h"

namespace {

using suit::Result;
using namespace suit::layer;

void must(bool holds) {
  if (!holds) std::abort();
}

// All entries and contents of an archive in one text, and the archive written anew.
Result<std::string> rewrite(std::string_view bytes, ArchiveEnd end) {
  suit::StringReader in(bytes);
  TarReader reader(in, end);
  suit::StringWriter out;
  TarWriter writer(out);
  while (true) {
    SUIT_LET(auto entry, reader.next());
    if (!entry) break;
    if (entry->size_bytes > bytes.size()) return suit::fail(0, "more content than bytes");
    SUIT_TRY(writer.begin(*entry));
    while (writer.owed_bytes() > 0) {
      SUIT_LET(auto space, writer.space());
      SUIT_LET(std::size_t count, reader.read(space));
      must(count > 0);
      SUIT_TRY(writer.advance(count));
    }
  }
  SUIT_TRY(writer.finish());
  return out.take();
}

void unpack(std::string_view bytes, bool overlay) {
  static const std::string base = suit::os::TempDir::create("/tmp", "suit-fuzz-").value().release();
  must(suit::os::make_dirs(base + "/root", 0700).has_value());
  must(suit::os::replace_file(base + "/canary", "canary").has_value());
  suit::StringReader in(bytes);
  ApplyOptions options;
  options.overlay_whiteouts = overlay;
  options.squash_owners = ::geteuid() != 0;
  options.limits = {.size_bytes = 1U << 20, .entries = 100, .depth = 50};
  auto root = suit::os::open_at(suit::os::FdRef::cwd(), base + "/root", O_RDONLY | O_DIRECTORY);
  must(root.has_value());
  auto applied = apply(in, *root, options);
  if (!applied) must(!applied.error().message().empty());
  must(suit::os::read_file(base + "/canary").value_or("") == "canary");
  must(suit::os::list_dir(base).value() == std::vector<std::string>{"canary", "root"});
  struct stat info{};
  must(::stat((base + "/canary").c_str(), &info) == 0 && info.st_nlink == 1);
  must(suit::os::remove_tree(base + "/root").has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto once = rewrite(bytes, ArchiveEnd::Optional)) {
    auto twice = rewrite(*once, ArchiveEnd::Required);
    must(twice.has_value() && *twice == *once);
  }
  unpack(bytes, false);
  unpack(bytes, true);
  return 0;
}
