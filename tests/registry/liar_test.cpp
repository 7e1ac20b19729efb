// Registries that lie: each lie ends in an error that says so, soon, and nothing half-stored.

#include <gmock/gmock.h>

#include "fake_registry.h"

namespace suit::registry {
namespace {

using test::Asked;
using test::FakeRegistry;
using test::Puller;
using testing::HasSubstr;

// A registry that answers requests for \p what (`layer`, `manifest`, `config`) by \p lie.
class Liar {
 public:
  Liar(std::string what, std::function<void(Asked&, FakeRegistry&)> lie)
      : registry_([this, what, lie](Asked& asked) {
          if (!registry_ready_ || path_of(what) != asked.line()) return false;
          lie(asked, registry_);
          return true;
        }) {
    registry_ready_ = true;
  }
  FakeRegistry& registry() { return registry_; }
  std::string refusal() { return puller_.refusal(registry_.reference()); }
  Puller& puller() { return puller_; }

 private:
  std::string path_of(const std::string& what) {
    if (what == "layer") return "GET " + registry_.layer_path();
    if (what == "config") return "GET /v2/app/blobs/" + hash::sha256(registry_.config).text();
    return what == "manifest" ? "GET /v2/app/manifests/1" : "";
  }
  std::atomic<bool> registry_ready_ = false;
  FakeRegistry registry_;
  Puller puller_;
};

TEST(Liar, SendsOtherContentThanTheDigestSays) {
  Liar liar("layer", [](Asked& asked, FakeRegistry& registry) {
    std::string other = registry.layer;
    other[600] = '!';
    asked.connection.answer("200 OK", other);
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("has the digest"));
}

TEST(Liar, PromisesAnotherSize) {
  Liar liar("layer", [](Asked& asked, FakeRegistry& registry) {
    asked.connection.answer("200 OK", registry.layer + "more");
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("bytes, where"));
}

TEST(Liar, SendsABodyWithoutEnd) {
  Liar liar("layer", [](Asked& asked, FakeRegistry&) {
    asked.connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (asked.connection.write(std::string(65536, 'x'))) {
    }
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("longer than"));
}

TEST(Liar, SendsTooLittleAgainAndAgain) {
  std::atomic<int> goes = 0;
  Liar liar("layer", [&](Asked& asked, FakeRegistry&) {
    ++goes;
    asked.connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2560\r\n\r\n");
    ::shutdown(asked.connection.fd(), SHUT_RDWR);
  });
  EXPECT_NE(liar.refusal(), "");
  EXPECT_LE(goes, 10);
}

TEST(Liar, SendsAnotherPartThanWasAskedFor) {
  std::atomic<int> goes = 0;
  Liar liar("layer", [&](Asked& asked, FakeRegistry& registry) {
    if (goes++ == 0) {
      asked.connection.write(
          fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\nxxxxx", registry.layer.size()));
      ::shutdown(asked.connection.fd(), SHUT_RDWR);
      return;
    }
    asked.connection.answer("206 Partial Content", registry.layer,
                            "Content-Range: bytes 0-9/10\r\n");
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("another part"));
}

TEST(Liar, SendsALayerThatUnpacksToOtherContent) {
  Liar liar("none", [](Asked&, FakeRegistry&) {});
  oci::ImageConfig image;
  image.platform = oci::host_platform();
  image.diff_ids = {hash::sha256("something else")};
  liar.registry().config = oci::to_json(image);
  liar.registry().write_manifest();
  EXPECT_THAT(liar.refusal(), HasSubstr("diffID"));
}

TEST(Liar, NamesMoreLayersThanItHas) {
  Liar liar("none", [](Asked&, FakeRegistry&) {});
  oci::ImageConfig image;
  image.platform = oci::host_platform();
  image.diff_ids = {hash::sha256(liar.registry().layer), hash::sha256("x")};
  liar.registry().config = oci::to_json(image);
  liar.registry().write_manifest();
  EXPECT_THAT(liar.refusal(), HasSubstr("2 diff_ids for 1 layers"));
}

TEST(Liar, GivesAManifestAnotherDigestThanItHas) {
  Liar liar("manifest", [](Asked& asked, FakeRegistry& registry) {
    asked.connection.answer("200 OK", registry.manifest,
                            fmt::format("Content-Type: {}\r\nDocker-Content-Digest: {}\r\n",
                                        registry.manifest_type, hash::sha256("other").text()));
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("the manifest has the digest"));
}

TEST(Liar, AnswersADigestWithAnotherManifest) {
  FakeRegistry registry;
  Puller puller;
  auto wanted = registry.reference("@" + hash::sha256("other").text());
  EXPECT_THAT(puller.refusal(wanted), HasSubstr("the manifest has the digest"));
}

TEST(Liar, CallsAManifestAnIndex) {
  Liar liar("manifest", [](Asked& asked, FakeRegistry& registry) {
    FakeRegistry::document(asked, registry.manifest, std::string(oci::kMediaIndex));
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("it is sent as"));
}

TEST(Liar, SendsADocumentThatIsBoth) {
  Liar liar("manifest", [](Asked& asked, FakeRegistry& registry) {
    std::string both = registry.manifest;
    both.insert(1, R"("manifests":[],)");
    FakeRegistry::document(asked, both, std::string(oci::kMediaManifest));
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("an index and a manifest at once"));
}

TEST(Liar, SendsSchema1) {
  Liar liar("manifest", [](Asked& asked, FakeRegistry&) {
    FakeRegistry::document(asked, R"({"schemaVersion":1,"name":"app","tag":"1","fsLayers":[]})",
                           "application/vnd.docker.distribution.manifest.v1+prettyjws");
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("schema 1"));
}

TEST(Liar, SendsAMediaTypeThatNobodyKnows) {
  Liar liar("manifest", [](Asked& asked, FakeRegistry&) {
    FakeRegistry::document(asked, R"({"schemaVersion":2,"mediaType":"application/x-cat"})",
                           "application/x-cat");
  });
  EXPECT_THAT(liar.refusal(), HasSubstr("is no image"));
}

TEST(Liar, SendsAnIndexThatHoldsItselfByAnotherName) {
  std::string index;
  FakeRegistry registry([&](Asked& asked) {
    if (asked.line().find("/manifests/") == std::string::npos) return false;
    FakeRegistry::document(asked, index, "");
    return true;
  });
  oci::Index inner;
  std::string inner_text = oci::to_json(inner);
  oci::Index outer;
  outer.manifests.push_back({.media_type = std::string(oci::kMediaManifest),
                             .digest = hash::sha256(inner_text),
                             .size_bytes = inner_text.size(),
                             .platform = oci::host_platform(),
                             .annotations = {}});
  index = oci::to_json(outer);
  std::atomic<int> asked_times = 0;
  std::string outer_text = index;
  FakeRegistry liar([&](Asked& asked) {
    if (asked.line().find("/manifests/") == std::string::npos) return false;
    FakeRegistry::document(asked, asked_times++ == 0 ? outer_text : inner_text,
                           std::string(oci::kMediaIndex));
    return true;
  });
  Puller puller;
  EXPECT_THAT(puller.refusal(liar.reference()), HasSubstr("where the index promised a manifest"));
}

TEST(Liar, SendsJsonThatIsHugeOrNone) {
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string(100, '['),
                                  std::string("{\"schemaVersion\":2}")}) {
    Liar liar("manifest", [&](Asked& asked, FakeRegistry&) {
      FakeRegistry::document(asked, text, std::string(oci::kMediaManifest));
    });
    EXPECT_NE(liar.refusal(), "") << text;
  }
  Liar huge("manifest", [&](Asked& asked, FakeRegistry&) {
    FakeRegistry::document(asked, std::string(5U << 20, ' '), std::string(oci::kMediaManifest));
  });
  EXPECT_NE(huge.refusal(), "");
}

TEST(Liar, StatesSizesThatFillTheDisk) {
  Liar liar("manifest", [](Asked& asked, FakeRegistry& registry) {
    std::string text = registry.manifest;
    std::string size = fmt::format("\"size\":{}", registry.layer.size());
    text.replace(text.rfind(size), size.size(), "\"size\":1000000000000");
    FakeRegistry::document(asked, text, registry.manifest_type);
  });
  EXPECT_NE(liar.refusal(), "");
  for (const std::string& line : liar.registry().lines())
    EXPECT_EQ(line.find("/blobs/"), std::string::npos) << line;
}

TEST(Liar, RedirectsToAFileOrInACircle) {
  Liar file("layer", [](Asked& asked, FakeRegistry&) {
    asked.connection.answer("307 Temporary Redirect", "", "Location: file:///etc/passwd\r\n");
  });
  EXPECT_THAT(file.refusal(), HasSubstr("only http and https"));
  Liar loop("layer", [](Asked& asked, FakeRegistry& registry) {
    asked.connection.answer("307 Temporary Redirect", "",
                            "Location: " + registry.layer_path() + "\r\n");
  });
  EXPECT_THAT(loop.refusal(), HasSubstr("redirects"));
}

TEST(Liar, RedirectsToAnotherHostWhichSeesNoCredentials) {
  std::string seen;
  FakeRegistry* self = nullptr;
  test::ScriptedServer other([&](test::Connection& c) {
    seen = c.read_head();
    c.answer("200 OK", self->layer);
  });
  FakeRegistry registry([&](Asked& asked) {
    if (asked.head.find("Authorization: Basic") == std::string::npos) {
      asked.connection.answer("401 Unauthorized", "", "WWW-Authenticate: Basic realm=\"x\"\r\n");
      return true;
    }
    if (!asked.is("GET " + self->layer_path())) return false;
    asked.connection.answer("307 Temporary Redirect", "",
                            "Location: " + other.url("/storage") + "\r\n");
    return true;
  });
  self = &registry;
  Puller puller;
  LoginFiles files;
  files.docker = puller.dir() + "/config.json";
  ASSERT_TRUE(store_login(
      files, registry.host(),
      {.username = "me", .password = "hunter2", .identity_token = {}, .registry_token = {}}));
  puller.access().logins = files;
  auto pulled = puller.pull(registry.reference());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
  EXPECT_NE(seen, "");
  EXPECT_EQ(seen.find("Authorization"), std::string::npos) << seen;
}

TEST(Liar, RefusesEveryLoginForever) {
  std::atomic<int> goes = 0;
  FakeRegistry* self = nullptr;
  FakeRegistry registry([&](Asked& asked) {
    ++goes;
    if (asked.line().starts_with("GET /token"))
      asked.connection.answer("200 OK", R"({"token":"x"})");
    else
      asked.connection.answer(
          "401 Unauthorized", "",
          fmt::format("WWW-Authenticate: Bearer realm=\"http://{}/token\"\r\n", self->host()));
    return true;
  });
  self = &registry;
  Puller puller;
  EXPECT_THAT(puller.refusal(registry.reference()), HasSubstr("pull access denied"));
  EXPECT_LE(goes, 3);
}

TEST(Liar, ChallengesInWordsThatAreNone) {
  for (const char* header : {"", "Bearer", "Bearer realm=", "Bearer realm=\"file:///etc/passwd\"",
                             "Bearer realm=\"unfinished", "Digest realm=\"x\"", "\"", "=",
                             "Bearer realm=\"http://user:hunter2@127.0.0.1/\""}) {
    FakeRegistry registry([&](Asked& asked) {
      asked.connection.answer("401 Unauthorized", "",
                              fmt::format("WWW-Authenticate: {}\r\n", header));
      return true;
    });
    Puller puller;
    std::string refusal = puller.refusal(registry.reference());
    EXPECT_NE(refusal, "") << header;
    EXPECT_EQ(refusal.find("hunter2"), std::string::npos) << refusal;
  }
}

TEST(Liar, StormsWithErrors) {
  for (const char* status :
       {"429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"}) {
    std::atomic<int> goes = 0;
    FakeRegistry registry([&](Asked& asked) {
      ++goes;
      asked.connection.answer(status, "<html>oops</html>");
      return true;
    });
    Puller puller;
    EXPECT_THAT(puller.refusal(registry.reference()), HasSubstr(std::string(status).substr(0, 3)));
    EXPECT_LE(goes, 4);
  }
}

TEST(Liar, AsksForPatienceBeyondMeasure) {
  FakeRegistry registry([&](Asked& asked) {
    asked.connection.answer("429 Too Many Requests", "", "Retry-After: 86400\r\n");
    return true;
  });
  Puller puller;
  EXPECT_THAT(puller.refusal(registry.reference()), HasSubstr("429"));
}

TEST(Liar, ReportsErrorsThatCarryControlBytes) {
  FakeRegistry registry([&](Asked& asked) {
    asked.connection.answer(
        "404 Not Found", "{\"errors\":[{\"code\":\"X\",\"message\":\"\\u001b[31mred\\u0007\"}]}");
    return true;
  });
  Puller puller;
  std::string refusal = puller.refusal(registry.reference());
  EXPECT_EQ(refusal.find('\x1b'), std::string::npos);
  EXPECT_THAT(refusal, HasSubstr("red"));
}

TEST(Liar, CutsTheLayerAtManyPlacesAndIsOutlasted) {
  std::atomic<std::size_t> sent = 0;
  Liar liar("layer", [&](Asked& asked, FakeRegistry& registry) {
    std::size_t at = asked.head.find("Range: bytes=");
    std::size_t from = at == std::string::npos ? 0 : std::stoul(asked.head.substr(at + 13));
    std::size_t size = std::min<std::size_t>(61, registry.layer.size() - from);
    sent += size;
    asked.connection.write(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n",
                                       from == 0 ? "200 OK" : "206 Partial Content",
                                       registry.layer.size() - from));
    if (from > 0)
      asked.connection.write(fmt::format("Content-Range: bytes {}-{}/{}\r\n", from,
                                         registry.layer.size() - 1, registry.layer.size()));
    asked.connection.write("\r\n" + registry.layer.substr(from, size));
    ::shutdown(asked.connection.fd(), SHUT_RDWR);
  });
  auto pulled = liar.puller().pull(liar.registry().reference());
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
  EXPECT_EQ(sent, liar.registry().layer.size());
}

}  // namespace
}  // namespace suit::registry
