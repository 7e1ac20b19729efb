#include <fcntl.h>

#include <utility>

#include <fmt/format.h>

#include "base/time.h"
#include "layer/open_tar.h"
#include "os/file.h"
#include "store/archive.h"
#include "store/layout.h"

namespace suit::store {

Result<Image> import_rootfs(Store& store, Reader& rootfs, const ImportOptions& options) {
  SUIT_LET([[maybe_unused]] auto lock, store.use());
  auto plain = layer::open_tar(rootfs);
  if (!plain) return wrap(std::move(plain).error(), "import a root file system");
  SUIT_LET(BlobWriter writer, store.begin_blob());
  if (auto moved = copy(**plain, writer); !moved)
    return wrap(std::move(moved).error(), "import a root file system");
  oci::Descriptor layer;
  layer.media_type = oci::kMediaLayerTar;
  layer.size_bytes = writer.size_bytes();
  SUIT_LET(layer.digest, writer.commit());
  oci::ImageConfig config;
  config.created = options.created.empty() ? to_rfc3339(now_ns()) : options.created;
  config.platform = options.platform;
  config.config = options.config;
  config.diff_ids = {layer.digest};
  oci::History step;
  step.created = config.created;
  step.comment = options.message.empty() ? "imported root file system" : options.message;
  config.history.push_back(std::move(step));
  // Unpacked now: what is no tar must not become an image that cannot start.
  if (auto dirs = store.lower_dirs(config.diff_ids, {layer}); !dirs)
    return wrap(std::move(dirs).error(), "import a root file system");
  return store.put_image(config, {layer}, options.names);
}

Result<Image> embedded_base(Store& store, const std::string& archive_path) {
  auto found = store.find_image(kEmbeddedBaseName);
  if (found) return found;
  auto load = [&]() -> Result<void> {
    SUIT_LET(os::Fd fd, os::open_at(os::FdRef::cwd(), archive_path, O_RDONLY));
    os::FdReader file(std::move(fd));
    SUIT_LET(LoadReport report, load_archive(store, file));
    if (report.images.size() != 1)
      return fail(0, fmt::format("it holds {} images, not one", report.images.size()));
    SUIT_LET(naming::Reference name, naming::parse_reference(kEmbeddedBaseName));
    return store.tag(report.images.front(), name);
  };
  if (auto loaded = load(); !loaded)
    return wrap(std::move(loaded).error(), fmt::format("load the base image of {}", archive_path));
  return store.find_image(kEmbeddedBaseName);
}

}  // namespace suit::store
