/// \file
/// A treemap: rectangles whose areas are sizes.
///
/// Problem: cut a rectangle into tiles of given areas that are as square as can be, so that they
/// can be compared by eye. Method: "squarified" (Bruls, Huizing, van Wijk, 2000): largest first,
/// tiles fill a row along the shorter side as long as that makes the worst of the row squarer; then
/// the next row starts in what is left.

#include "cli/treemap.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>

#include <fmt/format.h>

#include "cli/text.h"
#include "cli/units.h"

namespace suit::cli {
namespace {

constexpr double kWidth = 1200;         // px
constexpr double kHeight = 640;         // px
constexpr double kTitle = 18;           // px above each layer's tiles
constexpr double kLeastWidth = 3;       // px: a layer of nothing but deletions is still seen
constexpr std::size_t kMaxTiles = 300;  // of a layer; the rest is one tile

struct Rect {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Tile {
  double area = 0;  // first bytes, then px²
  std::string label;
  bool wasted = false;
};

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : safe(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// The least square of a row of tiles along a side: longer side by shorter, at least 1.
double worst_ratio(std::span<const Tile> row, double side) {
  double sum = 0;
  for (const Tile& tile : row)
    sum += tile.area;
  const double thickness = sum / side;
  double worst = 1;
  for (const Tile& tile : row) {
    const double length = tile.area / thickness;
    worst = std::max({worst, length / thickness, thickness / length});
  }
  return worst;
}

// Places tiles, largest first, whose areas add up to the rectangle's.
void squarify(std::span<const Tile> tiles, Rect free,
              const std::function<void(const Tile&, const Rect&)>& place) {
  while (!tiles.empty()) {
    const bool upright = free.width >= free.height;  // the row stands along the shorter side
    const double side = std::max(upright ? free.height : free.width, 1e-6);
    std::size_t count = 1;
    while (count < tiles.size() &&
           worst_ratio(tiles.first(count + 1), side) <= worst_ratio(tiles.first(count), side))
      ++count;
    double sum = 0;
    for (const Tile& tile : tiles.first(count))
      sum += tile.area;
    const double thickness = sum / side;
    double at = upright ? free.y : free.x;
    for (const Tile& tile : tiles.first(count)) {
      const double length = tile.area / thickness;
      place(tile,
            upright ? Rect{free.x, at, thickness, length} : Rect{at, free.y, length, thickness});
      at += length;
    }
    (upright ? free.x : free.y) += thickness;
    (upright ? free.width : free.height) -= thickness;
    tiles = tiles.subspan(count);
  }
}

std::vector<Tile> tiles_of(const store::LayerReport& layer) {
  std::vector<Tile> tiles;
  for (const store::LayerFile& file : layer.files)
    if (file.size_bytes > 0)
      tiles.push_back(
          {static_cast<double>(file.size_bytes),
           fmt::format("{} {}{}", file.path, human_size(static_cast<double>(file.size_bytes)),
                       file.wasted ? ", replaced or deleted later" : ""),
           file.wasted});
  std::ranges::stable_sort(tiles, std::greater(), &Tile::area);
  if (tiles.size() <= kMaxTiles) return tiles;
  Tile rest;
  for (std::size_t i = kMaxTiles; i < tiles.size(); ++i)
    rest.area += tiles[i].area;
  rest.label = fmt::format("{} smaller files, {}", tiles.size() - kMaxTiles, human_size(rest.area));
  tiles.resize(kMaxTiles);
  tiles.push_back(std::move(rest));
  std::ranges::stable_sort(tiles, std::greater(), &Tile::area);
  return tiles;
}

void draw_layer(std::string& out, const store::LayerReport& layer, std::string_view title,
                const Rect& place, std::size_t hue) {
  out += fmt::format(
      "<g><title>{}</title><rect x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"{:.1f}\" "
      "fill=\"hsl({},30%,35%)\"/>",
      escape(fmt::format("{} ({}, {} wasted)", title,
                         human_size(static_cast<double>(layer.size_bytes)),
                         human_size(static_cast<double>(layer.wasted_bytes)))),
      place.x, place.width, kHeight, hue);
  if (place.width > 40)
    out += fmt::format("<text x=\"{:.1f}\" y=\"13\">{}</text>", place.x + 4,
                       escape(ellipsis(title, static_cast<std::size_t>(place.width / 7))));
  out += "</g>\n";
  std::vector<Tile> tiles = tiles_of(layer);
  double bytes = 0;
  for (const Tile& tile : tiles)
    bytes += tile.area;
  const Rect inside{place.x + 1, kTitle, std::max(place.width - 2, 1.0), kHeight - kTitle - 1};
  for (Tile& tile : tiles)
    tile.area *= inside.width * inside.height / bytes;
  squarify(tiles, inside, [&](const Tile& tile, const Rect& at) {
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
        "fill=\"{}\" stroke=\"#fff\" stroke-width=\".5\"><title>{}</title></rect>\n",
        at.x, at.y, at.width, at.height,
        tile.wasted ? "url(#wasted)" : fmt::format("hsl({},45%,65%)", hue), escape(tile.label));
  });
}

}  // namespace

std::string treemap_svg(const std::vector<store::LayerReport>& layers,
                        const std::vector<std::string>& titles) {
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#fff\">\n"
      "<defs><pattern id=\"wasted\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#f4c7c3\"/>"
      "<rect width=\"3\" height=\"6\" fill=\"#c5221f\"/></pattern></defs>\n",
      kWidth, kHeight);
  double total = 0;
  for (const store::LayerReport& layer : layers)
    total += static_cast<double>(layer.size_bytes);
  const double room = kWidth - kLeastWidth * static_cast<double>(layers.size());
  double at = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double part = total > 0 ? static_cast<double>(layers[i].size_bytes) / total : 0;
    const Rect place{at, 0, kLeastWidth + part * std::max(room, 0.0), kHeight};
    // Hues a golden angle apart: neighbours never look alike, however many there are.
    draw_layer(out, layers[i], titles[i], place, (200 + i * 137) % 360);
    at += place.width;
  }
  return out + "</svg>\n";
}

std::string treemap_html(std::string_view image, const std::vector<store::LayerReport>& layers,
                         const std::vector<std::string>& titles) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Layers of {0}</title>\n"
      "<style>body{{font:14px sans-serif;margin:2em}}td,th{{padding:.2em .8em;text-align:right}}"
      "td:nth-child(2),th:nth-child(2){{text-align:left;font-family:monospace}}"
      "svg{{max-width:100%;height:auto}}</style>\n<h1>Layers of {0}</h1>\n"
      "<p>Width and area are bytes. Hatched: a later layer replaces or deletes it, and it is still "
      "stored and sent. Point at a tile for its name.</p>\n",
      escape(image));
  out += treemap_svg(layers, titles);
  out += "<table><tr><th>#<th>instruction<th>size<th>added<th>changed<th>deleted<th>wasted</tr>\n";
  for (std::size_t i = 0; i < layers.size(); ++i)
    out += fmt::format("<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>\n", i + 1,
                       escape(titles[i]), human_size(static_cast<double>(layers[i].size_bytes)),
                       layers[i].added, layers[i].changed, layers[i].deleted,
                       human_size(static_cast<double>(layers[i].wasted_bytes)));
  return out + "</table></html>\n";
}

}  // namespace suit::cli
