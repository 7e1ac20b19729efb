/// \file
/// Images and containers as rows of a list and as documents of `inspect`.

#pragma once

#include <cstdint>
#include <string>

#include "cli/settings.h"
#include "engine/record.h"
#include "oci/json.h"
#include "store/store.h"

namespace suit::cli {

/// How rows are written.
struct RowOptions {
  bool truncate = true;  ///< short ids, cut commands
  std::int64_t now_ns = 0;
};

/// One row of `image ls` for one name of the image; \p name is empty for a dangling one.
oci::Json image_row(const store::Image& image, const std::string& name, const RowOptions& options);

/// One row of `ps`.
oci::Json container_row(const engine::Status& container, const RowOptions& options);

/// `Up 3 minutes`, `Exited (137) 2 hours ago`, `Created`.
std::string status_text(const engine::State& state, std::int64_t now_ns);

/// IMAGE of `ps`: without registry and digest, or a short id.
std::string shown_image(const std::string& image, const std::string& image_id, bool truncate);

/// The documents of `inspect`: Docker's members.
oci::Json inspect_image(const store::Image& image);
oci::Json inspect_container(const engine::Status& container, const std::string& log_path);

}  // namespace suit::cli
