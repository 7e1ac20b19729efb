#include "cli/show.h"

#include "../support/corpora.h"
#include "cli/text.h"

namespace suit::cli {
namespace {

constexpr std::int64_t kNow = 1'704'164'645'000'000'000;  // 2024-01-02T03:04:05Z

TEST(Status, IsToldInDockersWords) {
  engine::State state;
  EXPECT_EQ(status_text(state, kNow), "Created");
  state.phase = engine::State::Phase::Running;
  state.started = "2024-01-02T03:01:05Z";
  EXPECT_EQ(status_text(state, kNow), "Up 3 minutes");
  state.phase = engine::State::Phase::Exited;
  state.finished = "2024-01-02T03:03:05Z";
  state.exit_code = 137;
  EXPECT_EQ(status_text(state, kNow), "Exited (137) About a minute ago");
}

TEST(ImageRow, HasDockersColumns) {
  store::Image image;
  image.id = digest::Digest::parse("sha256:" + std::string(64, 'a')).value();
  image.manifest_digest = image.id;
  image.config.created = "2024-01-02T03:01:05Z";
  image.size_bytes = 72'800'000;
  const oci::Json row = image_row(image, "docker.io/library/python:3.9", {true, kNow});
  EXPECT_EQ(row.string_or("Repository"), "python");
  EXPECT_EQ(row.string_or("Tag"), "3.9");
  EXPECT_EQ(row.string_or("ID"), "aaaaaaaaaaaa");
  EXPECT_EQ(row.string_or("CreatedSince"), "3 minutes ago");
  EXPECT_EQ(row.string_or("Size"), "72.8MB");
  EXPECT_EQ(image_row(image, "", {true, kNow}).string_or("Repository"), "<none>");
}

TEST(ContainerRow, QuotesAndCutsTheCommand) {
  engine::Status container;
  container.record.args = {"sh", "-c", "ls -la /a/very/long/path"};
  EXPECT_EQ(container_row(container, {true, kNow}).string_or("Command"),
            "\"sh -c 'ls -la /a/ve…\"");
  EXPECT_EQ(container_row(container, {false, kNow}).string_or("Command"),
            "\"sh -c 'ls -la /a/very/long/path'\"");
}

TEST(InspectImage, HasDockersMembers) {
  store::Image image;
  image.id = digest::Digest::parse("sha256:" + std::string(64, 'a')).value();
  image.manifest_digest = image.id;
  image.names = {"docker.io/library/python:3.9"};
  image.config.config.env = {"A=1"};
  const oci::Json document = inspect_image(image);
  EXPECT_EQ(document.find("RepoTags")->dump(), R"(["python:3.9"])");
  EXPECT_EQ(document.find("RepoDigests")->dump(), R"(["python@)" + image.id.text() + "\"]");
  EXPECT_EQ(document.find("Config")->find("Env")->dump(), R"(["A=1"])");
}

// Columns that we have; ports, sizes and named volumes come with the commands that make them.
TEST(ShowCorpora, PsColumnsAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/ps-columns.json");
  for (const auto& row : corpora::cases("docker-cli/ps-columns.json")) {
    const auto column = row["column"].get<std::string>();
    const auto& given = row["container"];
    const bool truncate = row["truncate"].get<bool>();
    const auto expected = row["expected"].get<std::string>();
    std::string ours;
    if (column == "Image") {
      const std::string id = given.value("ImageID", "");
      ours = shown_image(given.value("Image", ""), id.empty() ? "" : "sha256:" + id, truncate);
    } else if (column == "Labels") {
      engine::Status container;
      if (given.contains("Labels"))
        container.record.labels = given["Labels"].get<std::map<std::string, std::string>>();
      ours = container_row(container, {truncate, kNow}).string_or("Labels");
    } else if (column == "Names") {
      engine::Status container;
      container.record.name = given["Names"][0].get<std::string>().substr(1);
      ours = container_row(container, {truncate, kNow}).string_or("Names");
    } else {
      tally.deviate();
      continue;
    }
    EXPECT_EQ(ours, expected) << row.dump();
    tally.count(ours == expected);
  }
}

TEST(ShowCorpora, PsLooksLikeDockers) {
  SUIT_NEEDS_CORPORA();
  Table table({"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"});
  table.add(
      {"container_id", "busybox:latest", "\"top\"", "About a minute ago", "Up 1 minute", "", "c1"});
  table.add({"container_id", "busybox:latest", "\"top\"", "About a minute ago", "Up 1 minute", "",
             "c2,foo/bar"});
  std::ifstream in(std::string(SUIT_CORPORA) +
                   "/docker-cli/golden/container/container-list-without-format-no-trunc.golden");
  const std::string golden((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(table.text(), golden);
}

}  // namespace
}  // namespace suit::cli
