// name explain, name registries.

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/template.h"
#include "cli/text.h"
#include "naming/explain.h"

namespace suit::cli {
namespace {

using oci::Json;

std::string render_text(const naming::Explanation& name) {
  std::string out = naming::picture(name) + "\n";
  for (const naming::ExplainedPart& part : name.parts)
    out += fmt::format("{:<10}  {}\n{:<10}  {}{}\n", part.name, part.text, "",
                       part.assumed ? "assumed: " : "", part.why);
  if (name.registry != nullptr) {
    out += fmt::format("\n{}: {}\n", name.registry->title, name.registry->note);
    for (const auto& [title, text] : name.path_parts)
      out += fmt::format("  {:<12}  {}\n", title, text);
  }
  for (const auto& [warning, help] : name.warnings)
    out += fmt::format("\nwarning: {}\n   help: {}\n", warning, help);
  return out;
}

Json to_json(const naming::Explanation& name) {
  Json out = Json::object();
  out.set("Given", name.given).set("Canonical", name.full).set("Familiar", name.familiar);
  Json parts = Json::array();
  for (const naming::ExplainedPart& part : name.parts) {
    Json one = Json::object();
    one.set("Name", part.name).set("Text", part.text);
    one.set("Assumed", part.assumed).set("Why", part.why);
    parts.push(one);
  }
  out.set("Parts", parts);
  out.set("Registry", name.registry == nullptr ? Json() : Json(name.registry->title));
  Json path = Json::array();
  for (const auto& [title, text] : name.path_parts) {
    Json one = Json::object();
    path.push(one.set("Name", title).set("Text", text));
  }
  out.set("Path", path);
  Json warnings = Json::array();
  for (const auto& [warning, help] : name.warnings) {
    Json one = Json::object();
    warnings.push(one.set("Message", warning).set("Help", help));
  }
  return out.set("Warnings", warnings);
}

Json row_of(const naming::Registry& registry) {
  Json row = Json::object();
  row.set("Title", registry.title).set("Host", registry.host).set("Path", registry.path);
  return row.set("Example", registry.example).set("Note", registry.note);
}

}  // namespace

Result<int> name_explain(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'text', 'json', or a Go template: '{{.Canonical}}'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  for (std::size_t i = 0; i < args.size(); ++i) {
    SUIT_LET(const naming::Explanation name, naming::explain(args[i]));
    if (format == "json") {
      in.console.print("{}\n", to_json(name).dump());
    } else if (format.empty() || format == "text") {
      in.console.print("{}{}", i == 0 ? "" : "\n", render_text(name));
    } else {
      SUIT_LET(const Template line, Template::parse(format));
      SUIT_LET(const std::string text, line.render(to_json(name)));
      in.console.print("{}\n", text);
    }
  }
  return 0;
}

Result<int> name_registries(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('f', "format", &format, "string", "'table', or 'json'");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (!format.empty() && format != "table" && format != "json")
    return fail(0, fmt::format("invalid format \"{}\"", format), "there are table and json");
  Table table({"REGISTRY", "HOST", "PATH"});
  for (const naming::Registry& registry : naming::registries()) {
    if (format == "json") in.console.print("{}\n", row_of(registry).dump());
    table.add(
        {std::string(registry.title), std::string(registry.host), std::string(registry.path)});
  }
  if (format != "json") in.console.print("{}", table.text());
  return 0;
}

}  // namespace suit::cli
