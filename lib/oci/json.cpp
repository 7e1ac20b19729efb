#include "oci/json.h"

#include <cmath>
#include <iterator>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace suit::oci {
namespace {

// An input iterator that tells how far the parser has read: nlohmann reports a position only for
// its own errors, and duplicate keys are ours.
class CountingIterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = char;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ != b.at_;
  }

 private:
  const char* at_;
  const char** furthest_;
};

// Builds our value from nlohmann's events. Returning false stops the parser.
class Builder {
 public:
  Builder(std::string_view text, const char* const& furthest, std::size_t depth_limit)
      : text_(text), furthest_(furthest), depth_limit_(depth_limit) {}

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(std::int64_t value) { return add(Json(value)); }
  bool number_unsigned(std::uint64_t value) { return add(Json(value)); }
  bool number_float(double value, const std::string& /*raw*/) { return add(Json(value)); }
  bool string(std::string& value) { return add(Json(std::move(value))); }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }  // not in text JSON
  bool start_object(std::size_t /*size*/) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*size*/) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    // A set of its own, not a search of the members: a hostile document has a million keys.
    if (!open_.back().keys.insert(name).second)
      return refuse(fmt::format("duplicate key \"{}\"", name));
    open_.back().key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error …": the place
    // is ours, counted in bytes from the same text for all errors.
    std::string_view reason = error.what();
    const std::size_t place = reason.find("parse error at line");
    const std::size_t colon = reason.find(": ", place == std::string_view::npos ? 0 : place);
    reason.remove_prefix(colon == std::string_view::npos ? reason.find("] ") + 2 : colon + 2);
    return refuse(std::string(reason));
  }

  Result<Json> take() {
    if (error_.empty()) return std::move(root_);
    std::size_t line = 1;
    std::size_t column = 0;
    const std::string_view read =
        text_.substr(0, static_cast<std::size_t>(furthest_ - text_.data()));
    for (char c : read) {
      ++column;
      if (c == '\n') {
        ++line;
        column = 0;
      }
    }
    return fail(0, fmt::format("invalid JSON at {}:{}: {}", line, column, error_));
  }

 private:
  struct Open {
    Json value;
    std::string key;
    std::unordered_set<std::string> keys;
  };

  bool refuse(std::string reason) {
    error_ = std::move(reason);
    return false;
  }
  bool open(Json container) {
    if (open_.size() >= depth_limit_)
      return refuse(fmt::format("nested deeper than {} levels", depth_limit_));
    open_.push_back({std::move(container), {}, {}});
    return true;
  }
  bool close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }
  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      Open& parent = open_.back();
      if (parent.value.as_array()) {
        parent.value.push(std::move(value));
      } else {
        parent.value.append_unchecked(std::move(parent.key), std::move(value));
      }
    }
    return true;
  }

  std::string_view text_;
  const char* const& furthest_;
  std::size_t depth_limit_;
  std::vector<Open> open_;
  Json root_;
  std::string error_;
};

// Length of the well-formed UTF-8 sequence at the front of \p text, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
      (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))
    return 0;
  return length;
}

void dump_string(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else if ((length = utf8_length(text)) == 0) {
      out += "\\ufffd";  // as Go writes bytes that are no text
      length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

// Whitespace between members: none, or a new line and the indent of \p depth.
void dump_break(int indent, int depth, std::string& out) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void dump_value(const Json& value, int indent, int depth, std::string& out);

void dump_array(const Json::Array& items, int indent, int depth, std::string& out) {
  if (items.empty()) {
    out += "[]";
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out += ',';
    dump_break(indent, depth + 1, out);
    dump_value(items[i], indent, depth + 1, out);
  }
  dump_break(indent, depth, out);
  out += ']';
}

void dump_object(const Json::Object& members, int indent, int depth, std::string& out) {
  if (members.empty()) {
    out += "{}";
    return;
  }
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i != 0) out += ',';
    dump_break(indent, depth + 1, out);
    dump_string(members[i].first, out);
    out += indent < 0 ? ":" : ": ";
    dump_value(members[i].second, indent, depth + 1, out);
  }
  dump_break(indent, depth, out);
  out += '}';
}

void dump_value(const Json& value, int indent, int depth, std::string& out) {
  if (const auto* items = value.as_array()) {
    dump_array(*items, indent, depth, out);
  } else if (const auto* members = value.as_object()) {
    dump_object(*members, indent, depth, out);
  } else if (const auto* text = value.as_string()) {
    dump_string(*text, out);
  } else if (const auto flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const auto integer = value.as_int()) {
    out += fmt::to_string(*integer);
  } else if (const auto natural = value.as_uint()) {
    out += fmt::to_string(*natural);
  } else if (const auto real = value.as_double(); real && std::isfinite(*real)) {
    out += fmt::to_string(*real);
  } else {
    out += "null";
  }
}

}  // namespace

Json::Json(std::uint64_t value) {
  // One number, one representation: what fits is signed, so that equal values compare equal.
  if (value <= INT64_MAX) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
  }
}

Json::Json(const std::vector<std::string>& strings)
    : value_(Array(strings.begin(), strings.end())) {}

std::optional<bool> Json::as_bool() const {
  const bool* value = std::get_if<bool>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> Json::as_int() const {
  const std::int64_t* value = std::get_if<std::int64_t>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::uint64_t> Json::as_uint() const {
  if (const std::uint64_t* value = std::get_if<std::uint64_t>(&value_)) return *value;
  const std::int64_t* value = std::get_if<std::int64_t>(&value_);
  return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<double> Json::as_double() const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (const std::uint64_t* value = std::get_if<std::uint64_t>(&value_))
    return static_cast<double>(*value);
  const std::int64_t* value = std::get_if<std::int64_t>(&value_);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

const Json* Json::find(std::string_view key) const {
  const Object* members = as_object();
  if (!members) return nullptr;
  for (const auto& [name, value] : *members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Json::string_or(std::string_view key, std::string_view otherwise) const {
  const Json* value = find(key);
  const std::string* text = value ? value->as_string() : nullptr;
  return text ? *text : std::string(otherwise);
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object();
  Object& members = std::get<Object>(value_);
  for (auto& [name, old] : members) {
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  }
  members.emplace_back(std::string(key), std::move(value));
  return *this;
}

void Json::append_unchecked(std::string key, Json value) {
  std::get<Object>(value_).emplace_back(std::move(key), std::move(value));
}

Json& Json::push(Json value) {
  if (is_null()) value_ = Array();
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

std::string Json::dump(int indent) const {
  std::string out;
  dump_value(*this, indent, 0, out);
  return out;
}

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.size_bytes)
    return fail(0, fmt::format("JSON document of {} bytes is larger than {}", text.size(),
                               limits.size_bytes));
  // nlohmann skips a byte order mark; another parser would refuse the document.
  if (text.starts_with("\xef\xbb\xbf")) return fail(0, "invalid JSON at 1:1: byte order mark");
  const char* furthest = text.data();
  Builder builder(text, furthest, limits.depth);
  nlohmann::json::sax_parse(CountingIterator(text.data(), &furthest),
                            CountingIterator(text.data() + text.size(), &furthest), &builder);
  return builder.take();
}

}  // namespace suit::oci
