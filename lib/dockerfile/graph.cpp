#include "dockerfile/graph.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

/// A stage, or something from outside.
struct Node {
  std::string label;
  bool external = false;
  bool needed = true;
  bool target = false;
  std::size_t column = 0;  ///< behind all that it needs
  std::size_t row = 0;
};
struct Edge {
  std::size_t from = 0;  ///< what is used
  std::size_t to = 0;    ///< who uses it
  Use use = Use::BaseOf;
};
struct Graph {
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

std::string stage_label(const Stage& stage) {
  return stage.name.empty() ? fmt::format("stage {}", stage.index) : stage.name;
}

// What a picture may hold of a name: control bytes and broken UTF-8 would spoil the file.
std::string printable(std::string_view name) {
  std::string out;
  std::string shown = text::clip(name);
  for (std::size_t at = 0; at < shown.size();) {
    std::size_t length = text::char_length(shown, at);
    auto byte = static_cast<unsigned char>(shown[at]);
    if (byte < 0x20 || byte == 0x7f || (length == 1 && byte >= 0x80))
      out += '?';
    else
      out += shown.substr(at, length);
    at += length;
  }
  return out;
}

Graph make_graph(const Dockerfile& file, const Resolution& resolution) {
  Graph graph;
  for (const ResolvedStage& one : resolution.stages)
    graph.nodes.push_back({printable(stage_label(file.stages[one.index])), false, one.reachable,
                           one.index == resolution.target});
  std::map<std::string, std::size_t> outside;
  for (const ResolvedStage& one : resolution.stages)
    for (const Dependency& dependency : one.dependencies) {
      std::size_t from = dependency.stage.value_or(0);
      if (!dependency.stage) {
        auto [place, is_new] = outside.try_emplace(dependency.external, graph.nodes.size());
        from = place->second;
        if (is_new) graph.nodes.push_back({printable(dependency.external), true, false});
        graph.nodes[from].needed |= one.reachable;
      }
      graph.edges.push_back({from, one.index, dependency.use});
    }
  // One line between two nodes says it once.
  auto key = [](const Edge& edge) { return std::tuple(edge.to, edge.from, edge.use); };
  std::ranges::sort(graph.edges, {}, key);
  auto twice = std::ranges::unique(graph.edges, {}, key);
  graph.edges.erase(twice.begin(), twice.end());
  return graph;
}

// References go to earlier stages, so one pass in the file's order finds the longest ways.
void lay_out(Graph& graph) {
  for (const Edge& edge : graph.edges)
    graph.nodes[edge.to].column =
        std::max(graph.nodes[edge.to].column, graph.nodes[edge.from].column + 1);
  std::map<std::size_t, std::size_t> rows;
  for (Node& node : graph.nodes)
    node.row = rows[node.column]++;
}

std::string_view verb(Use use) {
  switch (use) {
    case Use::BaseOf:
      return "FROM";
    case Use::CopyFrom:
      return "COPY --from";
    case Use::MountFrom:
      break;
  }
  return "RUN --mount from";
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string escape_dot(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// Pixels.
constexpr std::size_t kGlyph = 8;  // of a 13 px monospaced font, with some air
constexpr std::size_t kHeight = 34;
constexpr std::size_t kRowStep = 54;
constexpr std::size_t kColumnGap = 70;
constexpr std::size_t kMargin = 20;

class Drawing {
 public:
  explicit Drawing(const Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes) {
      std::size_t width = 2 * kGlyph + kGlyph * columns_of(node.label);
      widths_[node.column] = std::max(widths_[node.column], width);
      rows_ = std::max(rows_, node.row + 1);
    }
    std::size_t at = kMargin;
    for (const auto& [column, width] : widths_) {
      lefts_[column] = at;
      at += width + kColumnGap;
    }
    width_ = at - kColumnGap + kMargin;
  }

  std::string run() const {
    std::size_t height = 2 * kMargin + (rows_ - 1) * kRowStep + kHeight;
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\" font-family=\"monospace\" font-size=\"13\">\n"
        "<title>Stages</title>\n"
        "<style>.b{{fill:#fff;stroke:#234}} .t{{fill:#dfe}} .x{{fill:#eee;stroke:#777}} "
        ".u{{opacity:.4}} path{{fill:none;stroke:#234}} .c{{stroke-dasharray:6 3}} "
        ".m{{stroke-dasharray:2 3}}</style>\n",
        width_, height);
    for (const Edge& edge : graph_.edges)
      out += line(edge);
    for (const Node& node : graph_.nodes)
      out += box(node);
    return out + "</svg>\n";
  }

 private:
  static std::size_t columns_of(std::string_view label) {
    return static_cast<std::size_t>(std::ranges::count_if(
        label, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
  }
  std::size_t left(const Node& node) const { return lefts_.at(node.column); }
  static std::size_t top(const Node& node) { return kMargin + node.row * kRowStep; }

  std::string line(const Edge& edge) const {
    const Node& from = graph_.nodes[edge.from];
    const Node& to = graph_.nodes[edge.to];
    std::size_t x1 = left(from) + widths_.at(from.column);
    std::size_t x2 = left(to);
    std::size_t bend = (x2 - x1) / 2;
    std::string_view style = edge.use == Use::BaseOf ? "f" : edge.use == Use::CopyFrom ? "c" : "m";
    return fmt::format(
        "<path class=\"{}{}\" d=\"M{} {}C{} {} {} {} {} {}\"><title>{}</title></path>\n", style,
        to.needed ? "" : " u", x1, top(from) + kHeight / 2, x1 + bend, top(from) + kHeight / 2,
        x2 - bend, top(to) + kHeight / 2, x2, top(to) + kHeight / 2, verb(edge.use));
  }

  std::string box(const Node& node) const {
    return fmt::format(
        "<g{}><rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>"
        "<text x=\"{}\" y=\"{}\">{}</text></g>\n",
        node.needed ? "" : " class=\"u\"",
        node.external ? "x"
        : node.target ? "b t"
                      : "b",
        left(node), top(node), widths_.at(node.column), kHeight, node.external ? 15 : 3,
        left(node) + kGlyph, top(node) + kHeight / 2 + 4, escape_xml(node.label));
  }

  const Graph& graph_;
  std::map<std::size_t, std::size_t> widths_;
  std::map<std::size_t, std::size_t> lefts_;
  std::size_t rows_ = 1;
  std::size_t width_ = 0;
};

}  // namespace

std::string graph_text(const Dockerfile& file, const Resolution& resolution) {
  std::string out;
  for (const ResolvedStage& one : resolution.stages) {
    const Stage& stage = file.stages[one.index];
    std::string name = stage.name.empty() ? "" : printable(stage.name);
    std::string_view note = one.index == resolution.target ? "  (target)"
                            : one.reachable                ? ""
                                                           : "  (not needed)";
    out += fmt::format("{} {}{}\n", one.index, name.empty() ? "-" : name, note);
    if (one.dependencies.empty()) out += fmt::format("    FROM {}\n", printable(one.base));
    for (const Dependency& dependency : one.dependencies) {
      std::string from =
          dependency.stage
              ? fmt::format("{} (stage {})", printable(stage_label(file.stages[*dependency.stage])),
                            *dependency.stage)
              : printable(dependency.external);
      out += fmt::format("    {} {}, line {}\n", verb(dependency.use), from, dependency.span.line);
    }
  }
  return out;
}

std::string graph_dot(const Dockerfile& file, const Resolution& resolution) {
  Graph graph = make_graph(file, resolution);
  std::string out = "digraph stages {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::string style = node.external ? ", style=rounded" : "";
    if (node.target) style = ", style=filled, fillcolor=\"#ddffee\"";
    if (!node.needed) style += ", color=grey, fontcolor=grey";
    out += fmt::format("  n{} [label=\"{}\"{}];\n", i, escape_dot(node.label), style);
  }
  for (const Edge& edge : graph.edges) {
    std::string_view style = edge.use == Use::BaseOf     ? "solid"
                             : edge.use == Use::CopyFrom ? "dashed"
                                                         : "dotted";
    out += fmt::format("  n{} -> n{} [style={}];\n", edge.from, edge.to, style);
  }
  return out + "}\n";
}

std::string graph_svg(const Dockerfile& file, const Resolution& resolution) {
  Graph graph = make_graph(file, resolution);
  lay_out(graph);
  return Drawing(graph).run();
}

}  // namespace suit::dockerfile
