/// \file
/// One request on its way: what its socket brings goes to libcurl, what libcurl brings goes to the
/// socket. Neither side is ever waited for: what is not ready is paused.

#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/wire_internal.h"
#include "os/fd.h"

namespace suit::fetch {

struct EasyCloser {
  void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};

/// Whether a transfer still has something to do.
enum class Life { Goes, Over };

class Transfer {
 public:
  explicit Transfer(os::Fd socket) : socket_(std::move(socket)) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  os::FdRef socket() const { return socket_; }
  /// Whether the socket should be watched for reading (there is room for a body), for writing
  /// (there is an answer to deliver).
  bool wants_input() const { return !done_ && upload_.size() - upload_at_ < kRoom; }
  bool wants_output() const { return !out_.empty() || !body_.empty(); }

  /// The client has written, or gone. A whole request starts the transfer in \p multi.
  Life on_input(CURLM* multi);
  /// Delivers what is there; unpauses libcurl when there is room again.
  Life flush();
  /// libcurl is through with it.
  void finish(CURLcode code);

 private:
  // Enough to keep both sides busy: a socket holds some 200 KiB.
  static constexpr std::size_t kRoom = 1U << 20;

  Result<void> take_frames(CURLM* multi);
  Result<void> start(std::string_view payload, CURLM* multi);
  void set_bounds(const http::Fields& fields);
  void set_trust(const http::Fields& fields);
  void set_body(const http::Fields& fields);
  void send_frame(http::FrameKind kind, std::string_view payload);
  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  std::size_t on_upload(char* out, std::size_t room);
  void send_done(int code, const std::string& text, const std::string& hint);

  static std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t body_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t upload_callback(char* data, std::size_t size, std::size_t count, void* self);
  static int seek_callback(void* self, curl_off_t offset, int origin);

  os::Fd socket_;
  std::unique_ptr<CURL, EasyCloser> easy_;
  std::unique_ptr<curl_slist, ListCloser> headers_;
  CURLM* multi_ = nullptr;  ///< that `easy_` is in
  std::array<char, CURL_ERROR_SIZE> reason_{};

  std::string in_;  ///< from the client, not yet a whole frame
  std::string upload_;
  std::size_t upload_at_ = 0;
  bool upload_ended_ = false;
  bool is_stream_ = false;
  bool upload_paused_ = false;

  http::Fields head_;
  std::size_t head_bytes_ = 0;
  bool head_sent_ = false;
  bool head_too_long_ = false;
  std::string body_;  ///< received, not yet a frame
  std::string out_;   ///< frames for the client
  bool body_paused_ = false;
  bool done_ = false;
};

}  // namespace suit::fetch
