#include "cli/units.h"

#include "../support/corpora.h"

namespace suit::cli {
namespace {

TEST(Units, SizesAreDockers) {
  EXPECT_EQ(human_size(72'800'000), "72.8MB");
  EXPECT_EQ(human_size(123'456'789, 4), "123.5MB");
  EXPECT_EQ(binary_size(1024), "1KiB");
}

TEST(Units, SizesAreReadBinary) {
  EXPECT_EQ(parse_size("64m").value(), 64U << 20);
  EXPECT_EQ(parse_size("1.5 GiB").value(), 3ULL << 29);
  EXPECT_EQ(parse_size("lots").error().message(), "invalid size: 'lots'");
}

TEST(Units, AgesAreRelativeToNow) {
  constexpr std::int64_t kMinute = 60'000'000'000;
  EXPECT_EQ(human_age("1970-01-01T00:01:00Z", 4 * kMinute), "3 minutes ago");
  EXPECT_EQ(human_age("1970-01-01T00:00:00Z", 4 * kMinute), "N/A");
  EXPECT_EQ(human_age("", 4 * kMinute), "");
}

TEST(UnitsCorpora, SizesAreThoseOfGoUnits) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/human-sizes.json");
  for (const auto& row : corpora::cases("docker-cli/human-sizes.json")) {
    const double size = std::stod(row["input"].get<std::string>());
    const bool ok = human_size(size) == row["human_size_3"].get<std::string>() &&
                    human_size(size, 4) == row["human_size"].get<std::string>() &&
                    binary_size(size) == row["bytes_size"].get<std::string>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(UnitsCorpora, DurationsAreThoseOfGoUnits) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/human-durations.json");
  for (const auto& row : corpora::cases("docker-cli/human-durations.json")) {
    const auto age = std::chrono::milliseconds(row["milliseconds"].get<std::int64_t>());
    const bool ok = human_duration(age) == row["expected"].get<std::string>();
    EXPECT_TRUE(ok) << row.dump() << human_duration(age);
    tally.count(ok);
  }
}

// Only the binary reading: nothing of ours takes decimal sizes. Errors are ours, by our words.
TEST(UnitsCorpora, SizesAreReadAsGoUnitsDoes) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/sizes.json");
  for (const auto& row : corpora::cases("docker-cli/sizes.json")) {
    const Result<std::uint64_t> size = parse_size(row["input"].get<std::string>());
    const bool ok = row.contains("binary") ? size && *size == row["binary"].get<std::uint64_t>()
                    : row.contains("binary_error") ? !size
                                                   : true;
    EXPECT_TRUE(ok) << row.dump() << (size ? std::to_string(*size) : size.error().message());
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::cli
