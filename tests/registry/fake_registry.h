/// \file
/// A registry of one image, and the places where a test makes it lie.

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "../support/scripted_server.h"
#include "hash/sha256.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "oci/platform.h"
#include "os/file.h"
#include "registry/pull.h"
#include "store/check.h"
#include "store/store.h"

namespace suit::test {

/// A ustar archive of one file.
inline std::string tar_of(const std::string& name, const std::string& content) {
  std::string header(512, '\0');
  auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (char c : header)
    sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string body = content;
  body.resize((content.size() + 511) / 512 * 512, '\0');
  return header + body + std::string(1024, '\0');
}

/// What one request asked for, and a way to answer.
struct Asked {
  std::string head;  ///< with the request line first
  Connection& connection;
  std::string line() const { return head.substr(0, head.find(" HTTP/")); }
  bool is(std::string_view method_and_path) const { return line() == method_and_path; }
};

class FakeRegistry {
 public:
  /// true: answered by the test
  using Lie = std::function<bool(Asked&)>;

  explicit FakeRegistry(Lie lie = {}, std::size_t layer_bytes = 1000)
      : lie_(std::move(lie)), server_([this](Connection& c) { serve(c); }) {
    std::string content(layer_bytes, 'x');
    for (std::size_t i = 0; i < content.size(); ++i)
      content[i] = static_cast<char>('a' + (i * 7 + i / 255) % 26);
    layer = tar_of("file", content);
    oci::ImageConfig image;
    image.platform = oci::host_platform();
    image.diff_ids = {hash::sha256(layer)};
    config = oci::to_json(image);
    write_manifest();
  }

  void write_manifest() {
    oci::Manifest document;
    document.config = {.media_type = std::string(oci::kMediaConfig),
                       .digest = hash::sha256(config),
                       .size_bytes = config.size(),
                       .platform = {},
                       .annotations = {}};
    document.layers = {{.media_type = std::string(oci::kMediaLayerTar),
                        .digest = hash::sha256(layer),
                        .size_bytes = layer.size(),
                        .platform = {},
                        .annotations = {}}};
    manifest = oci::to_json(document);
  }

  std::string config, layer, manifest;
  std::string manifest_type{oci::kMediaManifest};

  std::string host() const { return server_.host(); }
  std::string layer_path() const { return "/v2/app/blobs/" + hash::sha256(layer).text(); }
  naming::Reference reference(const std::string& rest = ":1") const {
    return naming::parse_reference(server_.host() + "/app" + rest).value();
  }
  /// All request lines so far.
  std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  std::string heads() {
    std::lock_guard lock(mutex_);
    return heads_;
  }

  /// The true answer.
  void answer(Asked& asked) {
    std::string line = asked.line();
    std::string path = line.substr(line.find(' ') + 1);
    if (path.starts_with("/v2/app/manifests/")) return document(asked, manifest, manifest_type);
    for (const std::string* blob : {&config, &layer})
      if (path == "/v2/app/blobs/" + hash::sha256(*blob).text()) return send_blob(asked, *blob);
    asked.connection.answer("404 Not Found",
                            R"({"errors":[{"code":"NAME_UNKNOWN","message":"nothing here"}]})");
  }
  static void document(Asked& asked, const std::string& text, const std::string& type) {
    asked.connection.answer("200 OK", text, "Content-Type: " + type + "\r\n");
  }
  static void send_blob(Asked& asked, const std::string& blob) {
    std::size_t at = asked.head.find("Range: bytes=");
    if (at == std::string::npos) {
      asked.connection.answer("200 OK", blob);
      return;
    }
    std::size_t from = std::stoul(asked.head.substr(at + 13));
    asked.connection.answer(
        "206 Partial Content", std::string_view(blob).substr(from),
        fmt::format("Content-Range: bytes {}-{}/{}\r\n", from, blob.size() - 1, blob.size()));
  }

 private:
  void serve(Connection& connection) {
    while (true) {
      std::string head = connection.read_head();
      // A client that tries TLS first speaks no HTTP: it is hung up on.
      if (head.empty()) return;
      Asked asked{head, connection};
      {
        std::lock_guard lock(mutex_);
        lines_.push_back(asked.line());
        heads_ += head;
      }
      if (lie_ && lie_(asked)) continue;
      answer(asked);
    }
  }
  Lie lie_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::string heads_;
  ScriptedServer server_;  // last: its threads use the rest
};

/// A store of its own, and the way to pull into it.
class Puller {
 public:
  explicit Puller(registry::LoginFiles logins = {})
      : dir_(os::TempDir::create("/tmp", "suit-registry-test-").value()),
        store_(store::Store::open(dir_.path() + "/store").value()),
        access_{.client = http::Client::start(
                              {.helper = std::string(SUIT_BINARY_DIR) + "/bin/suit-fetch"})
                              .value(),
                .config = {},
                .logins = std::move(logins)} {
    access_.retries.attempts = 2;
    access_.retries.first = std::chrono::milliseconds(1);
  }

  Result<registry::Pulled> pull(const naming::Reference& reference) {
    auto prepared = registry::prepare_pull(access_, store_, reference, oci::host_platform());
    if (!prepared) return std::unexpected(std::move(prepared).error());
    return registry::execute(std::move(*prepared), store_, [](const registry::BlobProgress&) {});
  }
  /// The message of the pull that must fail, after which nothing is half-stored.
  std::string refusal(const naming::Reference& reference) {
    auto pulled = pull(reference);
    EXPECT_FALSE(pulled.has_value());
    EXPECT_TRUE(store_.images().empty());
    auto report = store::check(store_);
    EXPECT_TRUE(report.has_value());
    if (report) {
      EXPECT_TRUE(report->problems.empty())
          << report->problems.front().object << ": " << report->problems.front().what;
    }
    return pulled ? "" : pulled.error().message();
  }
  store::Store& store() { return store_; }
  registry::Access& access() { return access_; }
  const std::string& dir() const { return dir_.path(); }

 private:
  os::TempDir dir_;
  store::Store store_;
  registry::Access access_;
};

}  // namespace suit::test
