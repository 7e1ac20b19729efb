#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <gmock/gmock.h>

#include "fixture.h"

namespace suit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using LowerDirs = StoreTest;

TEST_F(LowerDirs, UnpacksTheTopmostFirstAndTheScaffoldLast) {
  Image image = put(store_, {layer_a(), layer_b()}, {"a:1"});
  auto chain = hash::chain_ids(image.config.diff_ids);
  EXPECT_FALSE(store_.has_snapshot(chain[0]));
  EXPECT_THAT(must(store_.lower_dirs(image)),
              ElementsAre(store_.snapshot_dir(chain[1]), store_.snapshot_dir(chain[0]),
                          root_ + "/scaffold"));
  EXPECT_TRUE(store_.has_snapshot(chain[1]));
  EXPECT_EQ(must(os::read_file(store_.snapshot_dir(chain[0]) + "/etc/a")), "from a");
  EXPECT_EQ(must(os::read_file(store_.snapshot_dir(chain[1]) + "/etc/b")), "from b");
  EXPECT_FALSE(os::exists(store_.snapshot_dir(chain[1]) + "/etc/a"));
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(LowerDirs, LeavesTheSizeOfAnImageAsItWas) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  EXPECT_EQ(image.size_bytes, 6U);
  EXPECT_EQ(must(store_.find_image("a:1")).size_bytes, 6U);
  must(store_.lower_dirs(image));
  EXPECT_EQ(must(store_.find_image("a:1")).size_bytes, 6U);
}

TEST_F(LowerDirs, IsTheScaffoldAloneForAnImageWithoutLayers) {
  EXPECT_THAT(must(store_.lower_dirs(put(store_, {}, {"a:1"}))), ElementsAre(root_ + "/scaffold"));
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

TEST_F(LowerDirs, VerifiesACompressedLayerByBothDigests) {
  std::string compressed = gzip(layer_a());
  must(store_.put_blob(compressed));
  oci::Descriptor layer = describe(compressed, oci::kMediaLayerGzip);
  must(store_.lower_dirs({hash::sha256(layer_a())}, {layer}));
  auto wrong = store_.lower_dirs({hash::sha256(layer_b())}, {layer});
  EXPECT_THAT(error_of(wrong), HasSubstr("unpack layer " + layer.digest.text()));
  EXPECT_THAT(error_of(wrong), HasSubstr("the digest of what it unpacks to (diffID) is"));
  EXPECT_FALSE(store_.has_snapshot(hash::sha256(layer_b())));
}

TEST_F(LowerDirs, RefusesADamagedBlobAndLeavesNothing) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  std::string blob = root_ + "/blobs/sha256/" + std::string(image.manifest.layers[0].digest.hex());
  std::string text = must(os::read_file(blob));
  text[text.find("from a")] = 'F';
  ASSERT_EQ(::unlink(blob.c_str()), 0);
  must(os::replace_file(blob, text));
  EXPECT_THAT(error_of(store_.lower_dirs(image)), HasSubstr("its digest is sha256:"));
  EXPECT_THAT(must(os::list_dir(root_ + "/snapshots")), IsEmpty());
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(LowerDirs, WantsOneDiffIdALayer) {
  EXPECT_THAT(error_of(store_.lower_dirs({hash::sha256("x")}, {})),
              HasSubstr("1 diff_ids for 0 layers"));
}

TEST_F(LowerDirs, MakesASnapshotOfAnotherBootAgain) {
  Image image = put(store_, {layer_a()}, {"a:1"});
  must(store_.lower_dirs(image));
  digest::Digest chain_id = hash::chain_ids(image.config.diff_ids)[0];
  std::string folder = root_ + "/snapshots/" + std::string(chain_id.hex());
  // What a power cut leaves of a snapshot that was never synced.
  must(os::write_file(folder + "/fs/etc/a", "lost"));
  must(os::replace_file(folder + "/boot", "another boot"));
  EXPECT_FALSE(store_.has_snapshot(chain_id));
  must(store_.lower_dirs(image));
  EXPECT_TRUE(store_.has_snapshot(chain_id));
  EXPECT_EQ(must(os::read_file(folder + "/fs/etc/a")), "from a");
  EXPECT_FALSE(os::exists(folder + "/boot"));
}

using CommitSnapshot = StoreTest;

TEST_F(CommitSnapshot, MakesTheUpperTheLayersDirectory) {
  digest::Digest chain_id = hash::sha256("chain");
  auto writer = must(store_.begin_snapshot());
  EXPECT_EQ(must(os::stat_at(os::FdRef::cwd(), writer.upper())).st_mode & 07777, 0755U);
  EXPECT_THAT(must(os::list_dir(writer.work())), IsEmpty());
  must(os::replace_file(writer.upper() + "/file", "x"));
  must(store_.commit_snapshot(std::move(writer), chain_id));
  EXPECT_TRUE(store_.has_snapshot(chain_id));
  EXPECT_EQ(must(os::read_file(store_.snapshot_dir(chain_id) + "/file")), "x");
  EXPECT_FALSE(os::exists(root_ + "/snapshots/" + std::string(chain_id.hex()) + "/work"));
}

TEST_F(CommitSnapshot, KeepsTheFirstOfTwo) {
  digest::Digest chain_id = hash::sha256("chain");
  for (const char* text : {"first", "second"}) {
    auto writer = must(store_.begin_snapshot());
    must(os::replace_file(writer.upper() + "/file", text));
    must(store_.commit_snapshot(std::move(writer), chain_id));
  }
  EXPECT_EQ(must(os::read_file(store_.snapshot_dir(chain_id) + "/file")), "first");
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(CommitSnapshot, LeavesNothingOfAnAbandonedOne) {
  {
    auto writer = must(store_.begin_snapshot());
  }
  EXPECT_THAT(must(os::list_dir(root_ + "/ingest")), IsEmpty());
}

TEST_F(CommitSnapshot, IsOnDiskOnceAnImageIsMadeOfIt) {
  auto writer = must(store_.begin_snapshot());
  digest::Digest diff_id = hash::sha256(layer_a());
  must(store_.commit_snapshot(std::move(writer), diff_id));
  std::string boot = root_ + "/snapshots/" + std::string(diff_id.hex()) + "/boot";
  EXPECT_TRUE(os::exists(boot));
  put(store_, {layer_a()}, {"a:1"});
  EXPECT_FALSE(os::exists(boot));
  EXPECT_TRUE(store_.has_snapshot(diff_id));
}

}  // namespace
}  // namespace suit::store
