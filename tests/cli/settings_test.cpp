#include "cli/settings.h"

#include <array>

#include "../support/corpora.h"

namespace suit::cli {
namespace {

using nlohmann::json;

HostEnv host_of(const json& row) {
  std::map<std::string, std::string> variables;
  if (row.contains("host_env"))
    variables = row["host_env"].get<std::map<std::string, std::string>>();
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

constexpr std::array<std::string_view, 3> kKnown = {"dangling", "label", "name"};

TEST(Filters, KnowTheirKeys) {
  EXPECT_EQ(Filters::read({"nmae=x"}, kKnown).error().message(),
            "invalid filter 'nmae' (did you mean \"name\"?)");
  EXPECT_EQ(
      Filters::read({"name"}, kKnown).error().message(),
      "invalid argument \"name\" for \"-f, --filter\" flag: invalid filter (must be name=value)");
  EXPECT_EQ(Filters::read({"dangling=perhaps"}, kKnown).value().flag("dangling").error().message(),
            "invalid filter 'dangling=perhaps': true or false is expected");
}

TEST(Filters, WantOneOfTheValuesAndAllOfTheLabels) {
  const Filters filters =
      Filters::read({"name=a", "name=b", "label=x", "label=y=1"}, kKnown).value();
  EXPECT_TRUE(filters.any("name", [](const std::string& name) { return name == "b"; }));
  EXPECT_FALSE(filters.any("name", [](const std::string& name) { return name == "c"; }));
  EXPECT_TRUE(filters.match_labels({{"x", "?"}, {"y", "1"}}));
  EXPECT_FALSE(filters.match_labels({{"x", "?"}, {"y", "2"}}));
}

TEST(SettingsCorpora, EnvironmentIsDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/env.json");
  for (const json& row : corpora::cases("docker-cli/env.json")) {
    const Result<std::string> entry = read_env(row["input"].get<std::string>(), host_of(row));
    const bool ok =
        row.contains("expected_error")
            ? !entry && entry.error().message() == row["expected_error"].get<std::string>()
            : entry && *entry == row["expected"].get<std::string>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

std::string bytes_of_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

Result<std::vector<std::string>> merged(const json& row) {
  const HostEnv host = host_of(row);
  std::vector<std::string> files;
  if (row.contains("files")) files = row["files"].get<std::vector<std::string>>();
  if (row.contains("files_hex"))
    for (const auto& hex : row["files_hex"])
      files.push_back(bytes_of_hex(hex.get<std::string>()));
  std::vector<std::string> out;
  for (const std::string& text : files) {
    SUIT_LET(const std::vector<std::string> lines, read_env_lines("file", text, host));
    out.insert(out.end(), lines.begin(), lines.end());
  }
  for (const auto& flag : row["flags"]) {
    SUIT_LET(std::string entry, read_env(flag.get<std::string>(), host));
    out.push_back(std::move(entry));
  }
  return out;
}

TEST(SettingsCorpora, EnvFilesAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/env-file-merge.json");
  for (const json& row : corpora::cases("docker-cli/env-file-merge.json")) {
    if (row.contains("missing_file")) {
      const auto missing = read_environment({row["missing_file"].get<std::string>()}, {});
      EXPECT_EQ(missing.error().code(), ENOENT);
      tally.count(!missing);
      continue;
    }
    const Result<std::vector<std::string>> env = merged(row);
    const bool ok =
        row.contains("expected")
            ? env && *env == row["expected"].get<std::vector<std::string>>()
            : !env && env.error().message().find(
                          row["expected_error_contains"].get<std::string>()) != std::string::npos;
    EXPECT_TRUE(ok) << row.dump() << (env ? "" : env.error().message());
    tally.count(ok);
  }
}

TEST(SettingsCorpora, LabelsAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/label.json");
  for (const json& row : corpora::cases("docker-cli/label.json")) {
    const auto input = row["input"].get<std::string>();
    const auto labels = read_labels({input});
    bool ok = false;
    if (row.contains("expected_error")) {
      ok = !labels && labels.error().message() == row["expected_error"].get<std::string>();
    } else if (labels && labels->size() == 1) {
      const auto& [key, value] = *labels->begin();
      ok = input == (input.find('=') == std::string::npos ? key : key + "=" + value);
    }
    EXPECT_TRUE(ok) << row.dump() << (labels ? "" : labels.error().message());
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::cli
