#include "http/retry.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "../support/scripted_server.h"

namespace suit::http {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::ScriptedServer;

constexpr std::chrono::sys_seconds kNow(1'000'000'000s);  // Sun, 09 Sep 2001 01:46:40 GMT

Client client() {
  return Client::start({.helper = std::string(SUIT_BINARY_DIR) + "/bin/suit-fetch"}).value();
}

RetryPolicy quick() {
  RetryPolicy policy;
  policy.attempts = 3;
  policy.first = 1ms;
  return policy;
}

TEST(Retry, ReadsRetryAfterInBothForms) {
  EXPECT_EQ(parse_retry_after("120", kNow), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 09 Sep 2001 01:47:00 GMT", kNow), 20s);
  EXPECT_EQ(parse_retry_after("Sun, 09 Sep 2001 01:46:00 GMT", kNow), 0s);
  for (const char* text :
       {"", "-1", "1.5", "soon", "99999999999999", "Sun, 99 Sep 2001 01:47:00 GMT"})
    EXPECT_FALSE(parse_retry_after(text, kNow).has_value()) << text;
}

TEST(Retry, WaitsTwiceAsLongEachTime) {
  RetryPolicy policy;
  EXPECT_EQ(delay_before_next(policy, 1, {}, 1), 500ms);
  EXPECT_EQ(delay_before_next(policy, 2, {}, 1), 1000ms);
  EXPECT_EQ(delay_before_next(policy, 3, {}, 0), 1000ms);
  EXPECT_EQ(delay_before_next(policy, 30, {}, 1), 15000ms);
}

TEST(Retry, WaitsAsLongAsTheServerAsksButNotForever) {
  EXPECT_EQ(delay_before_next({}, 1, 7s, 0), 7000ms);
  EXPECT_FALSE(delay_before_next({}, 1, 3600s, 0).has_value());
}

TEST(Retry, TriesAgainAfter503) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Connection& c) {
    while (!c.read_head().empty())
      c.answer(++asked < 3 ? "503 Busy" : "200 OK", "x");
  });
  Request request;
  request.url = server.url();
  request.plain = PlainHttp::Loopback;
  EXPECT_EQ(send_with_retries(client(), request, quick())->status(), 200);
  EXPECT_EQ(asked, 3);
}

TEST(Retry, GivesUpAndShowsTheLastAnswer) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Connection& c) {
    while (!c.read_head().empty())
      c.answer("500 Broken", fmt::format("{}", ++asked));
  });
  Request request;
  request.url = server.url();
  request.plain = PlainHttp::Loopback;
  auto answer = send_with_retries(client(), request, quick());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status(), 500);
  EXPECT_EQ(answer->text().value(), "3");
}

TEST(Retry, DoesNotRepeatAPostThatMayHaveBeenDone) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Connection& c) {
    while (!c.read_head().empty()) {
      ++asked;
      c.answer("500 Broken", "");
    }
  });
  Request request;
  request.method = "POST";
  request.url = server.url();
  request.plain = PlainHttp::Loopback;
  EXPECT_EQ(send_with_retries(client(), request, quick())->status(), 500);
  EXPECT_EQ(asked, 1);
}

TEST(Retry, DoesNotRepeatWhatTheClientDidWrong) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](Connection& c) {
    while (!c.read_head().empty()) {
      ++asked;
      c.answer("404 Not Found", "");
    }
  });
  Request request;
  request.url = server.url();
  request.plain = PlainHttp::Loopback;
  EXPECT_EQ(send_with_retries(client(), request, quick())->status(), 404);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace suit::http
