// The tables of the CDI library's own tests, and ours beside them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "gpu/cdi_apply.h"
#include "gpu/cdi_name.h"
#include "gpu/cdi_registry.h"
#include "gpu/cdi_spec.h"
#include "gpu/yaml.h"
#include "tree.h"

namespace suit::gpu {
namespace {

using corpora::Tally;
using nlohmann::json;

json table(const std::string& path) {
  std::ifstream in(std::string(SUIT_CORPORA) + "/" + path);
  EXPECT_TRUE(in.good()) << path;
  return json::parse(in, nullptr, false);
}

std::string text(const json& row, const char* key) {
  return row.contains(key) && row[key].is_string() ? row[key].get<std::string>() : "";
}

// Absent and empty members are equal, in the tables and so here.
json without_empty(const json& value) {
  if (value.is_array()) {
    json out = json::array();
    for (const json& item : value)
      out.push_back(without_empty(item));
    return out;
  }
  if (!value.is_object()) return value;
  json out = json::object();
  for (const auto& [key, member] : value.items()) {
    json cleaned = without_empty(member);
    const bool is_empty = cleaned.is_null() || (cleaned.is_structured() && cleaned.empty()) ||
                          (cleaned.is_string() && cleaned.get<std::string>().empty());
    if (!is_empty) out[key] = std::move(cleaned);
  }
  return out;
}

oci::Json ours(const json& value) {
  auto parsed = oci::parse_json(value.dump());
  EXPECT_TRUE(parsed) << value.dump();
  return *parsed;
}

json theirs(const oci::Json& value) { return json::parse(value.dump()); }

TEST(CdiCorpora, LoadsValidSpecsInBothFormats) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/spec-valid.json");
  for (const json& row : table("cdi/spec-valid.json")) {
    const auto spec = parse_cdi(row["spec"].dump(), CdiFormat::Json);
    const auto again = parse_cdi(to_yaml(ours(row["spec"])), CdiFormat::Yaml);
    const bool ok = spec && again && to_value(*spec) == to_value(*again);
    EXPECT_TRUE(ok) << text(row, "name") << ": " << (spec ? "" : spec.error().message())
                    << (again ? "" : again.error().message());
    tally.count(ok);
  }
}

// Where the error of a class must point.
bool points_rightly(const std::string& error_class, const std::string& message) {
  if (error_class == "version") return message.starts_with("/cdiVersion");
  if (error_class == "kind") return message.starts_with("/kind");
  if (error_class == "devices") return message.starts_with("/devices");
  if (error_class == "edits") return message.starts_with("/devices/0/containerEdits/");
  return message.starts_with("invalid JSON at") ||
         message.find("unknown member") != std::string::npos ||
         message.find("must be an") != std::string::npos;
}

TEST(CdiCorpora, RefusesInvalidSpecsAtTheirPlace) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/spec-invalid.json");
  for (const json& row : table("cdi/spec-invalid.json")) {
    const std::string input = row.contains("text") ? text(row, "text") : row["spec"].dump();
    const auto spec = parse_cdi(input, CdiFormat::Json);
    const bool ok = !spec && points_rightly(text(row, "error_class"), spec.error().message());
    EXPECT_TRUE(ok) << text(row, "name") << ": " << (spec ? "loaded" : spec.error().message());
    tally.count(ok);
  }
}

TEST(CdiCorpora, CutsAndChecksQualifiedNames) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/qualified-names.json");
  for (const json& row : corpora::cases("cdi/qualified-names.json")) {
    const auto cut = split_qualified(text(row, "device"));
    const bool qualified = row["qualified"].get<bool>();
    const bool parsable = row.value("parsable", qualified);
    bool ok = cut.has_value() == parsable;
    if (cut)
      ok = ok && cut->vendor == text(row, "vendor") && cut->class_ == text(row, "class_") &&
           cut->name == text(row, "name");
    ok = ok && parse_qualified(text(row, "device")).has_value() == qualified;
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(CdiCorpora, MakesAnnotationKeys) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/annotations.json key");
  const json all = table("cdi/annotations.json");
  for (const json& row : all["key"]) {
    const auto key = annotation_key(text(row, "plugin"), text(row, "device_id"));
    const bool ok = row.value("invalid", false) ? !key : key && *key == text(row, "key");
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(CdiCorpora, ReadsDevicesFromAnnotations) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/annotations.json parse");
  const json all = table("cdi/annotations.json");
  for (const json& row : all["parse"]) {
    const auto devices =
        devices_in_annotations(row["annotations"].get<std::map<std::string, std::string>>());
    const bool ok = row.value("invalid", false)
                        ? !devices
                        : devices && *devices == row["devices"].get<std::vector<std::string>>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(CdiCorpora, KnowsTheLowestVersionThatFits) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/minimum-version.json");
  for (const json& row : corpora::cases("cdi/minimum-version.json")) {
    json spec = row["spec"];  // parts of specs: the rest is what needs nothing new
    spec["cdiVersion"] = "1.1.0";
    if (!spec.contains("kind")) spec["kind"] = "vendor.com/device";
    if (!spec.contains("devices"))
      spec["devices"] = json::parse(R"([{"name":"d","containerEdits":{"env":["A=B"]}}])");
    const auto parsed = parse_cdi(spec.dump(), CdiFormat::Json);
    const bool ok = parsed && minimum_version(*parsed) == text(row, "minimum");
    EXPECT_TRUE(ok) << row.dump() << (parsed ? minimum_version(*parsed) : parsed.error().message());
    tally.count(ok);
  }
}

TEST(CdiCorpora, AppliesEdits) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/edits-apply.json");
  const os::Root host = *os::Root::open("/");
  for (const json& row : corpora::cases("cdi/edits-apply.json")) {
    json spec = json::parse(R"({"cdiVersion":"1.1.0","kind":"v.com/d","devices":[{"name":"x"}]})");
    spec["devices"][0]["containerEdits"] = row["edits"];
    const auto parsed = parse_cdi(spec.dump(), CdiFormat::Json);
    ASSERT_TRUE(parsed) << row.dump() << parsed.error().message();
    oci::Json config = ours(row["oci"]);
    const auto applied = apply_edits(config, parsed->devices[0].edits, host);
    const bool ok = applied && without_empty(theirs(config)) == without_empty(row["result"]);
    EXPECT_TRUE(ok) << text(row, "name") << "\n"
                    << (applied ? config.dump(1) : applied.error().message());
    tally.count(ok);
  }
}

bool errors_include(const CdiRegistry& registry, const json& row) {
  if (!row.contains("spec_errors")) return true;
  for (const json& wanted : row["spec_errors"])
    if (std::ranges::none_of(registry.problems(), [&](const CdiProblem& problem) {
          return problem.error.message().find(wanted.get<std::string>()) != std::string::npos;
        }))
      return false;
  return true;
}

TEST(CdiCorpora, InjectsFromDirectories) {
  SUIT_NEEDS_CORPORA();
  Tally tally("cdi/inject.json");
  for (const json& row : corpora::cases("cdi/inject.json")) {
    Tree tree;
    tree.dir("/etc").dir("/run");
    for (const char* dir : {"etc", "run"})
      for (const auto& [name, spec] : row["dirs"][dir].items())
        tree.file(std::string("/") + dir + "/" + name, spec.dump());
    const CdiRegistry registry = CdiRegistry::load(tree.root(), {"/etc", "/run"});
    oci::Json config = ours(row["oci"]);
    const auto edits = registry.edits_for(row["devices"].get<std::vector<std::string>>());
    bool ok = edits.has_value() != row.contains("unresolved") && errors_include(registry, row);
    if (edits) ok = ok && apply_edits(config, *edits, tree.root());
    if (!edits) ok = ok && edits.error().what() == text(row, "error");
    ok = ok && without_empty(theirs(config)) == without_empty(row["result"]);
    EXPECT_TRUE(ok) << text(row, "name") << (edits ? "" : edits.error().message());
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::gpu
