#include "cli/progress_json.h"

#include <string_view>

#include <fmt/format.h>

#include "base/time.h"
#include "hash/sha256.h"

namespace suit::cli {

namespace {

using Kind = build::Event::Kind;

/// \source RFC 4648, section 4
std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t offset) -> unsigned {
      return i + offset < bytes.size() ? static_cast<unsigned char>(bytes[i + offset]) : 0U;
    };
    const unsigned group = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (unsigned part = 0; part < 4; ++part) {
      const bool padding = i + part > bytes.size();
      out += padding ? '=' : kAlphabet[group >> (18U - 6U * part) & 63U];
    }
  }
  return out;
}

}  // namespace

oci::Json JsonProgress::vertex(int id) const {
  const Vertex& vertex = vertices_.at(id);
  oci::Json json = oci::Json::object();
  json.set("digest", vertex.digest);
  json.set("name", vertex.name);
  json.set("started", vertex.started);
  if (!vertex.completed.empty()) json.set("completed", vertex.completed);
  if (vertex.cached) json.set("cached", true);
  if (!vertex.error.empty()) json.set("error", vertex.error);
  return json;
}

void JsonProgress::on(const build::Event& event) {
  Vertex& state = vertices_[event.vertex];
  const std::string now = to_rfc3339(begin_ns_ + event.at.count());
  std::string_view list = "vertexes";
  oci::Json item;
  switch (event.kind) {
    case Kind::Started:
      state.name = event.text;
      state.digest = hash::sha256(fmt::format("{} {}", event.vertex, event.text)).text();
      state.started = now;
      break;
    case Kind::Cached:
      state.cached = true;
      state.completed = now;
      break;
    case Kind::Done:
      state.completed = now;
      break;
    case Kind::Failed:
      state.completed = now;
      state.error = event.text;
      break;
    case Kind::Log:
      list = "logs";
      item.set("vertex", state.digest);
      item.set("stream", event.stream);
      item.set("data", base64(event.text + "\n"));
      item.set("timestamp", now);
      break;
    case Kind::Status:
    case Kind::Miss:
      list = "statuses";
      item.set("id", event.text);
      item.set("vertex", state.digest);
      item.set("timestamp", now);
      item.set("completed", now);
      break;
    case Kind::Warning:
      list = "warnings";
      item.set("vertex", state.digest);
      item.set("short", base64(event.text));
      break;
  }
  if (list == "vertexes") item = vertex(event.vertex);
  oci::Json line = oci::Json::object();
  oci::Json items = oci::Json::array();
  items.push(std::move(item));
  line.set(list, std::move(items));
  static_cast<void>(out_.write(bytes_of(line.dump() + "\n")));
}

}  // namespace suit::cli
