#include "build/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace suit::build {
namespace {

using testing::HasSubstr;

class BuildContext : public testing::Test {
 protected:
  void SetUp() override { dir_.emplace(os::TempDir::create("/tmp", "suit-context-").value()); }
  void file(const std::string& path, std::string_view text) {
    const std::string full = dir_->path() + "/" + path;
    ASSERT_TRUE(os::make_dirs(full.substr(0, full.rfind('/'))));
    ASSERT_TRUE(os::replace_file(full, text));
  }
  Context open(const std::string& dockerfile = {}) {
    return Context::open(dir_->path(), dockerfile.empty() ? "" : dir_->path() + "/" + dockerfile)
        .value();
  }
  std::optional<os::TempDir> dir_;
};

TEST_F(BuildContext, IgnoreFileBesideTheDockerfileWins) {
  file(".dockerignore", "a\n");
  file("web.Dockerfile.dockerignore", "b\n");
  EXPECT_TRUE(open().ignore()->matches("a"));
  EXPECT_FALSE(open("web.Dockerfile").ignore()->matches("a"));
  EXPECT_TRUE(open("web.Dockerfile").ignore()->matches("b"));
  EXPECT_TRUE(open("other.Dockerfile").ignore()->matches("a"));
}

TEST_F(BuildContext, NoIgnoreFileIgnoresNothing) { EXPECT_EQ(open().ignore(), nullptr); }

TEST_F(BuildContext, MissingNamesTheLineThatHides) {
  file(".dockerignore", "# caches\n*.log\n!keep.log\n**/secret\n");
  file("app/secret", "x");
  EXPECT_EQ(open().explain_missing("app/secret"),
            "it is there, but line 4 of .dockerignore leaves it out: **/secret");
}

TEST_F(BuildContext, MissingNamesTheNearest) {
  file("apps/x.py", "x");
  EXPECT_EQ(open().explain_missing("app/x.py"), "did you mean \"apps/x.py\"?");
  EXPECT_THAT(open().explain_missing("something/else"),
              HasSubstr("paths are relative to the context"));
}

TEST_F(BuildContext, DirectoryThatIsNotThereIsAnError) {
  const Result<Context> context = Context::open(dir_->path() + "/nope", "");
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().message(), HasSubstr("open the build context"));
}

TEST_F(BuildContext, IllegalPatternNamesTheFile) {
  file(".dockerignore", "!\n");
  const Result<Context> context = Context::open(dir_->path(), "");
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().message(),
              HasSubstr(".dockerignore: illegal exclusion pattern: \"!\""));
}

}  // namespace
}  // namespace suit::build
