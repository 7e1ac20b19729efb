#include "cli/template.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/template_internal.h"
#include "cli/text.h"

namespace suit::cli {

using oci::Json;

struct Template::Renderer {
  const Json& root;
  std::map<std::string, Json> variables;
  std::string out;

  static Result<Json> follow(const Json& value, const Pipeline::Operand& operand) {
    const Json* at = &value;
    for (const std::string& name : operand.path) {
      const Json* found = at->find(name);
      if (found) {
        at = found;
        continue;
      }
      std::vector<std::string> names;
      if (const auto* members = at->as_object())
        for (const auto& member : *members)
          names.push_back(member.first);
      return fail(0,
                  fmt::format("template: column {}: no field .{}{}", operand.column, name,
                              did_you_mean(name, names)),
                  names.empty() ? "" : fmt::format("there are: {}", fmt::join(names, ", ")));
    }
    return Json(*at);
  }

  Result<Json> value_of(const Pipeline::Operand& operand, const Json& dot) {
    switch (operand.kind) {
      case Pipeline::Operand::Kind::Field:
        return follow(dot, operand);
      case Pipeline::Operand::Kind::Literal:
        return operand.literal;
      case Pipeline::Operand::Kind::Function:
        return call_function(operand.name, {});
      case Pipeline::Operand::Kind::Nested: {
        SUIT_LET(const Json value, evaluate(*operand.nested, dot));
        return follow(value, operand);
      }
      case Pipeline::Operand::Kind::Variable:
        break;
    }
    if (operand.name.empty()) return follow(root, operand);
    const auto found = variables.find(operand.name);
    if (found == variables.end())
      return fail(0, fmt::format("template: column {}: undefined variable ${}", operand.column,
                                 operand.name));
    return follow(found->second, operand);
  }

  // `.Label "name"`, the one method of Docker's rows.
  static bool is_label(const Pipeline::Command& command) {
    return command.size() == 2 && command[0].kind == Pipeline::Operand::Kind::Field &&
           command[0].path == std::vector<std::string>{"Label"};
  }

  // The value of a label, "" when there is none; of a row of titles, the title.
  static Json label_of(const Json& row, const std::string& name) {
    if (const Json* labels = row.find(kLabelSet)) {
      const Json* value = labels->find(name);
      return value ? *value : Json("");
    }
    std::string title = name.substr(name.rfind('.') + 1);
    for (char& c : title)
      c = c == '-' || c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return Json(title);
  }

  Result<Json> evaluate(const Pipeline& pipeline, const Json& dot) {
    Json value;
    for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
      const Pipeline::Command& command = pipeline.commands[i];
      const bool is_call = command[0].kind == Pipeline::Operand::Kind::Function;
      if (i == 0 && is_label(command)) {
        SUIT_LET(const Json name, value_of(command[1], dot));
        value = label_of(dot, go_text(name));
        continue;
      }
      if (!is_call && (command.size() > 1 || i > 0))
        return fail(0, fmt::format("template: column {}: only a function takes arguments",
                                   command[0].column));
      if (!is_call) {
        SUIT_LET(value, value_of(command[0], dot));
        continue;
      }
      std::vector<Json> args;
      for (std::size_t k = 1; k < command.size(); ++k) {
        SUIT_LET(Json arg, value_of(command[k], dot));
        args.push_back(std::move(arg));
      }
      if (i > 0) args.push_back(std::move(value));
      SUIT_LET(value, call_function(command[0].name, args));
    }
    return value;
  }

  Result<void> render_all(const std::vector<Node>& nodes, const Json& dot) {
    for (const Node& node : nodes)
      SUIT_TRY(render(node, dot));
    return {};
  }

  Result<void> render_range(const Node& node, const Json& items) {
    std::size_t count = 0;
    auto each = [&](Json key, const Json& item) -> Result<void> {
      if (!node.key.empty()) variables[node.key] = std::move(key);
      if (!node.pipeline.variable.empty()) variables[node.pipeline.variable] = item;
      ++count;
      return render_all(node.body, item);
    };
    if (const auto* array = items.as_array()) {
      for (const Json& item : *array)
        SUIT_TRY(each(Json(std::uint64_t{count}), item));
    } else if (const auto* object = items.as_object()) {
      for (const auto& [key, item] : *object)
        SUIT_TRY(each(Json(key), item));
    } else if (!items.is_null()) {
      return fail(0, fmt::format("template: range cannot go over {}", items.dump()));
    }
    return count == 0 ? render_all(node.otherwise, items) : Result<void>();
  }

  Result<void> render(const Node& node, const Json& dot) {
    if (node.kind == Node::Kind::Text) {
      out += node.text;
      return {};
    }
    SUIT_LET(Json value, evaluate(node.pipeline, dot));
    if (node.kind == Node::Kind::Range) return render_range(node, value);
    if (!node.pipeline.variable.empty()) variables[node.pipeline.variable] = value;
    if (node.kind == Node::Kind::Action) {
      if (node.pipeline.variable.empty()) out += go_text(value);
      return {};
    }
    const Json& inner = node.kind == Node::Kind::With && is_true(value) ? value : dot;
    return render_all(is_true(value) ? node.body : node.otherwise, inner);
  }
};

Template::Template(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<std::string> Template::render(const Json& data) const {
  Renderer renderer{data, {}, {}};
  SUIT_TRY(renderer.render_all(root_->body, data));
  return std::move(renderer.out);
}

namespace {

// Shells make it hard to type a tab, so Docker reads `\t` and `\n` in a template.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 't' || text[i + 1] == 'n')) {
      out += text[++i] == 't' ? '\t' : '\n';
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  while (true) {
    const std::size_t tab = line.find('\t');
    cells.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return cells;
    line.remove_prefix(tab + 1);
  }
}

Result<std::string> render_table(const std::string& columns, const ListFormat& list,
                                 const std::vector<Json>& rows) {
  SUIT_LET(const Template line, Template::parse(columns));
  Json titles = Json::object();
  for (const auto& [field, title] : list.headers)
    titles.set(field, title);
  SUIT_LET(const std::string header, line.render(titles));
  Table table(cells_of(header));
  for (const Json& row : rows) {
    SUIT_LET(const std::string text, line.render(row));
    table.add(cells_of(text));
  }
  return table.text();
}

}  // namespace

Result<std::string> render_list(std::string_view format, const ListFormat& list,
                                const std::vector<Json>& rows) {
  if (format.empty() || format == "table") return render_table(list.columns, list, rows);
  if (format.starts_with("table ")) return render_table(unescape(format.substr(6)), list, rows);
  std::string out;
  if (format == "json") {
    for (const Json& row : rows)
      out += row.dump() + "\n";
    return out;
  }
  SUIT_LET(const Template line, Template::parse(unescape(format)));
  for (const Json& row : rows) {
    SUIT_LET(const std::string text, line.render(row));
    out += text + "\n";
  }
  return out;
}

}  // namespace suit::cli
