#include "registry/challenge.h"

#include <algorithm>

#include <fmt/format.h>

#include "oci/json.h"

namespace suit::registry {
namespace {

constexpr std::size_t kMaxHeader = 16384;
constexpr std::size_t kMaxToken = 64U << 10;

bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~/:";  // `/` and `:` in unquoted URLs
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// Reads a header from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view what) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(what), rest_.size()));
  }
  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size]))
      ++size;
    std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  // After the opening quote; false when there is no closing one.
  bool quoted(std::string& out) {
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      out += c;
    }
    return false;
  }

 private:
  std::string_view rest_;
};

Error malformed() { return Error(0, "the registry's challenge (WWW-Authenticate) is malformed"); }

Result<std::string> parameter_value(Scanner& in) {
  std::string value;
  if (in.take('"')) {
    if (!in.quoted(value)) return std::unexpected(malformed());
    return value;
  }
  return std::string(in.token());
}

}  // namespace

std::string_view Challenge::get(std::string_view name) const {
  auto found = std::ranges::find(parameters, name, [](const auto& each) { return each.first; });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::vector<Challenge>> parse_challenges(std::string_view header) {
  if (header.size() > kMaxHeader) return std::unexpected(malformed());
  std::vector<Challenge> out;
  Scanner in(header);
  in.skip(" \t,");
  while (!in.at_end()) {
    std::string_view word = in.token();
    if (word.empty()) return std::unexpected(malformed());
    in.skip(" \t");
    if (!in.take('=')) {
      out.push_back({.scheme = lower_case(word), .parameters = {}});
      in.skip(" \t,");
      continue;
    }
    in.skip(" \t");
    if (out.empty()) return std::unexpected(malformed());
    SUIT_LET(std::string value, parameter_value(in));
    out.back().parameters.emplace_back(lower_case(word), std::move(value));
    in.skip(" \t=");  // padding of a token68, which no registry uses
    if (!in.at_end() && !in.take(',')) return std::unexpected(malformed());
    in.skip(" \t,");
  }
  if (out.empty()) return std::unexpected(malformed());
  return out;
}

Result<Token> parse_token(std::string_view body) {
  auto json = oci::parse_json(body, {.size_bytes = 1U << 20, .depth = 16});
  if (!json) return fail(0, "the token service's answer is no JSON");
  Token token;
  token.text = json->string_or("token", json->string_or("access_token"));
  token.refresh = json->string_or("refresh_token");
  auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (token.text.empty() || token.text.size() > kMaxToken ||
      !std::ranges::all_of(token.text, is_plain) || !std::ranges::all_of(token.refresh, is_plain))
    return fail(0, "the token service's answer holds no token");
  if (const oci::Json* lives = json->find("expires_in"))
    if (auto seconds = lives->as_int(); seconds && *seconds > 0)
      token.lives = std::chrono::seconds(std::min<std::int64_t>(*seconds, 86400));
  return token;
}

std::string describe_errors(std::string_view body) {
  auto json = oci::parse_json(body, {.size_bytes = 1U << 20, .depth = 32});
  if (!json) return {};
  const oci::Json* errors = json->find("errors");
  if (!errors || !errors->as_array()) return {};
  std::string out;
  for (const oci::Json& error : *errors->as_array()) {
    std::string code = error.string_or("code");
    std::string message = error.string_or("message");
    if (code.empty() && message.empty()) continue;
    out += out.empty() ? "" : "; ";
    out += code.empty() || message.empty() ? code + message : code + ": " + message;
    if (out.size() > 400) break;
  }
  out.resize(std::min<std::size_t>(out.size(), 400));
  std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return out;
}

}  // namespace suit::registry
