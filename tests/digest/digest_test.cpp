#include "digest/digest.h"

#include "../support/corpora.h"

namespace suit::digest {
namespace {

const std::string kHex(64, 'a');

TEST(Digest, HasAnAlgorithmAndHex) {
  const Digest digest = Digest::parse("sha256:" + kHex).value();
  EXPECT_EQ(digest.algorithm(), "sha256");
  EXPECT_EQ(digest.hex(), kHex);
  EXPECT_EQ(digest.short_hex(), "aaaaaaaaaaaa");
  EXPECT_EQ(digest.text(), "sha256:" + kHex);
  EXPECT_EQ(digest, Digest::sha256(kHex));
}

TEST(Digest, IsEmptyUntilParsed) {
  EXPECT_TRUE(Digest().empty());
  EXPECT_EQ(Digest().hex(), "");
  EXPECT_EQ(Digest().algorithm(), "");
}

TEST(Digest, SaysWhatIsWrong) {
  EXPECT_EQ(Digest::parse("sha256:abc").error().message(),
            "invalid checksum digest length: \"sha256:abc\" has 3 hex digits, sha256 has 64");
  EXPECT_EQ(Digest::parse(kHex).error().message(),
            "invalid checksum digest format: \"" + kHex + "\" is not algorithm:hex");
  EXPECT_EQ(Digest::parse("md5:" + kHex).error().message(),
            "unsupported digest algorithm: \"md5\" in \"md5:" + kHex + "\"");
  EXPECT_EQ(Digest::parse("sha256:" + std::string(64, 'A')).error().message(),
            "invalid checksum digest format: \"sha256:" + std::string(64, 'A') +
                "\" is not lower-case hex");
}

// Verifier cases probe Go's lazy Algorithm.Hash() on digests that nobody validated; ours cannot
// exist, so only that they are refused is asked.
TEST(Digest, AgreesWithTheReferenceImplementation) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("digest/parse.json");
  for (const auto& row : corpora::cases("digest/parse.json")) {
    const auto input = row["input"].get<std::string>();
    const Result<Digest> digest = Digest::parse(input);
    bool ok = false;
    if (row.contains("expected")) {
      ok = digest && digest->algorithm() == row["expected"]["algorithm"].get<std::string>() &&
           digest->hex() == row["expected"]["encoded"].get<std::string>();
    } else {
      ok = !digest &&
           (row.value("api", "") == "verifier" ||
            digest.error().message().starts_with(row["expected_error"].get<std::string>()));
    }
    EXPECT_TRUE(ok) << row.dump() << "\n" << (digest ? "accepted" : digest.error().message());
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::digest
