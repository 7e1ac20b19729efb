// image layers, image diff, image tree: what is in an image.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/template.h"
#include "cli/text.h"
#include "cli/treemap.h"
#include "cli/units.h"
#include "hash/sha256.h"
#include "store/layers.h"
#include "store/sizes.h"

namespace suit::cli {
namespace {

using oci::Json;

std::string layer_size(std::uint64_t size_bytes) {
  return human_size(static_cast<double>(size_bytes));
}

// A history entry as its author wrote it: without the shell that a builder put in front.
std::string instruction_of(const store::LayerReport& layer) {
  std::string text = layer.created_by;
  for (std::string_view shell : {"/bin/sh -c #(nop) ", "/bin/sh -c "})
    if (text.starts_with(shell)) text.erase(0, shell.size());
  std::replace(text.begin(), text.end(), '\t', ' ');
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.ends_with(" # buildkit")) text.resize(text.size() - 11);
  return text.empty() ? "<missing>" : text;
}

Json layer_row(const store::LayerReport& layer, bool truncate) {
  const std::string created_by = instruction_of(layer);
  Json row = Json::object();
  row.set("ID", truncate ? std::string(layer.diff_id.short_hex()) : layer.diff_id.text());
  row.set("Digest", layer.layer.digest.text()).set("MediaType", layer.layer.media_type);
  row.set("CreatedBy", truncate ? ellipsis(created_by, 45) : created_by);
  row.set("CreatedAt", layer.created);
  row.set("Size", layer_size(layer.size_bytes))
      .set("StoredSize", layer_size(layer.layer.size_bytes));
  row.set("Added", std::uint64_t{layer.added}).set("Changed", std::uint64_t{layer.changed});
  row.set("Deleted", std::uint64_t{layer.deleted}).set("Wasted", layer_size(layer.wasted_bytes));
  row.set("SizeBytes", layer.size_bytes).set("WastedBytes", layer.wasted_bytes);
  return row;
}

ListFormat layer_format() {
  ListFormat list;
  list.columns =
      "{{.ID}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Added}}\t{{.Changed}}\t{{.Deleted}}\t{{.Wasted}}";
  list.headers = {
      {"ID", "LAYER"},          {"CreatedBy", "CREATED BY"}, {"Size", "SIZE"},
      {"Added", "ADDED"},       {"Changed", "CHANGED"},      {"Deleted", "DELETED"},
      {"Wasted", "WASTED"},     {"Digest", "DIGEST"},        {"CreatedAt", "CREATED AT"},
      {"StoredSize", "STORED"}, {"MediaType", "MEDIA TYPE"}};
  return list;
}

char letter_of(store::LayerFile::Kind kind) {
  switch (kind) {
    case store::LayerFile::Kind::Added:
      return 'A';
    case store::LayerFile::Kind::Changed:
      return 'C';
    case store::LayerFile::Kind::Deleted:
      return 'D';
  }
  return '?';
}

void print_files(Invocation& in, const std::vector<store::LayerReport>& layers) {
  for (const store::LayerReport& layer : layers) {
    in.console.print("\n{} {}\n", layer.diff_id.short_hex(), instruction_of(layer));
    for (const store::LayerFile& file : layer.files)
      in.console.print(
          "{} {:>8}  {}{}\n", letter_of(file.kind),
          file.kind == store::LayerFile::Kind::Deleted ? "" : layer_size(file.size_bytes),
          file.path, file.wasted ? "  (wasted)" : "");
  }
}

// The largest files that are stored in vain: what to look at first.
void print_wasted(Invocation& in, const std::vector<store::LayerReport>& layers) {
  constexpr std::size_t kShown = 5;
  std::uint64_t total = 0;
  std::uint64_t wasted = 0;
  std::vector<const store::LayerFile*> files;
  for (const store::LayerReport& layer : layers) {
    total += layer.size_bytes;
    wasted += layer.wasted_bytes;
    for (const store::LayerFile& file : layer.files)
      if (file.wasted && file.size_bytes > 0) files.push_back(&file);
  }
  const double seen =
      total == 0 ? 100.0 : 100.0 * static_cast<double>(total - wasted) / static_cast<double>(total);
  in.console.print("\n{} in {} layers, {} wasted by later ones: {:.1f}% is seen by containers\n",
                   layer_size(total), layers.size(), layer_size(wasted), seen);
  std::ranges::stable_sort(files, std::greater(), &store::LayerFile::size_bytes);
  if (files.size() > kShown) files.resize(kShown);
  for (const store::LayerFile* file : files)
    in.console.print("  {:>8}  {}\n", layer_size(file->size_bytes), file->path);
}

// Configuration that differs, one line a member.
std::vector<std::string> config_changes(const store::Image& before, const store::Image& after) {
  std::vector<std::string> lines;
  const Json left = oci::to_json_value(before.config.config);
  const Json right = oci::to_json_value(after.config.config);
  std::set<std::string> keys;
  for (const Json* side : {&left, &right})
    for (const auto& [key, value] : *side->as_object())
      keys.insert(key);
  for (const std::string& key : keys) {
    const Json* old_value = left.find(key);
    const Json* new_value = right.find(key);
    if (old_value && new_value && *old_value == *new_value) continue;
    lines.push_back(fmt::format("{}: {} -> {}", key, old_value ? old_value->dump() : "none",
                                new_value ? new_value->dump() : "none"));
  }
  return lines;
}

// One layer on what is below it, and the images that end there.
struct Node {
  std::string text;
  std::uint64_t size_bytes = 0;
  std::vector<std::string> names;
  std::map<std::string, Node> children;  // by chain id
};

void add_image(Node& root, const store::Store& store, const store::Image& image) {
  const std::vector<digest::Digest> chain = hash::chain_ids(image.config.diff_ids);
  Node* node = &root;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    node = &node->children[chain[i].text()];
    node->text = image.config.diff_ids[i].short_hex();
    node->size_bytes = store::unpacked_size(store, image.manifest.layers[i]);
  }
  for (const std::string& name : image.names)
    node->names.push_back(familiar(name));
  if (image.names.empty()) node->names.push_back(fmt::format("<none> ({})", image.id.short_hex()));
}

void print_tree(Invocation& in, const Node& node, const std::string& indent) {
  std::size_t left = node.children.size();
  for (const auto& [chain, child] : node.children) {
    const bool last = --left == 0;
    const std::string names = fmt::format("{}", fmt::join(child.names, ", "));
    in.console.print("{}{} {} {}{}{}\n", indent, last ? "└─" : "├─", child.text,
                     layer_size(child.size_bytes), names.empty() ? "" : "  ", names);
    print_tree(in, child, indent + (last ? "   " : "│  "));
  }
}

}  // namespace

Result<int> image_layers(Invocation& in) {
  std::string format;
  bool files = false;
  bool no_trunc = false;
  FlagSet flags;
  flags
      .add('\0', "format", &format, "string",
           "'table', 'json', 'svg', 'html', or a Go template: '{{.CreatedBy}} {{.Wasted}}'")
      .toggle('\0', "files", files, "List the files of each layer")
      .toggle('\0', "no-trunc", no_trunc, "Don't truncate output");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::Image image, engine.image(args[0]));
  Result<std::vector<store::LayerReport>> layers = store::read_layers(engine.store(), image);
  if (!layers) return wrap(std::move(layers).error(), fmt::format("layers of {}", args[0]));
  if (format == "svg" || format == "html") {
    std::vector<std::string> titles;
    for (const store::LayerReport& layer : *layers)
      titles.push_back(instruction_of(layer));
    in.console.text(format == "svg" ? treemap_svg(*layers, titles)
                                    : treemap_html(args[0], *layers, titles));
    return 0;
  }
  std::vector<Json> rows;
  for (const store::LayerReport& layer : *layers)
    rows.push_back(layer_row(layer, !no_trunc && format != "json"));
  SUIT_LET(const std::string text, render_list(format, layer_format(), rows));
  in.console.text(text);
  if (!format.empty() && format != "table") return 0;
  if (files) print_files(in, *layers);
  print_wasted(in, *layers);
  return 0;
}

Result<int> image_diff(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('\0', "format", &format, "string",
            "'table', 'json', or a Go template: '{{.Change}} {{.Path}}'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const store::Image before, engine.image(args[0]));
  SUIT_LET(const store::Image after, engine.image(args[1]));
  SUIT_LET(const store::ImageFiles old_files, store::read_files(engine.store(), before));
  SUIT_LET(const store::ImageFiles new_files, store::read_files(engine.store(), after));
  const std::vector<store::FileChange> changes = store::diff_files(old_files, new_files);
  std::vector<Json> rows;
  for (const store::FileChange& change : changes) {
    Json row = Json::object();
    row.set("Change", std::string(1, change.kind)).set("Path", "/" + change.path);
    row.set("Before", change.before_bytes).set("After", change.after_bytes);
    rows.push_back(std::move(row));
  }
  if (format.empty()) {
    for (const std::string& line : config_changes(before, after))
      in.console.print("{}\n", line);
    // As `docker diff`: one letter and the path.
    for (const store::FileChange& change : changes)
      in.console.print("{} /{}\n", change.kind, change.path);
    return 0;
  }
  ListFormat list;
  list.columns = "{{.Change}}\t{{.Path}}\t{{.Before}}\t{{.After}}";
  list.headers = {{"Change", "CHANGE"}, {"Path", "PATH"}, {"Before", "BEFORE"}, {"After", "AFTER"}};
  SUIT_LET(const std::string text, render_list(format, list, rows));
  in.console.text(text);
  return 0;
}

Result<int> image_tree(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  std::vector<store::Image> images;
  for (const std::string& name : args) {
    SUIT_LET(store::Image image, engine.image(name));
    images.push_back(std::move(image));
  }
  if (args.empty()) images = engine.store().images();
  Node root;
  for (const store::Image& image : images)
    add_image(root, engine.store(), image);
  for (const std::string& name : root.names)
    in.console.print("{} (no layers)\n", name);
  print_tree(in, root, "");
  return 0;
}

}  // namespace suit::cli
