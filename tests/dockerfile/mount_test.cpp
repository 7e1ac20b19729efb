#include "dockerfile/mount.h"

#include <gtest/gtest.h>

namespace suit::dockerfile {
namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name == "DIR") return "/data";
  return std::nullopt;
}

Result<Mount> read(std::string_view options) { return parse_mount(options, '\\', lookup); }

std::string message(std::string_view options) {
  auto mount = read(options);
  return mount ? "accepted" : mount.error().message();
}

TEST(Mount, IsABindMountByDefault) {
  auto mount = read("source=src,target=$DIR/x,from=base");
  ASSERT_TRUE(mount);
  const auto& bind = std::get<BindMount>(*mount);
  EXPECT_EQ(bind.source, "src");
  EXPECT_EQ(bind.target, "/data/x");
  EXPECT_EQ(bind.from, "base");
  EXPECT_TRUE(bind.read_only);
  EXPECT_FALSE(std::get<BindMount>(read("target=/x,rw").value()).read_only);
}

TEST(Mount, ReadsACache) {
  auto mount = read("type=cache,target=/c,id=apt,sharing=locked,mode=0700,uid=1000,gid=50");
  ASSERT_TRUE(mount);
  const auto& cache = std::get<CacheMount>(*mount);
  EXPECT_EQ(cache.id, "apt");
  EXPECT_EQ(cache.sharing, CacheSharing::Locked);
  EXPECT_EQ(cache.owner.mode, 0700U);
  EXPECT_EQ(cache.owner.uid, 1000U);
  EXPECT_EQ(cache.owner.gid, 50U);
  EXPECT_FALSE(cache.read_only);
}

TEST(Mount, ReadsTmpfsSizes) {
  EXPECT_EQ(std::get<TmpfsMount>(read("type=tmpfs,target=/t,size=512m").value()).size_bytes,
            std::uint64_t{512} << 20);
}

TEST(Mount, NamesASecretAfterItsTarget) {
  EXPECT_EQ(std::get<SecretMount>(read("type=secret,target=/run/secrets/key").value()).id, "key");
  auto secret = std::get<SecretMount>(read("type=secret,id=a,env=TOKEN,required").value());
  EXPECT_EQ(secret.env, "TOKEN");
  EXPECT_TRUE(secret.required);
}

TEST(Mount, TakesQuotedFields) {
  EXPECT_EQ(std::get<BindMount>(read("\"source=a,b\",target=/x").value()).source, "a,b");
}

TEST(Mount, SaysWhatIsWrong) {
  EXPECT_EQ(message("typ=cache"), "unexpected key 'typ' in 'typ=cache' (did you mean type?)");
  EXPECT_EQ(message("type=tmp"), "unsupported mount type \"tmp\" (did you mean tmpfs?)");
  EXPECT_EQ(message("x,target=/a"), "invalid field 'x' must be a key=value pair");
  EXPECT_EQ(message("target=//"), "invalid mount target \"//\"");
  EXPECT_EQ(message("target=/a,uid=1"), "uid not allowed for \"bind\" type mounts");
  EXPECT_EQ(message("target=/a,size=1m"), "unexpected key 'size' for mount type 'bind'");
  EXPECT_EQ(message("target=/a,sharing=locked"), "invalid cache sharing set for bind mount");
  EXPECT_EQ(message("type=cache,target=/a,sharing=lockd"),
            "unsupported sharing value \"lockd\" (did you mean locked?)");
  EXPECT_EQ(message("type=secret"), "invalid secret mount. one of source, target required");
  EXPECT_EQ(message("type=secret,id=a,source=b"), "both source and id can't be set");
  EXPECT_EQ(message("type=secret,id=a,from=b"), "secret mount should not have a from");
  EXPECT_EQ(message("type=ssh,source=b"), "ssh does not support source");
  EXPECT_EQ(message("target=/a,ro=maybe"), "invalid value for ro: maybe");
}

TEST(Mount, ChecksWhatNeedsNoVariables) {
  EXPECT_EQ(check_mount("target=$DIR,from=base", '\\').value(), "base");
  EXPECT_EQ(check_mount("type=$T,target=/x,from=base", '\\').value(), "base");
  auto variable = check_mount("target=/x,from=$BASE", '\\');
  ASSERT_FALSE(variable);
  EXPECT_EQ(variable.error().message(),
            "'from' doesn't support variable expansion, define alias stage instead");
}

}  // namespace
}  // namespace suit::dockerfile
