#include "base/time.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace suit {
namespace {

TEST(Rfc3339, WritesNineDigitsOrNone) {
  EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(1'000'000'000), "1970-01-01T00:00:01Z");
  EXPECT_EQ(to_rfc3339(6), "1970-01-01T00:00:00.000000006Z");
  EXPECT_EQ(to_rfc3339(1'767'323'045'000'000'006), "2026-01-02T03:04:05.000000006Z");
}

TEST(Rfc3339, WritesTimesBeforeTheEpoch) {
  EXPECT_EQ(to_rfc3339(-1'000'000'000), "1969-12-31T23:59:59Z");
  EXPECT_EQ(to_rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(Rfc3339, ReadsWhatItWrites) {
  for (std::int64_t time : {std::int64_t{0}, std::int64_t{6}, std::int64_t{-1}, now_ns()})
    EXPECT_EQ(parse_rfc3339(to_rfc3339(time)).value(), time);
}

TEST(Rfc3339, ReadsAnyFractionAndOffset) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.5Z").value(), 500'000'000);
  EXPECT_EQ(parse_rfc3339("1970-01-01T01:00:00+01:00").value(), 0);
  EXPECT_EQ(parse_rfc3339("1969-12-31T16:00:00-08:00").value(), 0);
  EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z").value(), 1'709'164'800'000'000'000);
}

TEST(Rfc3339, RefusesWhatIsNoTimeAndNamesIt) {
  for (const char* text :
       {"", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-13-01T00:00:00Z",
        "2026-01-02T25:00:00Z", "2026-01-02T03:04:05Zjunk", "2026-01-02T03:04:05.Z"}) {
    auto time = parse_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().message().find(text), std::string::npos) << time.error().message();
  }
}

}  // namespace
}  // namespace suit
