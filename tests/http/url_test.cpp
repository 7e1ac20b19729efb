#include "http/url.h"

#include <gtest/gtest.h>

namespace suit::http {
namespace {

std::string resolved(std::string_view base, std::string_view reference) {
  auto url = parse_url(base);
  if (!url) return url.error().message();
  auto there = resolve_url(*url, reference);
  return there ? there->text() : there.error().message();
}

TEST(Url, IsTakenApart) {
  Url url = parse_url("HTTPS://Example.COM:8443/a/b.tar?x=1#part").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, "8443");
  EXPECT_EQ(url.path, "/a/b.tar");
  EXPECT_EQ(url.query, "x=1");
  EXPECT_EQ(url.file_name(), "b.tar");
  EXPECT_EQ(url.text(), "https://example.com:8443/a/b.tar?x=1");
}

TEST(Url, OriginNamesThePortThatIsMeant) {
  EXPECT_EQ(parse_url("https://a")->origin(), "https://a:443");
  EXPECT_EQ(parse_url("https://a:443/x")->origin(), "https://a:443");
  EXPECT_NE(parse_url("http://a")->origin(), parse_url("https://a")->origin());
}

TEST(Url, RefusesWhatIsNotFetched) {
  for (const char* text : {"", "a", "file:///etc/passwd", "ftp://a/", "http://", "http:///x",
                           "http://a:b/", "http://a:0/", "http://a:65536/", "http://a b/",
                           "http://a/\r\nX: y", "http://[::1/", "http://a\x01/", "gopher://a"})
    EXPECT_FALSE(parse_url(text).has_value()) << text;
}

TEST(Url, RefusesCredentialsAndDoesNotQuoteThem) {
  auto url = parse_url("https://user:hunter2@example.com/");
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().message().find("hunter2"), std::string::npos);
}

TEST(Url, ErrorsDoNotQuoteTheQuery) {
  auto url = parse_url("ftp://a/b?signature=hunter2");
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().message().find("hunter2"), std::string::npos);
}

TEST(Url, ResolvesReferences) {
  // RFC 3986 section 5.4, in a base of ours.
  const char* base = "http://a/b/c/d;p?q";
  EXPECT_EQ(resolved(base, "g"), "http://a/b/c/g");
  EXPECT_EQ(resolved(base, "./g"), "http://a/b/c/g");
  EXPECT_EQ(resolved(base, "g/"), "http://a/b/c/g/");
  EXPECT_EQ(resolved(base, "/g"), "http://a/g");
  EXPECT_EQ(resolved(base, "//g"), "http://g/");
  EXPECT_EQ(resolved(base, "?y"), "http://a/b/c/d;p?y");
  EXPECT_EQ(resolved(base, "g?y"), "http://a/b/c/g?y");
  EXPECT_EQ(resolved(base, ""), "http://a/b/c/d;p?q");
  EXPECT_EQ(resolved(base, "."), "http://a/b/c/");
  EXPECT_EQ(resolved(base, ".."), "http://a/b/");
  EXPECT_EQ(resolved(base, "../g"), "http://a/b/g");
  EXPECT_EQ(resolved(base, "../../../g"), "http://a/g");
  EXPECT_EQ(resolved(base, "g;x=1/../y"), "http://a/b/c/y");
  EXPECT_EQ(resolved(base, "https://z:1/q"), "https://z:1/q");
  EXPECT_NE(resolved(base, "file:///etc/passwd").find("only http and https"), std::string::npos);
}

TEST(Url, KnowsThisMachine) {
  for (const char* host : {"localhost", "localhost:5000", "x.localhost", "127.0.0.1",
                           "127.1.2.3:80", "[::1]", "[::1]:5000"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"example.com", "128.0.0.1", "127.0.0.1.example.com",
                           "localhost.example.com", "127.evil.0.1", "[::2]", "127.0.0"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, EncodesForQueries) { EXPECT_EQ(percent_encode("a/b c~:%"), "a%2Fb%20c~%3A%25"); }

}  // namespace
}  // namespace suit::http
