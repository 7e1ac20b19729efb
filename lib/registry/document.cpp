#include "registry/document.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "hash/sha256.h"
#include "oci/json.h"
#include "oci/platform.h"

namespace suit::registry {
namespace {

constexpr std::size_t kMaxDocument = 4U << 20;  // what registries accept
constexpr std::size_t kMaxPages = 1000;
constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+";

constexpr std::array kAccepted = {oci::kMediaIndex, oci::kDockerIndex, oci::kMediaManifest,
                                  oci::kDockerManifest};

http::Request document_request(std::string url) {
  http::Request request;
  request.url = std::move(url);
  // One header a type: some registries read only the first of a list.
  for (std::string_view type : kAccepted)
    request.headers.push_back({.name = "Accept", .value = std::string(type)});
  request.limits.body_bytes = kMaxDocument;
  request.limits.total = std::chrono::minutes(2);
  return request;
}

// In Docker's words; the errno has done its work once we are here.
Error in_docker_words(Error error, const naming::Reference& reference) {
  if (error.code() == ENOENT)
    return Error(0,
                 fmt::format("manifest for {} not found: {}", reference.familiar(), error.what()))
        .with_hint(fmt::format("`suit image ls-remote {}` lists the tags that there are",
                               reference.familiar_repository()));
  if (error.code() == EACCES)
    return Error(0, fmt::format("pull access denied for {}, repository does not exist or may "
                                "require 'suit login': {}",
                                reference.familiar_repository(), error.what()))
        .with_hint(error.hint());
  return error;
}

// The media type in front of `; charset=utf-8`.
std::string type_of(const http::Response& answer) {
  std::string_view value = answer.header("Content-Type").value_or("");
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' '))
    value.remove_suffix(1);
  return std::string(value);
}

Result<Document> read_document(http::Response& answer, const digest::Digest& expected,
                               const std::string& what) {
  Document document;
  document.media_type = type_of(answer);
  auto text = answer.text();
  if (!text) return wrap(std::move(text).error(), what);
  document.text = *std::move(text);
  document.digest = hash::sha256(document.text);
  std::string_view said = answer.header("Docker-Content-Digest").value_or("");
  // Where we asked by digest, that alone decides; by tag, the registry's own word must be true.
  std::string wanted = expected.empty() ? std::string(said) : expected.text();
  if (wanted.empty() || wanted == document.digest.text()) return document;
  if (expected.empty() && !wanted.starts_with("sha256:")) return document;
  return fail(0,
              fmt::format("{}: the manifest has the digest {}, not {}", what,
                          document.digest.text(), wanted),
              "the registry, or somebody on the way, sent other content: nothing of it is kept");
}

std::string platforms_of(const oci::Index& index) {
  std::string all;
  for (const oci::Descriptor& each : index.manifests)
    if (each.platform && each.platform->os != "unknown")
      all += (all.empty() ? "" : ", ") + oci::to_text(*each.platform);
  return all.empty() ? "none" : all;
}

bool is_manifest_type(std::string_view type) {
  return type == oci::kMediaManifest || type == oci::kDockerManifest;
}
bool is_index_type(std::string_view type) {
  return type == oci::kMediaIndex || type == oci::kDockerIndex;
}

// `Link: </v2/x/tags/list?last=b&n=100>; rel="next"`
std::string next_page(const http::Response& answer) {
  std::string_view link = answer.header("Link").value_or("");
  std::size_t open = link.find('<');
  std::size_t close = link.find('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
      link.find("next", close) == std::string_view::npos)
    return {};
  auto url = http::resolve_url(answer.url(), link.substr(open + 1, close - open - 1));
  return url && url->origin() == answer.url().origin() ? url->text() : "";
}

}  // namespace

Result<std::variant<oci::Manifest, oci::Index>> parse_document(const Document& document) {
  std::string name = "manifest " + document.digest.text();
  SUIT_LET(oci::Json json, oci::parse_json(document.text));
  if (document.media_type.starts_with(kSchema1) || json.find("fsLayers"))
    return fail(
        0, name + ": it is in Docker's format of before 2016 (schema 1)",
        "its layers cannot be verified by their content; push the image anew with a tool of today");
  std::string inner = json.string_or("mediaType");
  std::string type = document.media_type;
  if (!inner.empty() && (is_manifest_type(type) || is_index_type(type)) && inner != type)
    return fail(0, fmt::format("{}: it is sent as {} but says that it is {}", name, type, inner));
  if (!inner.empty()) type = inner;
  // Without either, as OCI 1.0 allows, the content decides; with both kinds of content nothing
  // does.
  bool has_manifests = json.find("manifests") != nullptr;
  bool has_layers = json.find("layers") != nullptr || json.find("config") != nullptr;
  if (has_manifests && has_layers) return fail(0, name + ": it is an index and a manifest at once");
  if (is_index_type(type) || (!is_manifest_type(type) && inner.empty() && has_manifests)) {
    auto index = oci::parse_index(document.text);
    if (!index) return wrap(std::move(index).error(), name);
    return *std::move(index);
  }
  if (is_manifest_type(type) || (inner.empty() && has_layers)) {
    auto manifest = oci::parse_manifest(document.text);
    if (!manifest) return wrap(std::move(manifest).error(), name);
    return *std::move(manifest);
  }
  return fail(0, fmt::format("{}: {} is no image", name, type.empty() ? "what was sent" : type));
}

Result<Document> fetch_document(Session& session, const naming::Reference& reference) {
  std::string which = reference.digest.empty() ? reference.tag : reference.digest.text();
  auto answer = session.send(document_request(session.path("manifests/" + which)));
  if (!answer) return std::unexpected(in_docker_words(std::move(answer).error(), reference));
  if (!answer->is_ok())
    return std::unexpected(in_docker_words(refused(*answer, session.endpoint().host), reference));
  return read_document(*answer, reference.digest, reference.familiar());
}

Result<Document> fetch_document(Session& session, const oci::Descriptor& descriptor) {
  std::string what = "manifest " + descriptor.digest.text();
  if (descriptor.size_bytes > kMaxDocument)
    return fail(EFBIG, fmt::format("{}: {} bytes", what, descriptor.size_bytes));
  SUIT_LET(http::Response answer,
           session.send(document_request(session.path("manifests/" + descriptor.digest.text()))));
  if (!answer.is_ok()) return std::unexpected(refused(answer, what));
  SUIT_LET(Document document, read_document(answer, descriptor.digest, what));
  if (document.text.size() != descriptor.size_bytes)
    return fail(0, fmt::format("{} has {} bytes, not the {} of its descriptor", what,
                               document.text.size(), descriptor.size_bytes));
  if (document.media_type.empty()) document.media_type = descriptor.media_type;
  return document;
}

Result<oci::Descriptor> choose(const oci::Index& index, const oci::Platform& platform,
                               std::string_view image) {
  std::vector<oci::Descriptor> candidates;
  for (const oci::Descriptor& each : index.manifests)
    if (is_manifest_type(each.media_type) && !(each.platform && each.platform->os == "unknown"))
      candidates.push_back(each);
  auto same = [&](const oci::Descriptor& each) {
    return each.platform && oci::is_same(platform, *each.platform);
  };
  auto usable = [&](const oci::Descriptor& each) {
    return each.platform && oci::can_run(platform, *each.platform);
  };
  auto found = std::ranges::find_if(candidates, same);
  if (found == candidates.end()) found = std::ranges::find_if(candidates, usable);
  if (found == candidates.end() && candidates.size() == 1 && !candidates.front().platform)
    found = candidates.begin();
  if (found == candidates.end())
    return fail(0,
                fmt::format("no matching manifest for {} in the manifest list entries of {}",
                            oci::to_text(platform), image),
                fmt::format("there are: {}; --platform chooses", platforms_of(index)));
  return *found;
}

Result<std::vector<std::string>> fetch_tags(Session& session) {
  std::vector<std::string> tags;
  std::string url = session.path("tags/list");
  for (std::size_t page = 0; page < kMaxPages && !url.empty(); ++page) {
    http::Request request;
    request.url = url;
    SUIT_LET(http::Response answer, session.send(std::move(request)));
    std::string what = "tags of " + session.endpoint().account + "/" + session.repository();
    if (!answer.is_ok()) return std::unexpected(refused(answer, what));
    SUIT_LET(std::string text, answer.text());
    auto json = oci::parse_json(text);
    const oci::Json* list = json ? json->find("tags") : nullptr;
    if (!json || !list || (!list->as_array() && !list->is_null()))
      return fail(0, what + ": the answer is no list of tags");
    std::size_t before = tags.size();
    if (list->as_array())
      for (const oci::Json& tag : *list->as_array())
        if (tag.as_string()) tags.push_back(*tag.as_string());
    // A page that brings nothing new is a loop.
    url = tags.size() == before ? "" : next_page(answer);
  }
  return tags;
}

Result<oci::Index> fetch_referrers(Session& session, const digest::Digest& subject,
                                   const std::string& artifact_type) {
  std::string query =
      artifact_type.empty() ? "" : "?artifactType=" + http::percent_encode(artifact_type);
  SUIT_LET(http::Response answer,
           session.send(document_request(session.path("referrers/" + subject.text() + query))));
  if (answer.status() == 404) {
    std::string tag = fmt::format("{}-{}", subject.algorithm(), subject.hex());
    auto by_tag = session.send(document_request(session.path("manifests/" + tag)));
    if (!by_tag) return std::unexpected(std::move(by_tag).error());
    if (by_tag->status() == 404) return oci::Index();
    answer = *std::move(by_tag);
  }
  if (!answer.is_ok()) return std::unexpected(refused(answer, "referrers of " + subject.text()));
  SUIT_LET(std::string text, answer.text());
  SUIT_LET(oci::Index index, oci::parse_index(text));
  if (!artifact_type.empty())
    std::erase_if(index.manifests, [&](const oci::Descriptor& each) {
      return each.others.string_or("artifactType") != artifact_type;
    });
  return index;
}

}  // namespace suit::registry
