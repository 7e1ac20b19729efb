#include "http/client.h"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "../support/scripted_server.h"

namespace suit::http {
namespace {

using namespace std::chrono_literals;
using test::Connection;
using test::ScriptedServer;

Client client() {
  return Client::start({.helper = std::string(SUIT_BINARY_DIR) + "/bin/suit-fetch"}).value();
}

Request get(const std::string& url) {
  Request request;
  request.url = url;
  request.plain = PlainHttp::Loopback;
  request.limits.connect = 5s;
  return request;
}

// The body, or the message of what went wrong.
std::string fetched(const Client& client, const Request& request) {
  auto answer = client.send(request);
  if (!answer) return answer.error().message();
  auto text = answer->text();
  return text ? *text : text.error().message();
}

void serve_text(Connection& c) {
  while (true) {
    std::string head = c.read_head();
    if (head.empty()) return;
    c.answer("200 OK", head.substr(0, head.find('\r')), "X-Seen: yes\r\nx-seen: twice\r\n");
  }
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

class StringSource final : public Reader {
 public:
  explicit StringSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t count = std::min({out.size(), text_.size() - at_, std::size_t{70001}});
    std::ranges::copy(std::as_bytes(std::span(text_)).subspan(at_, count), out.begin());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

TEST(Client, BringsStatusHeadersAndBody) {
  ScriptedServer server(serve_text);
  Client c = client();
  auto answer = c.send(get(server.url("/a?b=1")));
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->status(), 200);
  EXPECT_EQ(answer->header("X-SEEN"), "yes");
  EXPECT_EQ(answer->all_headers("x-seen").size(), 2U);
  EXPECT_EQ(answer->text().value(), "GET /a?b=1 HTTP/1.1");
}

TEST(Client, KeepsConnections) {
  ScriptedServer server(serve_text);
  Client c = client();
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(fetched(c, get(server.url("/x"))), "GET /x HTTP/1.1");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, CarriesManyRequestsAtOnce) {
  std::string body = pattern(3U << 20);
  ScriptedServer server([&](Connection& c) {
    while (!c.read_head().empty())
      c.answer("200 OK", body);
  });
  Client c = client();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (fetched(c, get(server.url())) == body) ++right;
    });
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(right, 8);
}

TEST(Client, AHaltedReaderHoldsNobodyUp) {
  std::string body = pattern(16U << 20);
  ScriptedServer server([&](Connection& c) {
    while (true) {
      std::string head = c.read_head();
      if (head.empty()) return;
      c.answer("200 OK", head.starts_with("GET /big") ? std::string_view(body) : "small");
    }
  });
  Client c = client();
  Request big = get(server.url("/big"));
  big.limits.body_bytes = body.size();
  auto halted = c.send(big);
  ASSERT_TRUE(halted.has_value());
  EXPECT_EQ(fetched(c, get(server.url("/small"))), "small");
  EXPECT_EQ(halted->text().value(), body);
}

TEST(Client, UploadsATextAndAStream) {
  std::string body = pattern(5'000'000);
  ScriptedServer server([&](Connection& c) {
    while (true) {
      std::string head = c.read_head();
      if (head.empty()) return;
      EXPECT_NE(head.find("Content-Length: 5000000"), std::string::npos) << head;
      c.answer("201 Created", c.read_body(body.size()) == body ? "same" : "differs");
    }
  });
  Client c = client();
  Request put = get(server.url());
  put.method = "PUT";
  put.body_text = body;
  EXPECT_EQ(fetched(c, put), "same");
  StringSource source(body);
  put.body_text.clear();
  put.body_stream = &source;
  put.body_size = body.size();
  EXPECT_EQ(fetched(c, put), "same");
}

TEST(Client, UploadsAStreamOfUnknownLengthInChunks) {
  ScriptedServer server([&](Connection& c) {
    std::string head = c.read_head();
    EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos) << head;
    std::string body;
    while (!body.ends_with("\r\n0\r\n\r\n")) {
      std::string more = c.read_body(1);
      if (more.empty()) break;
      body += more;
    }
    c.answer("200 OK", body);
  });
  Request patch = get(server.url());
  patch.method = "PATCH";
  StringSource source("hello");
  patch.body_stream = &source;
  EXPECT_EQ(fetched(client(), patch), "5\r\nhello\r\n0\r\n\r\n");
}

TEST(Client, HearsAServerThatHasHeardEnough) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.answer("401 Unauthorized", "no", "Connection: close\r\n");
  });
  Request put = get(server.url());
  put.method = "PUT";
  StringSource source(pattern(64U << 20));
  put.body_stream = &source;
  put.body_size = 64U << 20;
  Client c = client();
  auto answer = c.send(put);
  // The server closes while we write: what arrives first decides, but it must be one of these two.
  if (answer)
    EXPECT_EQ(answer->status(), 401);
  else
    EXPECT_EQ(answer.error().code(), ECONNRESET);
}

TEST(Client, SendsAnEmptyPostWithItsLength) {
  ScriptedServer server([&](Connection& c) {
    std::string head = c.read_head();
    c.answer("202 Accepted", head);
  });
  Request post = get(server.url());
  post.method = "POST";
  std::string head = fetched(client(), post);
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Expect"), std::string::npos) << head;
}

TEST(Client, HeadHasNoBody) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
  });
  Request head = get(server.url());
  head.method = "HEAD";
  Client c = client();
  auto answer = c.send(head);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->header("content-length"), "12345");
  EXPECT_EQ(answer->text().value(), "");
}

TEST(Client, FollowsARedirectAndTellsWhereItEnded) {
  ScriptedServer server([&](Connection& c) {
    while (true) {
      std::string head = c.read_head();
      if (head.empty()) return;
      if (head.starts_with("GET /old"))
        c.answer("307 Moved", "", "Location: ../new?x=1\r\n");
      else
        c.answer("200 OK", head.substr(0, head.find(" HTTP")));
    }
  });
  Client c = client();
  auto answer = c.send(get(server.url("/old/a")));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->url().path, "/new");
  EXPECT_EQ(answer->text().value(), "GET /new?x=1");
}

TEST(Client, CredentialsStayWithTheirOrigin) {
  std::string seen;
  ScriptedServer other([&](Connection& c) {
    seen = c.read_head();
    c.answer("200 OK", "");
  });
  ScriptedServer server([&](Connection& c) {
    std::string head = c.read_head();
    EXPECT_NE(head.find("Authorization: Bearer hunter2"), std::string::npos);
    c.answer("307 Moved", "", fmt::format("Location: {}\r\n", other.url("/blob")));
  });
  Request request = get(server.url());
  request.headers = {
      {.name = "Authorization", .value = "Bearer hunter2", .credential = Credential::Yes},
      {.name = "Accept", .value = "*/*"}};
  ASSERT_TRUE(client().send(request).has_value());
  EXPECT_NE(seen.find("Accept: */*"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("hunter2"), std::string::npos) << seen;
}

TEST(Client, RefusesRedirectLoopsAndOtherSchemes) {
  ScriptedServer loop([&](Connection& c) {
    while (!c.read_head().empty())
      c.answer("302 Found", "", "Location: /again\r\n");
  });
  auto looped = client().send(get(loop.url()));
  ASSERT_FALSE(looped.has_value());
  EXPECT_EQ(looped.error().code(), ELOOP);
  ScriptedServer file([&](Connection& c) {
    c.read_head();
    c.answer("302 Found", "", "Location: file:///etc/passwd\r\n");
  });
  auto refused = client().send(get(file.url()));
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message().find("only http and https"), std::string::npos);
}

TEST(Client, RefusesPlainTextWhereItIsNotAllowed) {
  Client c = client();
  Request request = get("http://example.com/");
  EXPECT_EQ(c.send(request).error().code(), EPERM);
  request = get("http://127.0.0.1:1/");
  request.plain = PlainHttp::Refuse;
  EXPECT_EQ(c.send(request).error().code(), EPERM);
}

TEST(Client, ARedirectDoesNotLeadToPlainTextElsewhere) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.answer("302 Found", "", "Location: http://example.com/\r\n");
  });
  EXPECT_EQ(client().send(get(server.url())).error().code(), EPERM);
}

TEST(Client, RefusesHeadersThatAreTwo) {
  Request request = get("http://127.0.0.1:1/");
  request.headers = {{.name = "A", .value = "b\r\nC: d"}};
  Client c = client();
  auto answer = c.send(request);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), EINVAL);
}

TEST(Client, SaysThatNobodyListens) {
  std::string url;
  {
    ScriptedServer gone([](Connection&) {});
    url = gone.url();
  }
  Client c = client();
  auto answer = c.send(get(url));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ECONNREFUSED);
  EXPECT_NE(answer.error().message().find("cannot connect"), std::string::npos);
}

TEST(Client, NoticesABodyThatIsCutAtEveryByte) {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  std::size_t cut = 0;
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write(std::string_view(whole).substr(0, cut));
  });
  Client c = client();
  for (cut = 0; cut < whole.size(); ++cut) {
    auto answer = c.send(get(server.url()));
    auto text = answer ? answer->text() : std::unexpected(answer.error());
    ASSERT_FALSE(text.has_value()) << "cut at " << cut << ": " << *text;
    EXPECT_TRUE(text.error().code() == ECONNRESET || text.error().code() == EPROTO)
        << "cut at " << cut << ": " << text.error().message();
  }
  EXPECT_EQ(fetched(c, get(server.url())), "hello");
}

TEST(Client, EndsABodyThatHasNoEnd) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\n\r\n");
    while (c.write(std::string(65536, 'x'))) {
    }
  });
  Request request = get(server.url());
  request.limits.body_bytes = 1U << 20;
  Client c = client();
  auto answer = c.send(request);
  ASSERT_TRUE(answer.has_value());
  auto text = answer->text();
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code(), EFBIG);
}

TEST(Client, EndsAHeadThatHasNoEnd) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\n");
    while (c.write("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  Client c = client();
  auto answer = c.send(get(server.url()));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), EFBIG) << answer.error().message();
}

TEST(Client, EndsADripThatIsSlowerThanAllowed) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
    c.read_head();  // until the client has gone
  });
  Request request = get(server.url());
  request.limits.stall = 1s;
  Client c = client();
  auto answer = c.send(request);
  ASSERT_TRUE(answer.has_value());
  auto text = answer->text();
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code(), ETIMEDOUT);
}

TEST(Client, EndsAnExchangeThatTakesTooLong) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.read_head();
  });
  Request request = get(server.url());
  request.limits.total = 300ms;
  Client c = client();
  auto answer = c.send(request);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ETIMEDOUT);
}

TEST(Client, RefusesWhatIsNoHttp) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write("SSH-2.0-OpenSSH_9.2\r\n");
  });
  Client c = client();
  auto answer = c.send(get(server.url()));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), EPROTO) << answer.error().message();
}

TEST(Client, DroppedAnswersCancelTheirTransfer) {
  std::atomic<bool> noticed = false;
  {
    ScriptedServer server([&](Connection& c) {
      c.read_head();
      c.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
      while (c.write(std::string(65536, 'x'))) {
      }
      noticed = true;
    });
    Client c = client();
    Request request = get(server.url());
    request.limits.body_bytes = 1ULL << 40;
    {
      auto answer = c.send(request);
    }
    while (!noticed)
      std::this_thread::yield();  // the test's own time limit ends this
  }
  EXPECT_TRUE(noticed);
}

TEST(Client, CredentialsAreInNoArgumentAndNoEnvironment) {
  ScriptedServer server([&](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
    c.read_head();
  });
  ASSERT_EQ(::setenv("HUNTER", "hunter2", 1), 0);
  Client c = client();
  Request request = get(server.url());
  request.headers = {
      {.name = "Authorization", .value = "Bearer hunter2", .credential = Credential::Yes}};
  auto answer = c.send(request);
  ASSERT_TRUE(answer.has_value());
  // The helper is our only child.
  std::ifstream children("/proc/thread-self/children");
  std::string pid;
  children >> pid;
  ASSERT_FALSE(pid.empty());
  for (const char* file : {"cmdline", "environ"}) {
    std::ifstream in("/proc/" + pid + "/" + file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << file;
  }
}

TEST(Client, SaysThatTheHelperIsMissing) {
  auto none = Client::start({.helper = "/nonexistent/suit-fetch"});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code(), ENOENT);
}

}  // namespace
}  // namespace suit::http
