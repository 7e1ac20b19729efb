/// \file
/// Steps already done, by what went into them.
///
/// A key is the hash of its *ingredients*, and the ingredients are kept: a step that cannot be
/// reused can say why, by comparing them with those of the last time. `<store>/cache/<key
/// hex>.json`:
///
///     {"v": 1, "step": "COPY . /app", "place": "/src/Dockerfile", "stage": "build", "ordinal": 2,
///      "ingredients": {"kind": "copy", "parent": "sha256:…", "tree": "sha256:…", …},
///      "created": "2026-…", "layer": {"mediaType", "digest", "size"},
///      "blobs": ["sha256:<layer>", "sha256:<tree>"], "snapshots": ["sha256:<chain id>"]}
///
/// `blobs` and `snapshots` are what garbage collection keeps for the record.
/// In a key: what the step does, the content of the files below it and of the files that it reads.
/// Not in a key: names of images, modification times, the host, what is only shown.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "digest/digest.h"
#include "oci/image.h"
#include "oci/json.h"
#include "store/store.h"

namespace suit::build {

/// Which step it is, whatever its key: to find what it was the last time.
struct StepIdentity {
  std::string place;  ///< absolute path of the Dockerfile
  std::string stage;
  std::size_t ordinal = 0;  ///< among the steps of the stage
  std::string instruction;  ///< \shape one line: `COPY . /app`
};

/// What a step made.
struct CacheRecord {
  StepIdentity step;
  oci::Json ingredients;
  std::string created;                     ///< \shape RFC 3339
  std::optional<oci::Descriptor> layer;    ///< none: the step changed no file
  std::optional<digest::Digest> chain_id;  ///< snapshot of the layer on what is below it
};

/// The digest of the ingredients: the record's name.
digest::Digest cache_key(const oci::Json& ingredients);

class Cache {
 public:
  explicit Cache(store::Store& store) : store_(store) {}

  /// The record of these ingredients, if its layer is still in the store. A record that cannot be
  /// read is no record.
  std::optional<CacheRecord> find(const oci::Json& ingredients) const;
  /// Writes a record. What it points to is in the store already.
  /// \param tree text of the files that the step read; stored as a blob, named by the ingredients
  Result<void> put(const CacheRecord& record, std::string_view tree);

  /// Why \p ingredients were not found: what differs from the newest record of the same step.
  /// Empty when the step was never done before.
  std::string why_missed(const StepIdentity& step, const oci::Json& ingredients,
                         std::string_view tree) const;

 private:
  std::optional<CacheRecord> read(const std::string& file_name) const;
  store::Store& store_;
};

/// The differences in words, most telling first: `2 of 13 files changed: M src/main.py, A
/// src/util.py`, `env DEBUG: "0" -> "1"`, `what it builds on changed`.
std::string compare_ingredients(const oci::Json& before, const oci::Json& after,
                                std::string_view tree_before, std::string_view tree_after);

}  // namespace suit::build
