#include "oci/image.h"

#include <gtest/gtest.h>

#include "../support/corpora.h"

namespace suit::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');
const std::string kDescriptor =
    R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" + kDigest +
    R"(","size":2})";

template <typename T>
std::string message(const Result<T>& result) {
  return result ? "accepted" : result.error().message();
}

TEST(Manifest, IsWrittenAsDockerWritesIt) {
  Manifest manifest;
  manifest.config = {std::string(kMediaConfig), digest::Digest::parse(kDigest).value(), 2, {}, {}};
  EXPECT_EQ(
      to_json(manifest),
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
          kDescriptor + R"(,"layers":[]})");
  EXPECT_EQ(to_json(parse_manifest(to_json(manifest)).value()), to_json(manifest));
}

TEST(Manifest, NamesTheMemberAtFault) {
  const std::string head = R"({"schemaVersion":2,"config":)" + kDescriptor;
  EXPECT_EQ(message(parse_manifest(head + "}")), "layers: is required");
  EXPECT_EQ(message(parse_manifest(head + R"(,"layers":[)" + kDescriptor + R"(,{"size":1}]})")),
            "layers[1].mediaType: is required");
  EXPECT_EQ(
      message(parse_manifest(head +
                             R"(,"layers":[{"mediaType":"a/b","digest":"sha256:1","size":1}]})")),
      "layers[0].digest: invalid checksum digest length: \"sha256:1\" has 1 hex digits, sha256 "
      "has 64");
  EXPECT_EQ(message(parse_manifest(head + R"(,"layers":[{"mediaType":"a/b","digest":")" + kDigest +
                                   R"(","size":-1}]})")),
            "layers[0].size: must not be negative");
  EXPECT_EQ(message(parse_manifest("[]")), "document: must be an object");
}

TEST(Manifest, MayNotBeAnIndexToo) {
  EXPECT_EQ(message(parse_manifest(R"({"schemaVersion":2,"config":)" + kDescriptor +
                                   R"(,"layers":[],"manifests":[]})")),
            "manifests: belongs to another kind of document (CVE-2021-41190)");
  EXPECT_EQ(message(parse_index(R"({"schemaVersion":2,"manifests":[],"layers":[]})")),
            "layers: belongs to another kind of document (CVE-2021-41190)");
  EXPECT_EQ(
      message(parse_manifest(
          R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":)" +
          kDescriptor + R"(,"layers":[]})")),
      "mediaType: \"application/vnd.oci.image.index.v1+json\" is not "
      "application/vnd.oci.image.manifest.v1+json");
}

TEST(ImageConfig, HasDockersMembersInDockersOrder) {
  ImageConfig config;
  config.created = "2024-01-02T03:04:05Z";
  config.author = "me";
  config.config.user = "1000";
  config.config.exposed_ports = {"80/tcp"};
  config.config.env = {"PATH=/bin"};
  config.config.entrypoint = {{"/init"}};
  config.config.cmd = {{"a", "b"}};
  config.config.volumes = {"/data"};
  config.config.working_dir = "/w";
  config.config.labels = {{"k", "v"}};
  config.config.stop_signal = "SIGINT";
  config.config.healthcheck = parse_json(R"({"Test":["NONE"]})").value();
  config.config.on_build = {"RUN x"};
  config.config.shell = {{"/bin/bash", "-c"}};
  config.diff_ids = {digest::Digest::parse(kDigest).value()};
  config.history = {{"2024-01-02T03:04:05Z", "RUN x", "", "buildkit", true}};
  config.platform = {"linux", "arm64", "v8", ""};
  const std::string text = to_json(config);
  EXPECT_EQ(
      text,
      R"({"architecture":"arm64","author":"me","config":{"User":"1000","ExposedPorts":{"80/tcp":{}},)"
      R"("Env":["PATH=/bin"],"Entrypoint":["/init"],"Cmd":["a","b"],"Volumes":{"/data":{}},)"
      R"("WorkingDir":"/w","Labels":{"k":"v"},"StopSignal":"SIGINT","Healthcheck":{"Test":["NONE"]},)"
      R"("OnBuild":["RUN x"],"Shell":["/bin/bash","-c"]},"created":"2024-01-02T03:04:05Z",)"
      R"("history":[{"created":"2024-01-02T03:04:05Z","created_by":"RUN x","comment":"buildkit",)"
      R"("empty_layer":true}],"os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
          kDigest + R"("]},"variant":"v8"})");
  EXPECT_EQ(to_json(parse_image_config(text).value()), text);
}

TEST(ImageConfig, TellsAnEmptyCommandFromNone) {
  auto config_with = [](const std::string& cmd) {
    return parse_image_config(R"({"architecture":"amd64","os":"linux","config":{"Cmd":)" + cmd +
                              R"(},"rootfs":{"type":"layers","diff_ids":[]}})")
        .value();
  };
  EXPECT_EQ(config_with("null").config.cmd, std::nullopt);
  EXPECT_EQ(config_with("[]").config.cmd, std::vector<std::string>());
}

TEST(ImageConfig, RefusesStringsThatCWouldCut) {
  EXPECT_EQ(message(parse_image_config(
                R"({"architecture":"amd64","os":"linux","config":{"User":"root\u0000x"},)"
                R"("rootfs":{"type":"layers","diff_ids":[]}})")),
            "config.User: must not contain a NUL character");
}

TEST(Env, IsReadAndSetByName) {
  std::vector<std::string> env = {"A=1", "AB=2"};
  EXPECT_EQ(env_value(env, "A"), "1");
  EXPECT_EQ(env_value(env, "B"), std::nullopt);
  set_env(env, "A", "x=y");
  set_env(env, "C", "");
  EXPECT_EQ(env, (std::vector<std::string>{"A=x=y", "AB=2", "C="}));
  EXPECT_EQ(env_value(env, "A"), "x=y");
}

// A lone descriptor has no reader of its own: it stands in an index here.
bool accepts(const std::string& media_type, const std::string& document, std::string& why) {
  auto say = [&](const auto& result) {
    why = message(result);
    return result.has_value();
  };
  if (media_type == kMediaManifest) return say(parse_manifest(document));
  if (media_type == kMediaIndex) return say(parse_index(document));
  if (media_type == kMediaConfig) return say(parse_image_config(document));
  return say(parse_index(R"({"schemaVersion":2,"manifests":[)" + document + "]}"));
}

void judge(const std::string& table, const corpora::Deviations& deviations) {
  corpora::Tally tally(table);
  for (const auto& row : corpora::cases(table)) {
    const auto name = row["name"].get<std::string>();
    const auto type = row["mediaType"].get<std::string>();
    if (type == "application/vnd.oci.layout.header.v1+json") continue;  // the store's own file
    if (deviations.contains(name)) {
      tally.deviate();
      continue;
    }
    if (!row.contains("document")) continue;  // given by digest only: the text is not in the table
    std::string why;
    const bool ok =
        accepts(type, row["document"].get<std::string>(), why) == row["valid"].get<bool>();
    EXPECT_TRUE(ok) << name << ": " << row.value("title", "") << "\n" << why;
    tally.count(ok);
  }
}

TEST(ImageSpecCorpora, DocumentsAreAcceptedAndRefusedAsUpstream) {
  SUIT_NEEDS_CORPORA();
  const std::string unknown = "content under an algorithm that we do not have cannot be verified";
  judge("oci-image-spec/schema-cases.json",
        {{"TestDescriptor-21", unknown},
         {"TestDescriptor-22", unknown},
         {"TestDescriptor-23", unknown},
         {"TestDescriptor-24", unknown},
         {"TestDescriptor-25", unknown},
         {"TestDescriptor-27", unknown},
         {"TestDescriptor-28", unknown},
         {"TestManifest-06", unknown},
         {"TestManifest-05", "FROM scratch with no file has no layer; the text only says SHOULD"}});
}

TEST(ImageSpecCorpora, ExamplesOfTheSpecificationAreAccepted) {
  SUIT_NEEDS_CORPORA();
  judge("oci-image-spec/spec-examples.json", {});
}

}  // namespace
}  // namespace suit::oci
