#include "base/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace suit {
namespace {

// Gives its text in pieces of three bytes, then the end, or an error.
class TrickleReader final : public Reader {
 public:
  explicit TrickleReader(std::string_view text, bool fails = false) : rest_(text), fails_(fails) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    if (rest_.empty() && fails_) return fail(EIO, "trickle");
    StringReader piece(rest_.substr(0, 3));
    SUIT_LET(std::size_t got, piece.read(out));
    rest_.remove_prefix(got);
    return got;
  }

 private:
  std::string_view rest_;
  bool fails_;
};

class FullWriter final : public Writer {
 public:
  Result<void> write(std::span<const std::byte> /*bytes*/) override { return fail(ENOSPC, "full"); }
};

TEST(ReadFull, FillsTheBufferFromShortReads) {
  TrickleReader reader("a spacesuit");
  std::vector<std::byte> buffer(7);
  EXPECT_EQ(read_full(reader, buffer).value(), 7U);
  EXPECT_TRUE(std::ranges::equal(buffer, bytes_of("a space")));
}

TEST(ReadFull, CountsWhatWasThereWhenTheSourceEnds) {
  TrickleReader reader("four");
  std::vector<std::byte> buffer(7);
  EXPECT_EQ(read_full(reader, buffer).value(), 4U);
  EXPECT_EQ(read_full(reader, buffer).value(), 0U);
}

TEST(ReadAll, ReadsToTheEnd) {
  TrickleReader reader("a spacesuit for a program");
  EXPECT_EQ(read_all(reader, 25).value(), "a spacesuit for a program");
}

TEST(ReadAll, RefusesOneByteMoreThanItsLimit) {
  TrickleReader reader("a spacesuit for a program");
  auto text = read_all(reader, 24);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), EFBIG);
  EXPECT_EQ(text.error().message(),
            "more than 24 bytes where less was expected: File too large (EFBIG)");
}

TEST(ReadAll, PassesTheSourcesErrorOn) {
  TrickleReader reader("half", true);
  EXPECT_EQ(read_all(reader, 100).error().code(), EIO);
}

TEST(Copy, MovesEveryByteAndCounts) {
  std::string text(3'000'000, 'x');
  text[2'500'000] = '\0';
  StringReader reader(text);
  StringWriter writer;
  EXPECT_EQ(copy(reader, writer).value(), text.size());
  EXPECT_TRUE(writer.text() == text);
}

TEST(Copy, StopsAtAWriterThatIsFull) {
  StringReader reader("text");
  FullWriter writer;
  auto copied = copy(reader, writer);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().message(), "full: No space left on device (ENOSPC)");
}

TEST(StringReader, StaysAtTheEnd) {
  StringReader reader("");
  std::vector<std::byte> buffer(1);
  EXPECT_EQ(reader.read(buffer).value(), 0U);
  EXPECT_EQ(reader.read(buffer).value(), 0U);
}

}  // namespace
}  // namespace suit
