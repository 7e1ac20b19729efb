#include "naming/explain.h"

#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "naming/id.h"

namespace suit::naming {
namespace {

const std::string kHex(64, 'b');

TEST(Explain, SaysWhatWasAssumedAndWhy) {
  struct Row {
    std::string_view text;
    std::string_view parts;  // name=text, `?` behind what was assumed
    std::size_t warnings;
  };
  const Row rows[] = {
      {"python", "registry=docker.io? repository=library/python? tag=latest?", 1},
      {"python:3.12", "registry=docker.io? repository=library/python? tag=3.12", 0},
      {"python:latest", "registry=docker.io? repository=library/python? tag=latest", 1},
      {"user/app:1", "registry=docker.io? repository=user/app tag=1", 0},
      {"library/python:3", "registry=docker.io? repository=library/python tag=3", 0},
      {"docker.io/python:3", "registry=docker.io repository=library/python? tag=3", 0},
      {"index.docker.io/u/a:3", "registry=docker.io repository=u/a tag=3", 0},
      {"localhost/app:1", "registry=localhost repository=app tag=1", 0},
      {"localhost:5000", "registry=docker.io? repository=library/localhost? tag=5000", 1},
      {"localhost:5000/app:1", "registry=localhost:5000 repository=app tag=1", 0},
      {"Host/app:1", "registry=Host repository=app tag=1", 0},
      {"gcr.io/app:1", "registry=gcr.io repository=app tag=1", 1},
      {"beef", "registry=docker.io? repository=library/beef? tag=latest?", 2},
  };
  for (const Row& row : rows) {
    const Explanation name = explain(row.text).value();
    std::string parts;
    for (const ExplainedPart& part : name.parts) {
      parts += fmt::format("{}{}={}{}", parts.empty() ? "" : " ", part.name, part.text,
                           part.assumed ? "?" : "");
      EXPECT_FALSE(part.why.empty()) << row.text;
    }
    EXPECT_EQ(parts, row.parts);
    EXPECT_EQ(name.warnings.size(), row.warnings) << row.text;
  }
}

TEST(Explain, DrawsEachPartUnderItsPlace) {
  EXPECT_EQ(picture(explain("python:3.12@sha256:" + kHex).value()).find("└"),
            picture(explain("python").value()).find("└") + 71 + 1 + 4 - 6);
  EXPECT_EQ(picture(explain("u/a:1").value()),
            "docker.io/u/a:1\n"
            "└───┬───┘ └┬┘ │\n"
            "    │      │  └ tag\n"
            "    │      └ repository\n"
            "    └ registry (assumed)\n");
}

TEST(Explain, KnowsAnIdFromAName) {
  for (const std::string& text : {kHex, "sha256:" + kHex}) {
    const Explanation id = explain(text).value();
    EXPECT_EQ(id.full, "sha256:" + kHex);
    EXPECT_EQ(id.parts.at(1).text, kHex);
    EXPECT_EQ(id.parts.at(0).assumed, text == kHex);
    EXPECT_EQ(id.registry, nullptr);
  }
  EXPECT_EQ(explain("A//b").error().message(), parse_reference("A//b").error().message());
}

TEST(Registries, AreFoundByTheirHosts) {
  struct Row {
    std::string_view domain, title;
  };
  const Row rows[] = {
      {"docker.io", "Docker Hub"},
      {"ghcr.io", "GitHub Container Registry"},
      {"gcr.io", "Google Container Registry"},
      {"eu.gcr.io", "Google Container Registry"},
      {"europe-west4-docker.pkg.dev", "Google Artifact Registry"},
      {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "Amazon ECR"},
      {"company.azurecr.io", "Azure Container Registry"},
      {"quay.io", "Quay"},
      {"localhost:5000", "this machine"},
      {"127.0.0.1:5000", "this machine"},
      {"-docker.pkg.dev", ""},
      {"azurecr.io", ""},
      {"ghcr.io.example.com", ""},
      {"example.com", ""},
  };
  for (const Row& row : rows) {
    const Registry* found = find_registry(row.domain);
    EXPECT_EQ(found == nullptr ? "" : found->title, row.title) << row.domain;
  }
}

TEST(Registries, HaveExamplesOfTheirOwn) {
  for (const Registry& registry : registries()) {
    const Explanation name = explain(registry.example).value();
    ASSERT_NE(name.registry, nullptr) << registry.example;
    EXPECT_EQ(name.registry, &registry) << registry.example;
    EXPECT_TRUE(name.warnings.empty()) << registry.example << ": " << name.warnings[0].first;
  }
}

TEST(Registries, NameThePartsOfAPath) {
  const Registry& google = *find_registry("x-docker.pkg.dev");
  using Parts = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(name_parts(google, "p/r/i/j"),
            (Parts{{"PROJECT-ID", "p"}, {"REPOSITORY", "r"}, {"IMAGE", "i/j"}}));
  EXPECT_EQ(name_parts(google, "p"), (Parts{{"PROJECT-ID", "p"}}));
}

TEST(Id, IsFoundByItsFirstDigits) {
  const std::vector<digest::Digest> ids = {digest::Digest::sha256("aa1" + std::string(61, '0')),
                                           digest::Digest::sha256("aa2" + std::string(61, '0')),
                                           digest::Digest::sha256(kHex)};
  EXPECT_EQ(resolve_id("b", ids).value(), std::size_t{2});
  EXPECT_EQ(resolve_id("sha256:aa2", ids).value(), std::size_t{1});
  EXPECT_EQ(resolve_id("aa20", ids).value(), std::size_t{1});
  EXPECT_EQ(resolve_id(kHex, ids).value(), std::size_t{2});
  for (std::string_view none : {"c", "", "B", "bx", "sha256:", "sha512:b"})
    EXPECT_EQ(resolve_id(none, ids).value(), std::nullopt) << none;
  const Error error = resolve_id("aa", ids).error();
  EXPECT_EQ(error.message(), "\"aa\" is the start of 2 image ids: aa1000000000, aa2000000000");
  EXPECT_EQ(error.hint(), "give more digits, or a name");
}

}  // namespace
}  // namespace suit::naming
