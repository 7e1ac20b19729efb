// The graph as text and as JSON.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "build/graph.h"

namespace suit::build {

namespace {

std::string indent(std::string_view name, const oci::Json& value) {
  if (value.as_array() != nullptr && value.as_array()->empty()) return {};
  if (value.as_string() != nullptr && value.as_string()->empty()) return {};
  const std::string text = value.as_string() != nullptr ? *value.as_string() : value.dump();
  return fmt::format("      {:<12} {}\n", name, text);
}

std::string in_one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string from_step(const std::optional<std::size_t>& step) {
  return step ? fmt::format("#{}", *step) : "an empty file system";
}

oci::Json optional_number(const std::optional<std::size_t>& number) {
  return number ? oci::Json(static_cast<std::uint64_t>(*number)) : oci::Json();
}

}  // namespace

std::string explain(const Graph& graph) {
  std::string text;
  for (const Step& step : graph.steps) {
    text += fmt::format("#{} {}\n", step.id, step.name);
    if (!std::holds_alternative<BaseOp>(step.op)) {
      text += fmt::format("      {:<12} {}\n", "on", from_step(step.parent));
      for (const std::size_t input : step.inputs)
        text += fmt::format("      {:<12} #{}\n", "reads", input);
      const auto* copy = std::get_if<CopyOp>(&step.op);
      if (copy != nullptr && !copy->sources.empty()) {
        std::vector<std::string> sources;
        for (const dockerfile::Word& source : copy->sources)
          sources.push_back(source.text);
        text += fmt::format("      {:<12} {}{}\n", "files", fmt::join(sources, " "),
                            copy->from ? "" : " (of the context)");
      }
    }
    for (const auto& [name, value] : *step.ingredients.as_object()) {
      if (name != "kind") text += indent(name, value);
    }
  }
  text += fmt::format("image: files of {}\n", from_step(graph.result));
  const oci::Json config = oci::to_json_value(graph.config.config);
  if (config.as_object() != nullptr) {
    for (const auto& [name, value] : *config.as_object())
      text += indent(name, value);
  }
  for (const HistoryItem& item : graph.history) {
    text += fmt::format("history: {}{}\n", in_one_line(item.created_by),
                        item.step ? fmt::format(" (layer of #{})", *item.step) : "");
  }
  for (const std::string& stage : graph.skipped) {
    text += fmt::format("not built: stage {}: the target does not need it\n", stage);
  }
  return text;
}

oci::Json explain_json(const Graph& graph) {
  oci::Json json = oci::Json::object();
  oci::Json steps = oci::Json::array();
  for (const Step& step : graph.steps) {
    oci::Json one = oci::Json::object();
    one.set("id", static_cast<std::uint64_t>(step.id));
    one.set("name", step.name);
    one.set("stage", step.stage);
    one.set("line", static_cast<std::uint64_t>(step.span.line));
    one.set("parent", optional_number(step.parent));
    oci::Json inputs = oci::Json::array();
    for (const std::size_t input : step.inputs)
      inputs.push(static_cast<std::uint64_t>(input));
    one.set("inputs", std::move(inputs));
    one.set("ingredients", step.ingredients);
    steps.push(std::move(one));
  }
  json.set("steps", std::move(steps));
  json.set("result", optional_number(graph.result));
  json.set("config", oci::to_json_value(graph.config.config));
  oci::Json history = oci::Json::array();
  for (const HistoryItem& item : graph.history) {
    oci::Json line = oci::Json::object();
    line.set("created_by", item.created_by);
    line.set("step", optional_number(item.step));
    history.push(std::move(line));
  }
  json.set("history", std::move(history));
  json.set("skipped", oci::Json(graph.skipped));
  return json;
}

}  // namespace suit::build
