#include "build/cache.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "build/tree.h"
#include "hash/sha256.h"
#include "os/file.h"

namespace suit::build {

namespace {

constexpr std::size_t kMaxRecordBytes = 4U << 20;
constexpr std::size_t kMaxTreeBytes = 1U << 30;
// A record is some 2 KiB and read in 20 us; looking for a reason must not take longer than the
// step.
constexpr std::size_t kMaxRecordsRead = 2000;
constexpr std::size_t kMaxListed = 5;  // changed files or variables that one message names

std::string file_name(const digest::Digest& key) { return fmt::format("{}.json", key.hex()); }

oci::Json to_json(const CacheRecord& record) {
  oci::Json json = oci::Json::object();
  json.set("v", 1);
  json.set("step", record.step.instruction);
  json.set("place", record.step.place);
  json.set("stage", record.step.stage);
  json.set("ordinal", static_cast<std::uint64_t>(record.step.ordinal));
  json.set("ingredients", record.ingredients);
  json.set("created", record.created);
  std::vector<std::string> blobs;
  if (record.layer) {
    oci::Json layer = oci::Json::object();
    layer.set("mediaType", record.layer->media_type);
    layer.set("digest", record.layer->digest.text());
    layer.set("size", record.layer->size_bytes);
    json.set("layer", std::move(layer));
    blobs.push_back(record.layer->digest.text());
  }
  const std::string tree = record.ingredients.string_or("tree");
  if (!tree.empty()) blobs.push_back(tree);
  json.set("blobs", oci::Json(blobs));
  std::vector<std::string> snapshots;
  if (record.chain_id) snapshots.push_back(record.chain_id->text());
  json.set("snapshots", oci::Json(snapshots));
  return json;
}

std::optional<CacheRecord> from_json(const oci::Json& json) {
  const oci::Json* version = json.find("v");
  const oci::Json* ingredients = json.find("ingredients");
  if (version == nullptr || version->as_int() != 1 || ingredients == nullptr) return std::nullopt;
  CacheRecord record;
  record.step.instruction = json.string_or("step");
  record.step.place = json.string_or("place");
  record.step.stage = json.string_or("stage");
  if (const oci::Json* ordinal = json.find("ordinal")) {
    record.step.ordinal = ordinal->as_uint().value_or(0);
  }
  record.ingredients = *ingredients;
  record.created = json.string_or("created");
  if (const oci::Json* layer = json.find("layer")) {
    Result<digest::Digest> digest = digest::Digest::parse(layer->string_or("digest"));
    const oci::Json* size = layer->find("size");
    if (!digest || size == nullptr) return std::nullopt;
    record.layer.emplace();
    record.layer->media_type = layer->string_or("mediaType", oci::kMediaLayerTar);
    record.layer->digest = *digest;
    record.layer->size_bytes = size->as_uint().value_or(0);
  }
  const oci::Json* snapshots = json.find("snapshots");
  if (snapshots != nullptr && snapshots->as_array() != nullptr && !snapshots->as_array()->empty()) {
    const std::string* text = snapshots->as_array()->front().as_string();
    if (text != nullptr) {
      if (Result<digest::Digest> chain = digest::Digest::parse(*text)) record.chain_id = *chain;
    }
  }
  return record;
}

std::string shorten(std::string_view text) {
  constexpr std::size_t kWidth = 60;
  return text.size() <= kWidth ? std::string(text) : fmt::format("{}...", text.substr(0, kWidth));
}

std::string list(const std::vector<std::string>& items) {
  const std::size_t shown = std::min(items.size(), kMaxListed);
  std::string text = fmt::format(
      "{}", fmt::join(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (items.size() > shown) text += fmt::format(" and {} more", items.size() - shown);
  return text;
}

std::map<std::string, std::string> variables(const oci::Json* env) {
  std::map<std::string, std::string> out;
  if (env == nullptr || env->as_array() == nullptr) return out;
  for (const oci::Json& entry : *env->as_array()) {
    const std::string* text = entry.as_string();
    if (text == nullptr) continue;
    const std::size_t equals = text->find('=');
    out[text->substr(0, equals)] = equals == std::string::npos ? "" : text->substr(equals + 1);
  }
  return out;
}

std::string compare_env(const oci::Json* before, const oci::Json* after) {
  const auto old_env = variables(before);
  const auto new_env = variables(after);
  std::vector<std::string> changes;
  for (const auto& [name, value] : new_env) {
    const auto found = old_env.find(name);
    if (found == old_env.end()) {
      changes.push_back(fmt::format("{} is new", name));
    } else if (found->second != value) {
      changes.push_back(
          fmt::format("{}: \"{}\" -> \"{}\"", name, shorten(found->second), shorten(value)));
    }
  }
  for (const auto& [name, value] : old_env) {
    if (!new_env.contains(name)) changes.push_back(fmt::format("{} is gone", name));
  }
  return "env " + (changes.empty() ? "order changed" : list(changes));
}

std::string describe(const std::string& key, const oci::Json* before, const oci::Json* after,
                     std::string_view tree_before, std::string_view tree_after) {
  if (key == "tree" && !tree_before.empty()) {
    const TreeDiff diff = diff_trees(tree_before, tree_after);
    return fmt::format("{} of {} files changed: {}", diff.changes.size(), diff.total,
                       list(diff.changes));
  }
  if (key == "tree") return "the files that it reads changed";
  if (key == "parent") return "what it builds on changed";
  if (key == "env") return compare_env(before, after);
  if (key == "args") return "the command changed";
  const auto text = [](const oci::Json* json) {
    return json == nullptr ? "none" : shorten(json->dump());
  };
  return fmt::format("{}: {} -> {}", key, text(before), text(after));
}

}  // namespace

digest::Digest cache_key(const oci::Json& ingredients) { return hash::sha256(ingredients.dump()); }

std::optional<CacheRecord> Cache::read(const std::string& name) const {
  const Result<std::string> text =
      os::read_file(fmt::format("{}/cache/{}", store_.root(), name), kMaxRecordBytes);
  if (!text) return std::nullopt;
  const Result<oci::Json> json = oci::parse_json(*text);
  if (!json) return std::nullopt;
  return from_json(*json);
}

std::optional<CacheRecord> Cache::find(const oci::Json& ingredients) const {
  std::optional<CacheRecord> record = read(file_name(cache_key(ingredients)));
  // The name is a hash, but a damaged file must not pass for another step's result.
  if (!record || !(record->ingredients == ingredients)) return std::nullopt;
  if (record->layer && !store_.has_blob(record->layer->digest)) return std::nullopt;
  return record;
}

Result<void> Cache::put(const CacheRecord& record, std::string_view tree) {
  if (!tree.empty()) {
    SUIT_LET(const digest::Digest stored, store_.put_blob(tree));
    static_cast<void>(stored);
  }
  SUIT_TRY(os::make_dirs(store_.root() + "/cache"));
  const std::string name = file_name(cache_key(record.ingredients));
  return os::replace_file(fmt::format("{}/cache/{}", store_.root(), name), to_json(record).dump());
}

std::string Cache::why_missed(const StepIdentity& step, const oci::Json& ingredients,
                              std::string_view tree) const {
  Result<std::vector<std::string>> names = os::list_dir(store_.root() + "/cache");
  if (!names) return {};
  if (names->size() > kMaxRecordsRead) names->resize(kMaxRecordsRead);
  std::optional<CacheRecord> newest;
  bool same_text = false;
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    std::optional<CacheRecord> record = read(name);
    if (!record || record->step.place != step.place) continue;
    const bool text =
        record->step.instruction == step.instruction && record->step.stage == step.stage;
    // Another kind of step in the same place is not this step changed: there is nothing to compare.
    const bool position = record->step.stage == step.stage &&
                          record->step.ordinal == step.ordinal &&
                          record->ingredients.string_or("kind") == ingredients.string_or("kind");
    if (!text && !position) continue;
    // The same text in another place of its stage says more than another text in the same place.
    if (newest && (same_text > text || (same_text == text && newest->created >= record->created))) {
      continue;
    }
    same_text = text;
    newest = std::move(record);
  }
  if (!newest) return {};
  std::string tree_before;
  if (Result<digest::Digest> before =
          digest::Digest::parse(newest->ingredients.string_or("tree"))) {
    if (Result<std::string> text = store_.read_blob(*before, kMaxTreeBytes)) tree_before = *text;
  }
  std::string reason = compare_ingredients(newest->ingredients, ingredients, tree_before, tree);
  return reason.empty() ? "its earlier result is no longer in the store" : reason;
}

std::string compare_ingredients(const oci::Json& before, const oci::Json& after,
                                std::string_view tree_before, std::string_view tree_after) {
  std::vector<std::string> keys{"args", "tree", "env"};  // first what people change by hand
  for (const oci::Json* json : {&after, &before}) {
    if (json->as_object() == nullptr) continue;
    for (const auto& [key, value] : *json->as_object()) {
      if (std::ranges::find(keys, key) == keys.end() && key != "parent") keys.push_back(key);
    }
  }
  keys.emplace_back("parent");
  std::string text;
  for (const std::string& key : keys) {
    const oci::Json* old_value = before.find(key);
    const oci::Json* new_value = after.find(key);
    if (old_value == nullptr && new_value == nullptr) continue;
    if (old_value != nullptr && new_value != nullptr && *old_value == *new_value) continue;
    if (!text.empty()) text += "; ";
    text += describe(key, old_value, new_value, tree_before, tree_after);
  }
  return text;
}

}  // namespace suit::build
