/// \file
/// What a pull or a push would move, in order: a value, and how it reads.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "digest/digest.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "oci/json.h"

namespace suit::registry {

/// What becomes of one blob.
enum class Move {
  Keep,      ///< it is there already
  Fetch,     ///< all of it
  Resume,    ///< what an earlier pull left out
  Send,      ///< as it is
  Compress,  ///< compressed on the way
};
std::string_view to_text(Move move);

struct PlanItem {
  oci::Descriptor blob;
  std::string_view what;  ///< `config`, `layer`
  Move move = Move::Keep;
  std::uint64_t bytes = 0;  ///< that travel; of a compressed one: before compression
};

struct PullPlan {
  naming::Reference reference;
  std::string host;             ///< who has it
  digest::Digest named_digest;  ///< of what the name means: an index, or the manifest itself
  oci::Descriptor manifest_descriptor;
  std::string manifest_text;
  oci::Manifest manifest;
  std::vector<PlanItem> items;  ///< config first, layers lowest first
  bool is_current = false;      ///< the name means this image here, too, and all of it is here
  std::uint64_t bytes = 0;      ///< that travel
};

/// What is here of a blob: all of it (its size), a part of it, nothing.
using BytesHere = std::function<std::uint64_t(const oci::Descriptor& blob)>;

/// Decides what is fetched. \p plan comes with its documents.
/// \errors 0 for a layer of a kind that cannot be unpacked; EFBIG when its sizes are absurd
Result<PullPlan> plan_pull(PullPlan plan, const BytesHere& here, bool name_is_here);

struct PushPlan {
  naming::Reference reference;
  std::string host;
  digest::Digest image_id;
  oci::Manifest manifest;  ///< as the store has it
  std::vector<PlanItem> items;
  std::uint64_t bytes = 0;
};

/// Decides what is sent. \p there: whether the registry has a blob; \p compress: whether plain
/// layers are compressed on the way.
PushPlan plan_push(PushPlan plan, const std::function<bool(const digest::Digest&)>& there,
                   bool compress);

std::string explain(const PullPlan& plan);
std::string explain(const PushPlan& plan);
oci::Json explain_json(const PullPlan& plan);
oci::Json explain_json(const PushPlan& plan);

/// How far one blob has come.
enum class Stage { Waiting, Moving, Moved, Unpacking, Done, Exists, Mounted };
struct BlobProgress {
  digest::Digest digest;
  Stage stage = Stage::Waiting;
  std::uint64_t bytes = 0;  ///< moved so far
  std::uint64_t total = 0;
};
/// Told by several threads at once.
using OnProgress = std::function<void(const BlobProgress&)>;

bool is_plain_layer(const oci::Descriptor& layer);

}  // namespace suit::registry
