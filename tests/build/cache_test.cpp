#include "build/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "build/graph.h"
#include "os/file.h"

namespace suit::build {
namespace {

oci::Json ingredients(const std::string& dockerfile, std::size_t step, PlanOptions options = {}) {
  const FindImage find = [](const std::string& name) -> Result<BaseImage> {
    BaseImage image;
    image.name = name;
    image.id = digest::Digest::sha256(std::string(64, 'a'));
    return image;
  };
  Result<Graph> graph = plan({.name = "Dockerfile", .text = dockerfile}, options, find);
  EXPECT_TRUE(graph) << graph.error().message();
  return graph->steps.at(step).ingredients;
}

TEST(CacheKey, RunSeesCommandEnvironmentDirectoryAndUser) {
  const std::string base = "FROM b\nRUN make\n";
  const oci::Json key = ingredients(base, 1);
  EXPECT_EQ(key, ingredients("FROM b\nRUN make\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nRUN make all\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nENV A=1\nRUN make\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nARG A=1\nRUN make\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nUSER 7\nRUN make\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nSHELL [\"/bin/bash\", \"-c\"]\nRUN make\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nRUN --network=none make\n", 1));
}

TEST(CacheKey, RunDoesNotSeeWhatTheProcessDoesNotSee) {
  const oci::Json key = ingredients("FROM b\nRUN make\n", 1);
  EXPECT_EQ(key, ingredients("FROM b\nLABEL a=b\nRUN make\n", 1));
  EXPECT_EQ(key, ingredients("FROM b\nCMD x\nEXPOSE 80\nRUN make\n", 1));
  EXPECT_EQ(key, ingredients("# comment\nFROM b AS stage\nRUN make\n", 1));
  PlanOptions proxy;
  proxy.resolve.build_args["HTTP_PROXY"] = "http://proxy";
  EXPECT_EQ(key, ingredients("FROM b\nRUN make\n", 1, proxy));
  EXPECT_NE(key, ingredients("FROM b\nARG HTTP_PROXY\nRUN make\n", 1, proxy));
}

TEST(CacheKey, RunSeesWhatItsMountsAllow) {
  const auto with = [](const std::string& mount) {
    return ingredients("FROM b\nRUN --mount=" + mount + " make\n", 1);
  };
  EXPECT_EQ(with("type=bind,target=/m"), with("type=bind,target=/m,ro"));
  EXPECT_NE(with("type=bind,target=/m"), with("type=bind,target=/m,rw"));
  EXPECT_NE(with("type=tmpfs,target=/m"), with("type=tmpfs,target=/m,size=1m"));
  const oci::Json cache = with("type=cache,target=/m");
  EXPECT_NE(cache, with("type=cache,target=/m,ro"));
  EXPECT_NE(cache, with("type=cache,target=/m,mode=0700"));
  EXPECT_NE(cache, with("type=cache,target=/m,uid=7"));
  EXPECT_NE(cache, with("type=cache,target=/m,gid=7"));
  EXPECT_EQ(cache, with("type=cache,target=/m,id=other"));
  EXPECT_EQ(cache, with("type=cache,target=/m,sharing=locked"));
}

TEST(CacheKey, CopySeesDestinationAndOwnerButNotTheSourcesDirectory) {
  const oci::Json key = ingredients("FROM b\nCOPY src/a /x/\n", 1);
  EXPECT_EQ(key, ingredients("FROM b\nCOPY other/a /x/\n", 1));
  EXPECT_EQ(key, ingredients("FROM b\nENV A=1\nCOPY src/a /x/\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nCOPY src/a /x\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nCOPY --chown=1 src/a /x/\n", 1));
  EXPECT_NE(key, ingredients("FROM b\nCOPY --chmod=600 src/a /x/\n", 1));
}

TEST(Comparison, NamesChangedFiles) {
  oci::Json before = oci::Json::object();
  before.set("tree", "sha256:1");
  oci::Json after = oci::Json::object();
  after.set("tree", "sha256:2");
  EXPECT_EQ(
      compare_ingredients(before, after, "f 644 0 0 11 src/main.py\nf 644 0 0 22 x\n",
                          "f 644 0 0 12 src/main.py\nf 644 0 0 22 x\nf 644 0 0 33 src/util.py\n"),
      "2 of 3 files changed: M src/main.py, A src/util.py");
}

TEST(Comparison, NamesChangedVariables) {
  const oci::Json before = ingredients("FROM b\nENV A=1 B=2\nRUN x\n", 1);
  const oci::Json after = ingredients("FROM b\nENV A=2 C=3\nRUN x\n", 1);
  EXPECT_EQ(compare_ingredients(before, after, "", ""),
            "env A: \"1\" -> \"2\", C is new, B is gone");
}

TEST(Comparison, SaysThatWhatIsBelowChanged) {
  oci::Json before = oci::Json::object();
  before.set("args", oci::Json(std::vector<std::string>{"a"}));
  before.set("parent", "sha256:1");
  oci::Json after = before;
  after.set("parent", "sha256:2");
  EXPECT_EQ(compare_ingredients(before, after, "", ""), "what it builds on changed");
  after.set("args", oci::Json(std::vector<std::string>{"b"}));
  EXPECT_EQ(compare_ingredients(before, after, "", ""),
            "the command changed; what it builds on changed");
}

/// A store in a directory of its own.
class Records : public testing::Test {
 protected:
  void SetUp() override {
    dir_.emplace(os::TempDir::create("/tmp", "suit-cache-").value());
    store_.emplace(store::Store::open(dir_->path() + "/store").value());
  }
  CacheRecord record(const std::string& instruction, const std::string& value) {
    CacheRecord record;
    record.step = {
        .place = "/src/Dockerfile", .stage = "0", .ordinal = 2, .instruction = instruction};
    record.ingredients.set("kind", "run");
    record.ingredients.set("args", value);
    record.created = "2026-01-02T03:04:05Z";
    record.layer.emplace();
    record.layer->media_type = oci::kMediaLayerTar;
    record.layer->digest = store_->put_blob("layer " + value).value();
    record.layer->size_bytes = 7;
    record.chain_id = record.layer->digest;
    return record;
  }
  std::optional<os::TempDir> dir_;
  std::optional<store::Store> store_;
};

TEST_F(Records, ComeBackAsTheyWere) {
  Cache cache(*store_);
  const CacheRecord put = record("RUN a", "a");
  ASSERT_TRUE(cache.put(put, ""));
  const std::optional<CacheRecord> found = cache.find(put.ingredients);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->created, put.created);
  EXPECT_EQ(found->layer->digest, put.layer->digest);
  EXPECT_EQ(found->layer->size_bytes, 7U);
  EXPECT_EQ(found->chain_id, put.chain_id);
  EXPECT_EQ(found->step.instruction, "RUN a");
}

TEST_F(Records, AreNoneWithoutTheirLayerOrWhenDamaged) {
  Cache cache(*store_);
  CacheRecord gone = record("RUN a", "a");
  gone.layer->digest = digest::Digest::sha256(std::string(64, '0'));
  ASSERT_TRUE(cache.put(gone, ""));
  EXPECT_FALSE(cache.find(gone.ingredients));
  const CacheRecord damaged = record("RUN b", "b");
  const std::string path =
      dir_->path() + "/store/cache/" + std::string(cache_key(damaged.ingredients).hex()) + ".json";
  ASSERT_TRUE(os::replace_file(path, "{\"v\": 1, \"ingredients\""));
  EXPECT_FALSE(cache.find(damaged.ingredients));
}

TEST_F(Records, TellWhyAStepWasMissed) {
  Cache cache(*store_);
  ASSERT_TRUE(cache.put(record("RUN a", "a"), ""));
  const CacheRecord next = record("RUN b", "b");
  EXPECT_EQ(cache.why_missed(next.step, next.ingredients, ""), "the command changed");
  StepIdentity other = next.step;
  other.place = "/elsewhere/Dockerfile";
  EXPECT_EQ(cache.why_missed(other, next.ingredients, ""), "");
}

}  // namespace
}  // namespace suit::build
