#include "hash/many.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hash/sha256.h"

namespace suit::hash {
namespace {

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text)
    c = static_cast<char>(random());
  return text;
}

// OpenSSL is the reference.
void expect_as_openssl(const std::vector<std::string>& texts) {
  std::vector<std::span<const std::byte>> messages;
  for (const std::string& text : texts)
    messages.push_back(bytes_of(text));
  const std::vector<digest::Digest> digests = sha256_many(messages);
  ASSERT_EQ(digests.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(digests[i], sha256(texts[i])) << "message " << i << " of " << texts[i].size();
}

TEST(Sha256Many, AgreesWithTheReferenceForEveryLength) {
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (std::size_t size = 0; size <= 300; ++size)
    texts.push_back(random_bytes(random, size));
  expect_as_openssl(texts);
}

TEST(Sha256Many, AgreesForAnyMixOfLengths) {
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> texts(random() % 9);
    for (std::string& text : texts)
      text = random_bytes(random, random() % (round % 10 == 0 ? 100000 : 1000));
    expect_as_openssl(texts);
  }
}

TEST(Sha256Many, KnowsTheStandardsVectors) {
  const std::string abc = "abc";
  const std::string two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const std::vector<std::span<const std::byte>> messages{bytes_of(abc), bytes_of(two)};
  const std::vector<digest::Digest> digests = sha256_many(messages);
  EXPECT_EQ(digests[0].hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digests[1].hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Many, OfNothingIsNothing) { EXPECT_TRUE(sha256_many({}).empty()); }

}  // namespace
}  // namespace suit::hash
