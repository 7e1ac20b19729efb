// A process that dies at any instruction leaves a sound store; two that want the same both get it.

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include <gmock/gmock.h>

#include "fixture.h"
#include "store/archive.h"
#include "store/check.h"

namespace suit::store {
namespace {

using ::testing::IsEmpty;

// Runs `work` in a child; its exit code is 0 when `work` says so.
pid_t spawn(const std::function<bool()>& work) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(work() ? 0 : 1);
  return pid;
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string words(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems)
    out += problem.object + ": " + problem.what + "\n";
  return out;
}

// A layer that takes some milliseconds to store and to unpack.
std::string big_layer(int seed) {
  std::vector<TarFile> files = {{"data/", ""}};
  for (int i = 0; i < 60; ++i)
    files.push_back({"data/" + std::to_string(i),
                     std::string(20'000, static_cast<char>('a' + (seed + i) % 26))});
  return make_tar(files);
}

class KillAtAnyMoment : public StoreTest {
 protected:
  // Kills `work` after a time between 0 and a little more than it takes; the store stays sound.
  void survives(const std::function<bool(Store&, int)>& work, int rounds) {
    auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(work(store_, -1));
    auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin);
    std::mt19937 random(7);  // fixed: a failure can be run again
    std::uniform_int_distribution<long> delay(0, whole.count() * 5 / 4 + 1000);
    int killed = 0;
    for (int round = 0; round < rounds; ++round) {
      pid_t child = spawn([&] {
        auto store = Store::open(root_);
        return store && work(*store, round);
      });
      std::this_thread::sleep_for(std::chrono::microseconds(delay(random)));
      ::kill(child, SIGKILL);
      killed += WIFSIGNALED(reap(child)) ? 1 : 0;
      Store again = must(Store::open(root_));
      EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
      CheckReport report = must(check(again));
      ASSERT_THAT(report.problems, IsEmpty()) << "round " << round << "\n"
                                              << words(report.problems);
      for (const Image& image : again.images())
        ASSERT_TRUE(again.lower_dirs(image));
    }
    RecordProperty("killed", killed);
    EXPECT_GT(killed, 0);
  }
};

TEST_F(KillAtAnyMoment, OfPuttingAnImage) {
  survives(
      [](Store& store, int round) {
        std::string layer = big_layer(round);
        auto digest = store.put_blob(layer);
        if (!digest) return false;
        auto image = store.put_image(make_config({layer}, std::to_string(round)),
                                     {describe(layer, oci::kMediaLayerTar)},
                                     {name("a:" + std::to_string(round + 1)), name("b:latest")});
        return image.has_value();
      },
      25);
}

TEST_F(KillAtAnyMoment, OfUnpacking) {
  survives(
      [](Store& store, int round) {
        std::vector<std::string> layers = {big_layer(round), big_layer(round + 100)};
        std::vector<oci::Descriptor> blobs;
        std::vector<digest::Digest> diff_ids;
        for (const std::string& layer : layers) {
          if (!store.put_blob(layer)) return false;
          blobs.push_back(describe(layer, oci::kMediaLayerTar));
          diff_ids.push_back(hash::sha256(layer));
        }
        return store.lower_dirs(diff_ids, blobs).has_value();
      },
      20);
}

TEST_F(KillAtAnyMoment, OfLoadingRemovingAndCollecting) {
  Store other = must(Store::open(folder_.path() + "/other"));
  put(other, {big_layer(1), big_layer(2)}, {"a:1"});
  StringWriter archive;
  must(save_archive(other, {"a:1"}, archive));
  survives(
      [&](Store& store, int) {
        StringReader reader(archive.text());
        auto report = load_archive(store, reader);
        if (!report || !store.lower_dirs(report->images[0])) return false;
        return store.remove_image("a:1", true, {}).has_value() &&
               store.collect_garbage(std::chrono::seconds(0)).has_value();
      },
      20);
}

class TwoAtOnce : public StoreTest {
 protected:
  void both_succeed(const std::function<bool(Store&, int)>& work) {
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i)
      children.push_back(spawn([&, i] {
        auto store = Store::open(root_);
        return store && work(*store, i);
      }));
    for (pid_t child : children)
      EXPECT_EQ(reap(child), 0);
    CheckReport report = must(check(store_));
    EXPECT_THAT(report.problems, IsEmpty()) << words(report.problems);
    EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
  }
};

TEST_F(TwoAtOnce, StoreTheSameBlob) {
  std::string layer = big_layer(1);
  for (int round = 0; round < 10; ++round)
    both_succeed([&](Store& store, int) { return store.put_blob(layer).has_value(); });
  EXPECT_EQ(must(os::list_dir(root_ + "/blobs/sha256")).size(), 1U);
}

TEST_F(TwoAtOnce, ListTheirImagesWithoutLosingOne) {
  both_succeed([&](Store& store, int child) {
    for (int i = 0; i < 10; ++i) {
      std::string tag = "a:" + std::to_string(child * 100 + i);
      if (!store.put_image(make_config({}, tag), {}, {name(tag)})) return false;
    }
    return true;
  });
  EXPECT_EQ(store_.images().size(), 40U);
}

TEST_F(TwoAtOnce, UnpackTheSameImage) {
  Image image = put(store_, {big_layer(1), big_layer(2)}, {"a:1"});
  both_succeed([&](Store& store, int) { return store.lower_dirs(image).has_value(); });
}

TEST_F(TwoAtOnce, CreateTheSameStore) {
  for (int round = 0; round < 10; ++round) {
    std::string root = folder_.path() + "/new" + std::to_string(round);
    both_succeed([&](Store&, int) {
      auto store = Store::open(root);
      return store && store->put_image(make_config({}, "x"), {}, {name("a:1")}).has_value();
    });
    EXPECT_EQ(must(Store::open(root)).images().size(), 1U);
  }
}

TEST_F(TwoAtOnce, CollectGarbageWhileTheOtherUsesTheStore) {
  both_succeed([&](Store& store, int child) {
    for (int i = 0; i < 20; ++i) {
      if (child == 0) {
        // Busy is an answer too.
        auto freed = store.collect_garbage(std::chrono::seconds(0));
        if (!freed && freed.error().code() != EWOULDBLOCK) return false;
        continue;
      }
      auto use = store.use();
      std::string layer = make_tar({{"file", std::to_string(child * 100 + i)}});
      if (!use || !store.put_blob(layer)) return false;
      auto image =
          store.put_image(make_config({layer}, "x"), {describe(layer, oci::kMediaLayerTar)},
                          {name("c" + std::to_string(child))});
      if (!image || !store.lower_dirs(*image)) return false;
    }
    return true;
  });
}

TEST_F(TwoAtOnce, DoNotMakeACollectionWaitForever) {
  auto use = must(store_.use());
  auto freed = store_.collect_garbage(std::chrono::seconds(0));
  ASSERT_FALSE(freed);
  EXPECT_EQ(freed.error().code(), EWOULDBLOCK);
  EXPECT_THAT(freed.error().message(), ::testing::HasSubstr("is in use"));
}

}  // namespace
}  // namespace suit::store
