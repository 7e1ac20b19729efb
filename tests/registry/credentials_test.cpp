#include "registry/credentials.h"

#include <sys/stat.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::registry {
namespace {

class Credentials : public testing::Test {
 protected:
  os::TempDir dir = os::TempDir::create("/tmp", "suit-credentials-test-").value();
  LoginFiles files{.docker = dir.path() + "/docker/config.json",
                   .podman = {dir.path() + "/auth.json"}};

  void write(const std::string& path, const std::string& text, mode_t mode = 0600) {
    ASSERT_TRUE(os::make_dirs(path.substr(0, path.rfind('/'))).has_value());
    ASSERT_TRUE(os::replace_file(path, text, mode).has_value());
  }
  void write_helper(const std::string& name, const std::string& script) {
    write(dir.path() + "/bin/docker-credential-" + name, "#!/bin/sh\n" + script, 0755);
    ::setenv("PATH", (dir.path() + "/bin:/usr/bin:/bin").c_str(), 1);
  }
  static Login user(const std::string& name, const std::string& password) {
    return {.username = name, .password = password, .identity_token = {}, .registry_token = {}};
  }
};

TEST_F(Credentials, ComeBackAsTheyWereStored) {
  ASSERT_TRUE(store_login(files, "reg.lan:5000", user("me", "p:w")).has_value());
  auto login = find_login(files, "reg.lan:5000");
  ASSERT_TRUE(login.has_value());
  EXPECT_EQ(login->username, "me");
  EXPECT_EQ(login->password, "p:w");
  EXPECT_TRUE(find_login(files, "other.lan")->is_anonymous());
  struct stat info{};
  ASSERT_EQ(::stat(files.docker.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(Credentials, KeepWhatElseIsInTheFile) {
  write(files.docker, R"({"psFormat": "x", "auths": {"a.lan": {"auth": "YTpi"}}})");
  ASSERT_TRUE(store_login(files, "b.lan", user("me", "pw")).has_value());
  ASSERT_TRUE(erase_login(files, "b.lan").value());
  EXPECT_FALSE(erase_login(files, "b.lan").value());
  std::string text = os::read_file(files.docker).value();
  EXPECT_NE(text.find("psFormat"), std::string::npos);
  EXPECT_EQ(find_login(files, "a.lan")->username, "a");
}

TEST_F(Credentials, KnowHubUnderItsOldName) {
  write(files.docker, R"({"auths": {"https://index.docker.io/v1/": {"auth": "YTpi"}}})");
  EXPECT_EQ(find_login(files, "docker.io")->password, "b");
}

TEST_F(Credentials, ReadKeysWithASchemeAndTokens) {
  write(
      files.docker,
      R"({"auths": {"https://a.lan/v1/": {"identitytoken": "t", "auth": "YTo="}, "b.lan": {"registrytoken": "r"}}})");
  EXPECT_EQ(find_login(files, "a.lan")->identity_token, "t");
  EXPECT_EQ(find_login(files, "b.lan")->registry_token, "r");
}

TEST_F(Credentials, OfPodmanMayBeForAPartOfARegistry) {
  write(
      files.podman[0],
      R"({"auths": {"a.lan": {"auth": "YTpi"}, "a.lan/team": {"auth": "Yzpk"}, "a.lan/te": {"auth": "ZTpm"}}})");
  EXPECT_EQ(find_login(files, "a.lan", "team/app")->username, "c");
  EXPECT_EQ(find_login(files, "a.lan", "other")->username, "a");
}

TEST_F(Credentials, AreAskedOfAHelper) {
  write_helper("fake",
               "read server; echo "
               "\"{\\\"ServerURL\\\":\\\"$server\\\",\\\"Username\\\":\\\"u-$server\\\","
               "\\\"Secret\\\":\\\"s\\\"}\"\n");
  write(files.docker,
        R"({"credHelpers": {"a.lan": "fake"}, "auths": {"a.lan": {"auth": "YTpi"}}})");
  auto login = find_login(files, "a.lan");
  ASSERT_TRUE(login.has_value()) << login.error().message();
  EXPECT_EQ(login->username, "u-a.lan");
}

TEST_F(Credentials, OfAHelperMayBeATokenOrUnknown) {
  write_helper("token", "echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'\n");
  write(files.docker, R"({"credsStore": "token"})");
  EXPECT_EQ(find_login(files, "a.lan")->identity_token, "t");
  write_helper("token", "echo 'credentials not found in native keychain'; exit 1\n");
  EXPECT_TRUE(find_login(files, "a.lan")->is_anonymous());
  write_helper("token", "echo hunter2; exit 3\n");
  auto failed = find_login(files, "a.lan");
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().message().find("exit code 3"), std::string::npos);
  EXPECT_EQ(failed.error().message().find("hunter2"), std::string::npos);
}

TEST_F(Credentials, AreStoredWithTheHelperAndNotInTheFile) {
  write_helper("keep", "cat >" + dir.path() + "/kept\n");
  write(files.docker, R"({"credsStore": "keep"})");
  auto stored = store_login(files, "a.lan", user("me", "hunter2"));
  ASSERT_TRUE(stored.has_value()) << stored.error().message();
  EXPECT_FALSE(stored->is_readable);
  EXPECT_NE(os::read_file(dir.path() + "/kept").value().find("hunter2"), std::string::npos);
  EXPECT_EQ(os::read_file(files.docker).value().find("hunter2"), std::string::npos);
}

TEST_F(Credentials, AHelpersNameIsNoPath) {
  write(files.docker, R"({"credsStore": "../../evil"})");
  EXPECT_FALSE(find_login(files, "a.lan").has_value());
}

TEST_F(Credentials, AFileThatCannotBeReadIsNotQuoted) {
  write(files.docker, R"({"auths": {"a.lan": {"auth": "hunter2)");
  auto login = find_login(files, "a.lan");
  ASSERT_FALSE(login.has_value());
  EXPECT_EQ(login.error().message().find("hunter2"), std::string::npos);
  write(files.docker, R"({"auths": {"a.lan": {"auth": "aHVudGVyMg=="}}})");
  EXPECT_FALSE(find_login(files, "a.lan").has_value());
}

TEST(Base64, ReadsWhatItWrites) {
  std::string text;
  for (int i = 0; i < 260; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(text)).value(), text);
    text += static_cast<char>(i);
  }
  EXPECT_EQ(base64_encode("user:pass"), "dXNlcjpwYXNz");
  EXPECT_FALSE(base64_decode("a*b").has_value());
}

}  // namespace
}  // namespace suit::registry
