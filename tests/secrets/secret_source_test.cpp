#include "secrets/secret_source.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "../support/corpora.h"

namespace suit::secrets {
namespace {

using nlohmann::json;

// Runs in a directory of its own, where the tables' relative files lie.
class SecretSourceTest : public ::testing::Test {
 protected:
  SecretSourceTest() : before_(std::filesystem::current_path()) {
    std::string pattern = ::testing::TempDir() + "suit-secrets-XXXXXX";
    std::filesystem::current_path(::mkdtemp(pattern.data()));
    directory_ = pattern;
  }
  ~SecretSourceTest() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(directory_);
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }

 private:
  std::filesystem::path before_;
  std::string directory_;
};

Environment only(const std::string& name, const std::string& value) {
  return
      [=](const std::string& asked) { return asked == name ? std::optional(value) : std::nullopt; };
}

TEST_F(SecretSourceTest, ParsesAsBuildKitDoes) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("secrets/secret-flag.json");
  for (const char* file : {"f.txt", "f", "a", "my,file"})
    write(file, "x");
  for (const json& row : corpora::cases("secrets/secret-flag.json")) {
    auto source = parse_secret_source(row["flag"].get<std::string>(), only("TOK", "value"));
    bool ok = false;
    if (row.contains("error")) {
      ok = !source && source.error().message().find(row["error"].get<std::string>()) == 0;
    } else if (source && source->id == row["id"]) {
      ok = row.contains("env")
               ? source->kind == SecretSource::Kind::Environment && source->place == row["env"]
               : source->kind == SecretSource::Kind::File && source->place == row["file"];
    }
    EXPECT_TRUE(ok) << row.dump() << "\n" << (source ? "accepted" : source.error().message());
    tally.count(ok);
  }
}

TEST_F(SecretSourceTest, ReadsFilesAndVariables) {
  write("f", std::string("a\0b\n", 4));
  auto from_file = read_secret({"x", SecretSource::Kind::File, "f"}, process_environment);
  ASSERT_TRUE(from_file);
  EXPECT_EQ(from_file->reveal(), std::string_view("a\0b\n", 4));
  auto from_variable = read_secret({"x", SecretSource::Kind::Environment, "V"}, only("V", "value"));
  ASSERT_TRUE(from_variable);
  EXPECT_EQ(from_variable->reveal(), "value");
  auto gone = read_secret({"x", SecretSource::Kind::Environment, "W"}, only("V", "value"));
  EXPECT_EQ(gone.error().code(), ENOENT);
}

TEST_F(SecretSourceTest, BoundsTheSize) {
  for (auto [size, fits] :
       {std::pair{0UL, true}, {kMaxSecretBytes, true}, {kMaxSecretBytes + 1, false}}) {
    write("f", std::string(size, 'x'));
    auto secret = read_secret({"big", SecretSource::Kind::File, "f"}, process_environment);
    EXPECT_EQ(secret.has_value(), fits) << size;
    EXPECT_EQ(secret ? secret->size() : size, size);
    const std::string message = secret ? "\"big\"" : secret.error().message();
    EXPECT_NE(message.find("\"big\""), std::string::npos) << message;
  }
}

TEST_F(SecretSourceTest, SuggestsTheKey) {
  auto source = parse_secret_source("id=a,scr=f", process_environment);
  EXPECT_NE(source.error().message().find("did you mean \"src\""), std::string::npos)
      << source.error().message();
}

}  // namespace
}  // namespace suit::secrets
