/// \file
/// What travels between `Client` and suit-fetch on a request's socket: frames.
///
///     kind (1 byte)  size of the payload (4 bytes, big-endian)  payload
///
///     ──> Request  Body*  End                 Body and End only for a streamed body
///     <── Head  Body*  Done                   Done alone when there was no answer

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace suit::http {

enum class FrameKind : char { Request = 'R', Body = 'B', End = 'E', Head = 'H', Done = 'D' };

inline constexpr std::size_t kFrameHeaderBytes = 5;
/// Of a request with its inline body: a manifest of 4 MiB is the largest that registries accept.
inline constexpr std::size_t kMaxFrameBytes = 32U << 20;

struct FrameHeader {
  FrameKind kind = FrameKind::Done;
  std::size_t size_bytes = 0;
};

std::string to_wire(FrameHeader header);
/// \param bytes `kFrameHeaderBytes` of them
/// \errors EPROTO for another kind, or a payload above the limit
Result<FrameHeader> parse_frame_header(std::string_view bytes);

/// The payload of Request, Head and Done: names and values, each with its length before it.
using Fields = std::vector<std::pair<std::string, std::string>>;
std::string pack(const Fields& fields);
/// \errors EPROTO
Result<Fields> unpack(std::string_view payload);
std::string_view field_or(const Fields& fields, std::string_view name,
                          std::string_view otherwise = "");

/// Writes all of it to a socket; a peer that has gone is EPIPE, never a signal.
Result<void> send_all(os::FdRef socket, std::string_view bytes);
/// Reads exactly as much.
/// \errors ECONNRESET when the peer has gone
Result<void> receive_all(os::FdRef socket, std::span<char> out);

}  // namespace suit::http
