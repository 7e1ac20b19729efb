#include "dockerfile/mount.h"

#include <gtest/gtest.h>

#include "../support/corpora.h"

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

// What the table says of one mount, in our types; "" when it is so.
std::string difference(const nlohmann::json& row, const Mount& mount) {
  const SecretMount* secret = std::get_if<SecretMount>(&mount);
  const SshMount* ssh = std::get_if<SshMount>(&mount);
  if (secret == nullptr && ssh == nullptr) return "neither secret nor ssh";
  const std::string& id = secret != nullptr ? secret->id : ssh->id;
  const MountOwner& owner = secret != nullptr ? secret->owner : ssh->owner;
  const bool required = secret != nullptr ? secret->required : ssh->required;
  if (row.value("id", id) != id) return "id " + id;
  if (row.value("required", required) != required) return "required";
  if (row.value("uid", 0U) != owner.uid.value_or(0)) return "uid";
  if (row.value("gid", 0U) != owner.gid.value_or(0)) return "gid";
  const std::uint32_t mode = owner.mode.value_or(secret != nullptr ? 0400 : 0600);
  if (row.contains("mode") && std::stoul(row["mode"].get<std::string>(), nullptr, 8) != mode)
    return "mode";
  if (secret == nullptr) return "";
  if (row.value("env", "") != secret->env) return "env " + secret->env;
  if (!row.contains("target")) return "";
  const std::size_t slash = id.rfind('/');
  std::string target = secret->target;
  if (target.empty() && secret->env.empty())
    target = "/run/secrets/" + id.substr(slash == std::string::npos ? 0 : slash + 1);
  return target == (row["target"].is_null() ? "" : row["target"].get<std::string>())
             ? ""
             : "target " + target;
}

TEST(MountCorpora, ReadsSecretsAsTheReferenceDoes) {
  SUIT_NEEDS_CORPORA();
  Lookup none = [](std::string_view) { return std::optional<std::string>(); };
  const corpora::Deviations deviations = {
      {"type=secret,id=a,sharing=locked",
       "the parser refuses it before the planner can: invalid cache sharing set for secret mount"}};
  corpora::Tally tally("secrets/mount-options.json");
  for (const nlohmann::json& row : corpora::cases("secrets/mount-options.json")) {
    if (deviations.contains(row["mount"].get<std::string>())) {
      tally.deviate();
      continue;
    }
    auto mount = parse_mount(row["mount"].get<std::string>(), '\\', none);
    std::string why = mount ? difference(row, *mount) : mount.error().message();
    bool ok = row["ok"].get<bool>() ? why.empty()
                                    : !mount && why.starts_with(row["error"].get<std::string>());
    EXPECT_TRUE(ok) << row.dump() << "\n" << why;
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::dockerfile
