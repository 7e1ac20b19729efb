#include <cerrno>

#include <gtest/gtest.h>

#include "http/wire_internal.h"

namespace suit::http {
namespace {

TEST(Wire, FieldsComeBackAsTheyWere) {
  Fields fields = {
      {"header", "A: b"}, {"header", "C: d"}, {"empty", ""}, {"body", std::string("\0\xff", 2)}};
  EXPECT_EQ(unpack(pack(fields)).value(), fields);
  EXPECT_EQ(field_or(fields, "header"), "A: b");
  EXPECT_EQ(field_or(fields, "none", "x"), "x");
}

TEST(Wire, RefusesFieldsThatAreCutShort) {
  std::string whole = pack({{"method", "GET"}});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    auto fields = unpack(whole.substr(0, size));
    ASSERT_FALSE(fields.has_value()) << size;
    EXPECT_EQ(fields.error().code(), EPROTO);
  }
}

TEST(Wire, RefusesFramesThatAreNone) {
  EXPECT_FALSE(parse_frame_header("X\0\0\0\0").has_value());
  EXPECT_FALSE(parse_frame_header("B\xff\xff\xff\xff").has_value());
  EXPECT_FALSE(parse_frame_header("B").has_value());
  FrameHeader header{.kind = FrameKind::Body, .size_bytes = 70000};
  auto back = parse_frame_header(to_wire(header));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->kind, FrameKind::Body);
  EXPECT_EQ(back->size_bytes, 70000U);
}

}  // namespace
}  // namespace suit::http
