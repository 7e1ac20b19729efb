#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "registry/upload_internal.h"

namespace suit::registry {
namespace {

// `location?digest=…`, whether or not there is a query already.
std::string with_digest(const std::string& location, const digest::Digest& digest) {
  return location + (location.find('?') == std::string::npos ? "?" : "&") +
         "digest=" + http::percent_encode(digest.text());
}

http::Header content_type() {
  return {.name = "Content-Type", .value = "application/octet-stream"};
}

// At most `limit` bytes of another reader.
class Piece final : public Reader {
 public:
  explicit Piece(std::string_view text) : rest_(text) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t count = std::min(out.size(), rest_.size());
    std::ranges::copy(std::as_bytes(std::span(rest_.substr(0, count))), out.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Result<bool> has_blob(Session& session, const digest::Digest& digest) {
  http::Request head;
  head.method = "HEAD";
  head.url = session.path("blobs/" + digest.text());
  SUIT_LET(http::Response answer, session.send(std::move(head)));
  if (answer.status() == 401 || answer.status() == 403)
    return std::unexpected(refused(answer, "look for a blob"));
  return answer.is_ok();
}

Result<Upload> begin_upload(Session& session, const digest::Digest* digest,
                            const std::string& mount_from) {
  http::Request post;
  post.method = "POST";
  post.url = session.path("blobs/uploads/");
  if (digest && !mount_from.empty())
    post.url += fmt::format("?mount={}&from={}", http::percent_encode(digest->text()),
                            http::percent_encode(mount_from));
  SUIT_LET(http::Response answer, session.send(std::move(post)));
  if (answer.status() == 201) return Upload();
  if (answer.status() != 202) return std::unexpected(refused(answer, "begin an upload"));
  Upload upload;
  SUIT_LET(upload.location, Session::locate(answer));
  if (auto least = answer.header("OCI-Chunk-Min-Length"))
    std::from_chars(least->data(), least->data() + least->size(), upload.min_chunk);
  upload.min_chunk = std::min<std::uint64_t>(upload.min_chunk, 256U << 20);
  return upload;
}

Result<void> upload_whole(Session& session, const std::string& location, Reader& body,
                          const oci::Descriptor& blob) {
  http::Request put;
  put.method = "PUT";
  put.url = with_digest(location, blob.digest);
  put.headers.push_back(content_type());
  put.body_stream = &body;
  put.body_size = blob.size_bytes;
  SUIT_LET(http::Response answer, session.send(std::move(put)));
  if (!answer.is_ok()) return std::unexpected(refused(answer, "upload"));
  return {};
}

Result<std::string> upload_stream(Session& session, std::string location, Reader& body,
                                  std::uint64_t chunk_bytes) {
  std::vector<std::byte> buffer(chunk_bytes);
  std::uint64_t at = 0;
  while (true) {
    http::Request patch;
    patch.method = "PATCH";
    patch.url = location;
    patch.headers.push_back(content_type());
    std::size_t size = 0;
    if (chunk_bytes != 0) {
      SUIT_LET(size, read_full(body, buffer));
      if (size == 0) return location;
      patch.headers.push_back(
          {.name = "Content-Range", .value = fmt::format("{}-{}", at, at + size - 1)});
      patch.body_size = size;
    }
    Piece piece({reinterpret_cast<const char*>(buffer.data()), size});
    patch.body_stream = chunk_bytes != 0 ? static_cast<Reader*>(&piece) : &body;
    SUIT_LET(http::Response answer, session.send(std::move(patch)));
    if (answer.status() != 202 && !answer.is_ok())
      return std::unexpected(refused(answer, "upload"));
    SUIT_LET(location, Session::locate(answer));
    at += size;
    if (chunk_bytes == 0 || size < chunk_bytes) return location;
  }
}

Result<void> finish_upload(Session& session, const std::string& location,
                           const digest::Digest& digest) {
  http::Request put;
  put.method = "PUT";
  put.url = with_digest(location, digest);
  put.headers.push_back(content_type());
  SUIT_LET(http::Response answer, session.send(std::move(put)));
  if (!answer.is_ok()) return std::unexpected(refused(answer, "finish an upload"));
  return {};
}

void cancel_upload(Session& session, const std::string& location) {
  http::Request request;
  request.method = "DELETE";
  request.url = location;
  auto answer = session.send(std::move(request));
  if (!answer) return;
}

}  // namespace suit::registry
