#include "hash/sha256.h"

#include "../support/corpora.h"

namespace suit::hash {
namespace {

constexpr std::string_view kEmpty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, MatchesTheStandardsVectors) {
  EXPECT_EQ(sha256("").text(), kEmpty);
  EXPECT_EQ(sha256("abc").text(), kAbc);
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").text(),
            "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).text(),
            "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesCome) {
  const std::string text(1000, 'x');
  for (std::size_t cut : {0U, 1U, 63U, 64U, 65U, 999U, 1000U}) {
    Sha256 hash;
    hash.update(std::string_view(text).substr(0, cut));
    hash.update(std::string_view(text).substr(cut));
    EXPECT_EQ(hash.finish(), sha256(text)) << cut;
  }
}

TEST(Sha256, StartsAfreshAfterFinish) {
  Sha256 hash;
  hash.update("something else");
  (void)hash.finish();
  EXPECT_EQ(hash.finish().text(), kEmpty);
}

TEST(HashingWriter, PassesOnWhatItHashes) {
  StringWriter sink;
  HashingWriter writer(&sink);
  ASSERT_TRUE(writer.write(bytes_of("a")));
  ASSERT_TRUE(writer.write(bytes_of("bc")));
  EXPECT_EQ(sink.text(), "abc");
  EXPECT_EQ(writer.size_bytes(), 3U);
  EXPECT_EQ(writer.finish().text(), kAbc);
}

TEST(HashingWriter, NeedsNobodyBehindIt) {
  HashingWriter writer;
  ASSERT_TRUE(writer.write(bytes_of("abc")));
  EXPECT_EQ(writer.finish().text(), kAbc);
}

TEST(HashingReader, HashesWhatIsReadThroughIt) {
  StringReader source("abc");
  HashingReader reader(source);
  EXPECT_EQ(read_all(reader, 100).value(), "abc");
  EXPECT_EQ(reader.size_bytes(), 3U);
  EXPECT_EQ(reader.finish().text(), kAbc);
}

TEST(ChainIds, AgreeWithTheSpecification) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("oci-image-spec/chain-ids.json");
  for (const auto& row : corpora::cases("oci-image-spec/chain-ids.json")) {
    std::vector<digest::Digest> diff_ids;
    for (const auto& text : row["diff_ids"])
      diff_ids.push_back(digest::Digest::sha256(text.get<std::string>().substr(7)));
    std::vector<std::string> chain;
    for (const digest::Digest& id : chain_ids(diff_ids))
      chain.push_back(id.text());
    const bool ok = chain == row["chain_ids"].get<std::vector<std::string>>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::hash
