#include <random>
#include <string>

#include "layer/compress.h"
#include "layer/open_tar.h"
#include "support.h"

namespace suit::layer::test {
namespace {

using ::testing::HasSubstr;

std::string text_of(std::size_t size) {
  std::mt19937 random(42);
  std::string text(size, ' ');
  for (char& c : text)
    c = "etaoin shrdlu\n0123"[random() % 18];
  return text;
}

// In pieces of odd sizes, as a tar comes.
Result<std::string> packed(std::string_view text, const CompressOptions& options) {
  StringWriter out;
  CompressingWriter writer(out, options);
  for (std::size_t piece = 1; !text.empty(); piece = piece * 7 % 300007) {
    std::string_view head = text.substr(0, piece);
    SUIT_TRY(writer.write(bytes_of(head)));
    text.remove_prefix(head.size());
  }
  SUIT_TRY(writer.finish());
  return out.take();
}

std::string unpacked(const std::string& packed) {
  StringReader in(packed);
  auto reader = decompress(in);
  if (!reader) return "error: " + reader.error().message();
  auto text = read_all(**reader, 64U << 20);
  return text ? *text : "error: " + text.error().message();
}

class Compressing : public ::testing::TestWithParam<CompressOptions> {};

TEST_P(Compressing, GivesTheSameBytesForAnyNumberOfThreads) {
  const std::string text = text_of((5U << 20) + 12345);
  CompressOptions options = GetParam();
  options.threads = 1;
  const std::string alone = packed(text, options).value();
  EXPECT_EQ(unpacked(alone), text);
  for (unsigned threads : {2U, 3U, 4U, 8U, 0U}) {
    options.threads = threads;
    EXPECT_EQ(packed(text, options).value(), alone) << threads << " threads";
  }
}

TEST_P(Compressing, AStreamThatIsShorterThanABlockNeedsNoThread) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20}) {
    const std::string text = text_of(size);
    EXPECT_EQ(unpacked(packed(text, GetParam()).value()), text) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Compressing,
    ::testing::Values(CompressOptions{}, CompressOptions{.format = Compression::Gzip, .level = {}},
                      CompressOptions{.format = Compression::Gzip, .level = 1},
                      CompressOptions{.format = Compression::Gzip, .level = 12},
                      CompressOptions{.format = Compression::Zstd, .level = {}},
                      CompressOptions{.format = Compression::Zstd, .level = 9}),
    [](const auto& each) {
      return fmt::format("{}{}", name_of(each.param.format), each.param.level.value_or(0));
    });

class FullDisk final : public Writer {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    if (bytes.size() > room_) return fail(ENOSPC, "write(7)");
    room_ -= bytes.size();
    return {};
  }

 private:
  std::size_t room_ = 2U << 20;
};

TEST(CompressingWriter, TellsOfAFullDiskBehindIt) {
  for (unsigned threads : {1U, 2U, 4U}) {
    FullDisk disk;
    CompressingWriter writer(disk, {.format = Compression::Gzip, .level = 1, .threads = threads});
    const std::string block = text_of(1U << 20);
    Result<void> outcome;
    for (int i = 0; i < 64 && outcome; ++i)
      outcome = writer.write(bytes_of(block));
    if (outcome) outcome = writer.finish();
    ASSERT_FALSE(outcome) << threads;
    EXPECT_EQ(outcome.error().code(), ENOSPC);
  }
}

TEST(CompressingWriter, CanBeGivenUp) {
  StringWriter out;
  CompressingWriter writer(out, {.format = Compression::Zstd, .level = 3, .threads = 4});
  const std::string block = text_of(1U << 20);
  for (int i = 0; i < 5; ++i)
    ASSERT_OK(writer.write(bytes_of(block)));
}

TEST(CompressOptions, OtherFormatsAndLevelsAreRefused) {
  EXPECT_OK(check({.format = Compression::Zstd, .level = 19}));
  EXPECT_FAILS_WITH(check({.format = Compression::Xz}), "compressed with xz");
  EXPECT_FAILS_WITH(check({.format = Compression::Gzip, .level = 13}), "gzip has no level 13");
  EXPECT_FAILS_WITH(check({.format = Compression::Zstd, .level = 0}), "zstd has no level 0");
}

TEST(BombGuard, StopsAStreamThatIsMostlyAir) {
  const std::string zeros(8U << 20, '\0');
  for (Compression format : {Compression::Gzip, Compression::Zstd}) {
    const std::string bomb = packed(zeros, {.format = format, .level = {}}).value();
    StringReader in(bomb);
    auto reader = decompress(in, {.free_bytes = 1U << 20, .ratio = 200});
    ASSERT_OK(reader);
    auto text = read_all(**reader, 64U << 20);
    EXPECT_FAILS_WITH(text, "more than 200 times as much");
    EXPECT_EQ(text.error().code(), EFBIG);
    // The same is welcome while it is small.
    EXPECT_EQ(unpacked(bomb), zeros);
  }
}

TEST(OpenTar, SaysWhatSomethingElseIs) {
  struct Case {
    std::string content;
    std::string said;
  };
  const std::vector<Case> cases{
      {"", "it is no tar archive, but nothing: it is empty"},
      {"PK\x03\x04 and so on", "a zip archive"},
      {"\x7f"
       "ELF\x02\x01\x01",
       "an ELF program"},
      {R"({"schemaVersion": 2})", "a JSON document"},
      {"FROM debian\nRUN true\n", "text that begins \"FROM debian\""},
      {std::string("\x01\x02\x03", 3), "data that begins 01 02 03"},
      {packed("hello\n", {.format = Compression::Gzip, .level = {}}).value(),
       "text that begins \"hello\""},
  };
  for (const Case& each : cases) {
    StringReader in(each.content);
    EXPECT_FAILS_WITH(open_tar(in), each.said);
  }
}

TEST(OpenTar, GivesATarFromItsFirstByte) {
  const std::string tar = tar_of({file("a", "text")});
  for (const std::string& form :
       {tar, packed(tar, {.format = Compression::Gzip, .level = {}}).value(), tar_of({})}) {
    StringReader in(form);
    auto reader = open_tar(in);
    ASSERT_OK(reader);
    EXPECT_EQ(read_all(**reader, 1U << 20).value(), form == tar_of({}) ? form : tar);
  }
}

TEST(CountTar, PassesOverContents) {
  Scratch scratch;
  const std::string tar = tar_of({directory("d"), file("d/a", std::string(100'000, 'x')),
                                  file("d/b", "12345"), hard_link("c", "d/b")});
  const std::string path = scratch.path("tar");
  write_text(path, tar);
  os::FdReader seeking(os::open_at(os::FdRef::cwd(), path, O_RDONLY).value());
  StringReader streaming(tar);
  for (Reader* reader : {static_cast<Reader*>(&seeking), static_cast<Reader*>(&streaming)}) {
    auto totals = count_tar(*reader);
    ASSERT_OK(totals);
    EXPECT_EQ(totals->entries, 4U);
    EXPECT_EQ(totals->file_bytes, 100'005U);
  }
}

TEST(CountTar, ASeekDoesNotHideACut) {
  Scratch scratch;
  const std::string tar = tar_of({file("a", std::string(100'000, 'x'))});
  write_text(scratch.path("tar"), std::string_view(tar).substr(0, 60'000));
  os::FdReader reader(os::open_at(os::FdRef::cwd(), scratch.path("tar"), O_RDONLY).value());
  EXPECT_FAILS_WITH(count_tar(reader, ArchiveEnd::Optional), "cut off in the content");
}

}  // namespace
}  // namespace suit::layer::test
