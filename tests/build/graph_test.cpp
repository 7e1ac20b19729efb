// Golden graphs: golden/<name>/Dockerfile, options beside it (one a line: `target x`, `arg A=b`,
// `label a=b`), and the graph as `explain` prints it in graph.txt, or the error in error.txt.
// SUIT_UPDATE_GOLDEN=1 in the environment writes what is printed; read the difference before
// keeping it.

#include "build/graph.h"

#include <cstdlib>
#include <sstream>

#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::build {
namespace {

BaseImage image(const std::string& name) {
  BaseImage image;
  image.name = "docker.io/library/" + name + ":latest";
  image.id = digest::Digest::sha256(std::string(64, name.front() <= 'f' ? name.front() : 'e'));
  image.config.config.env = {"PATH=/bin"};
  image.config.config.cmd = std::vector<std::string>{"sh"};
  if (name == "entry") {
    image.config.config.entrypoint = std::vector<std::string>{"/entry"};
    image.config.config.user = "app";
    image.config.config.working_dir = "/srv";
    image.config.config.env.emplace_back("MODE=base");
  }
  if (name == "onbuild") image.config.config.on_build = {"COPY . /src", "RUN make -C /src"};
  return image;
}

Result<BaseImage> find(const std::string& name) {
  if (name == "busybox" || name == "alpine" || name == "entry" || name == "onbuild")
    return image(name);
  return suit::fail(ENOENT, "no image named \"" + name + "\"",
                    "build it, or load an archive that holds it");
}

PlanOptions read_options(const std::string& directory) {
  PlanOptions options;
  std::istringstream lines(os::read_file(directory + "/options").value_or(""));
  for (std::string word, value; lines >> word >> std::ws && std::getline(lines, value);) {
    const std::size_t equals = value.find('=');
    if (word == "target") options.resolve.target = value;
    if (word == "arg")
      options.resolve.build_args[value.substr(0, equals)] = value.substr(equals + 1);
    if (word == "label") options.labels[value.substr(0, equals)] = value.substr(equals + 1);
    if (word == "network") options.network = value;
  }
  return options;
}

std::string warnings(const Graph& graph) {
  std::string text;
  for (const dockerfile::Diagnostic& warning : graph.warnings) {
    if (warning.span.line == 0) text += "warning: " + warning.message + "\n";
  }
  return text;
}

const std::string kGolden = std::string(SUIT_SOURCE_DIR) + "/tests/build/golden";

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, IsAsWritten) {
  const std::string directory = kGolden + "/" + GetParam();
  const Source source{.name = "Dockerfile",
                      .text = os::read_file(directory + "/Dockerfile").value()};
  const Result<Graph> graph = plan(source, read_options(directory), find);
  const std::string path = directory + (graph ? "/graph.txt" : "/error.txt");
  const std::string got = graph ? explain(*graph) + warnings(*graph)
                                : graph.error().message() + "\n" + graph.error().excerpt() +
                                      graph.error().hint() + "\n";
  if (std::getenv("SUIT_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(os::replace_file(path, got, 0644));
  }
  EXPECT_EQ(got, os::read_file(path).value_or("(no " + path + ")"));
}

INSTANTIATE_TEST_SUITE_P(Graphs, Golden, testing::ValuesIn(os::list_dir(kGolden).value()),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Graph, IsTheSameAsJson) {
  const Graph graph = plan({.name = "Dockerfile",
                            .text = "FROM busybox AS a\nRUN x\nFROM scratch\nCOPY --from=a /x /\n"},
                           {}, find)
                          .value();
  const oci::Json json = explain_json(graph);
  ASSERT_NE(json.find("steps"), nullptr);
  EXPECT_EQ(json.find("steps")->as_array()->size(), 3U);
  EXPECT_EQ(json.find("steps")->as_array()->at(2).find("inputs")->as_array()->at(0).as_int(), 1);
  EXPECT_EQ(json.find("result")->as_int(), 2);
}

TEST(Graph, NeverAsksForImagesOfStagesThatAreNotNeeded) {
  std::vector<std::string> asked;
  const FindImage record = [&](const std::string& name) {
    asked.push_back(name);
    return find(name);
  };
  PlanOptions options;
  options.resolve.target = "b";
  ASSERT_TRUE(
      plan({.name = "Dockerfile", .text = "FROM nowhere AS a\nRUN x\nFROM busybox AS b\nFROM a\n"},
           options, record));
  EXPECT_EQ(asked, std::vector<std::string>{"busybox"});
}

}  // namespace
}  // namespace suit::build
