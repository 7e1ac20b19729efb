/// \file
/// Images and containers as rows of a list and as documents of `inspect`.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/settings.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "engine/volumes.h"
#include "oci/json.h"
#include "store/store.h"

namespace suit::cli {

/// A canonical name as people write it; any other text as it is.
std::string familiar(const std::string& name);

/// What a container takes on disk.
struct ContainerSize {
  std::uint64_t own_bytes = 0;    ///< what it wrote
  std::uint64_t image_bytes = 0;  ///< what it shares
};

/// How rows are written.
struct RowOptions {
  bool truncate = true;  ///< short ids, cut commands
  std::int64_t now_ns = 0;
  std::optional<ContainerSize> size = {};  ///< of the container, when it was asked for
};

/// One row of `image ls` for one name of the image; \p name is empty for a dangling one.
oci::Json image_row(const store::Image& image, const std::string& name, const RowOptions& options);

/// Reads the sizes of a container: takes as long as its files are many.
ContainerSize size_of(engine::Engine& engine, const engine::Record& record);

/// One row of `ps`.
oci::Json container_row(const engine::Status& container, const RowOptions& options);

/// `Up 3 minutes`, `Exited (137) 2 hours ago`, `Created`.
std::string status_text(const engine::State& state, std::int64_t now_ns);

/// IMAGE of `ps`: without registry and digest, or a short id.
std::string shown_image(const std::string& image, const std::string& image_id, bool truncate);

/// The documents of `inspect`: Docker's members.
oci::Json inspect_image(const store::Image& image);
/// \param dir the container's directory
oci::Json inspect_container(const engine::Status& container, const std::string& dir,
                            const engine::Volumes& volumes,
                            const std::optional<ContainerSize>& size = {});
oci::Json volume_row(const engine::Volume& volume);
oci::Json inspect_volume(const engine::Volume& volume);

/// What `ps` calls MOUNTS: sources of binds, names of volumes.
std::vector<std::string> mount_names(const engine::Record& record);

/// `a=b,c=d`
std::string joined_labels(const std::map<std::string, std::string>& labels);
oci::Json label_object(const std::map<std::string, std::string>& labels);

}  // namespace suit::cli
