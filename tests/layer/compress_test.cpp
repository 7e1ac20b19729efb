#include "layer/compress.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

#include "support.h"

namespace suit::layer::test {
namespace {

std::string some_text(std::size_t size) {
  std::mt19937 random(7);
  std::string text(size, ' ');
  for (char& c : text)
    c = "abcdefgh \n"[random() % 10];
  return text;
}

std::string gzipped(std::string_view text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstded(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string xzed(std::string_view text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t used = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr,
                                    reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<std::uint8_t*>(out.data()), &used, out.size()),
            LZMA_OK);
  out.resize(used);
  return out;
}

std::string bzipped(std::string_view text) {
  std::string out(text.size() + text.size() / 50 + 1000, '\0');
  auto used = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &used, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 9, 0, 0),
            BZ_OK);
  out.resize(used);
  return out;
}

Result<std::string> plain(std::string_view packed) {
  StringReader in(packed);
  SUIT_LET(auto reader, decompress(in));
  return read_all(*reader, 64U << 20);
}

struct Format {
  const char* name;
  std::string (*pack)(std::string_view);
};
constexpr Format kFormats[] = {
    {"gzip", gzipped}, {"zstd", zstded}, {"xz", xzed}, {"bzip2", bzipped}};

TEST(Decompress, ReadsEveryFormat) {
  for (const Format& format : kFormats) {
    for (std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{300000}, std::size_t{1200000}}) {
      std::string text = some_text(size);
      auto read = plain(format.pack(text));
      ASSERT_OK(read);
      EXPECT_TRUE(*read == text) << format.name << " of " << size;
    }
  }
}

TEST(Decompress, StreamsInARowAreOne) {
  for (const Format& format : kFormats) {
    auto read = plain(format.pack("one ") + format.pack("") + format.pack("two"));
    ASSERT_OK(read);
    EXPECT_EQ(*read, "one two") << format.name;
  }
}

TEST(Decompress, EveryTruncationIsAnErrorThatNamesTheFormat) {
  for (const Format& format : kFormats) {
    std::string packed = format.pack(some_text(2000));
    for (std::size_t length = 10; length < packed.size(); ++length) {
      auto read = plain(packed.substr(0, length));
      ASSERT_FALSE(read.has_value()) << format.name << " cut at " << length;
      EXPECT_THAT(read.error().message(),
                  ::testing::HasSubstr(std::string(format.name) + " stream damaged"));
    }
  }
}

TEST(Decompress, DamageAndGarbageAreErrors) {
  for (const Format& format : kFormats) {
    std::string packed = format.pack(some_text(5000));
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
    EXPECT_FALSE(plain(damaged).has_value() && *plain(damaged) == some_text(5000)) << format.name;
    EXPECT_FALSE(plain(packed + "garbage").has_value()) << format.name;
  }
}

TEST(Decompress, PassesPlainBytesThrough) {
  EXPECT_EQ(plain("").value(), "");
  EXPECT_EQ(plain("x").value(), "x");
  std::string text = some_text(100000);
  EXPECT_TRUE(plain(text).value() == text);
}

TEST(Decompress, SkipsSkippableZstdFrames) {
  std::string skippable("\x50\x2a\x4d\x18\x04\0\0\0abcd", 12);
  EXPECT_EQ(plain(skippable + zstded("hello") + skippable).value(), "hello");
}

TEST(Decompress, RefusesAZstdWindowOfTwoGigabytes) {
  // Frame header: no content size, window descriptor 0xa8: 2^(10 + 21) bytes.
  std::string frame("\x28\xb5\x2f\xfd\x00\xa8\x01\0\0\0\0\0", 12);
  EXPECT_FAILS_WITH(plain(frame), "zstd stream damaged");
}

}  // namespace
}  // namespace suit::layer::test
