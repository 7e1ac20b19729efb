// libyaml reads the syntax and calls it events; here they become a value. It is a C library: no
// exceptions to fence, no stream classes to start, and its events come before anything is unfolded.

#include "gpu/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

namespace suit::gpu {
namespace {

using oci::Json;

std::string_view text_of(const yaml_char_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

template <typename T>
std::optional<T> whole_number(std::string_view text, int base) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool looks_like_float(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

// The core schema: what a scalar without quotes means.
Json plain_scalar(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (is_one_of(text, {"true", "True", "TRUE"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE"})) return false;
  const std::string_view unsigned_part = text.starts_with('+') ? text.substr(1) : text;
  if (auto number = whole_number<std::int64_t>(unsigned_part, 10)) return *number;
  if (auto number = whole_number<std::uint64_t>(unsigned_part, 10)) return *number;
  // "Go writes file modes as decimal numbers; people write them as 0o666."
  if (text.starts_with("0o"))
    if (auto number = whole_number<std::uint64_t>(text.substr(2), 8)) return *number;
  if (text.starts_with("0x"))
    if (auto number = whole_number<std::uint64_t>(text.substr(2), 16)) return *number;
  double real = 0;
  const auto [end, code] =
      std::from_chars(unsigned_part.data(), unsigned_part.data() + unsigned_part.size(), real);
  if (looks_like_float(text) && code == std::errc() && end == text.data() + text.size() &&
      std::isfinite(real))
    return real;
  return text;
}

class Reader {
 public:
  Reader(std::string_view text, oci::JsonLimits limits) : limits_(limits) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    if (!ready_) return;
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~Reader() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<Json> read() {
    if (!ready_) return fail(ENOMEM, "yaml_parser_initialize()");
    while (!ended_) {
      yaml_event_t event{};
      if (yaml_parser_parse(&parser_, &event) != 1) {
        const char* problem = parser_.problem == nullptr ? "not UTF-8" : parser_.problem;
        const yaml_mark_t& at =
            parser_.error == YAML_READER_ERROR ? parser_.mark : parser_.problem_mark;
        refuse(at, problem);
      } else {
        take(event);
        yaml_event_delete(&event);
      }
      if (!error_.empty()) return fail(0, std::move(error_));
    }
    return std::move(root_);
  }

 private:
  struct Open {
    Json value;
    std::string key;
    bool has_key = false;
    std::unordered_set<std::string> keys;
  };

  void refuse(const yaml_mark_t& at, std::string_view reason) {
    error_ = fmt::format("invalid YAML at {}:{}: {}", at.line + 1, at.column + 1, reason);
  }

  void take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1) refuse(event.start_mark, "a second document");
        break;
      case YAML_ALIAS_EVENT:
        refuse(event.start_mark, "an alias; write what it stands for");
        break;
      case YAML_SCALAR_EVENT:
        take_scalar(event);
        break;
      case YAML_SEQUENCE_START_EVENT:
        open(event, Json::array(), event.data.sequence_start.anchor, event.data.sequence_start.tag);
        break;
      case YAML_MAPPING_START_EVENT:
        open(event, Json::object(), event.data.mapping_start.anchor, event.data.mapping_start.tag);
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: {
        Json done = std::move(open_.back().value);
        open_.pop_back();
        add(std::move(done));
        break;
      }
      case YAML_STREAM_END_EVENT:
        ended_ = true;
        if (documents_ == 0) refuse(event.start_mark, "no document");
        break;
      default:
        break;
    }
  }

  bool is_key_next() const {
    return !open_.empty() && open_.back().value.as_object() && !open_.back().has_key;
  }

  bool is_bare(const yaml_event_t& event, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) refuse(event.start_mark, "an anchor; write the value where it is used");
    if (tag != nullptr) refuse(event.start_mark, "a tag; JSON has no types of one's own");
    return anchor == nullptr && tag == nullptr;
  }

  void take_scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    if (!is_bare(event, scalar.anchor, scalar.tag)) return;
    const std::string_view text = text_of(scalar.value, scalar.length);
    if (!is_key_next()) {
      add(scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(text) : Json(text));
      return;
    }
    Open& parent = open_.back();
    parent.key = text;
    parent.has_key = true;
    if (!parent.keys.insert(parent.key).second)
      refuse(event.start_mark, fmt::format("duplicate key \"{}\"", text));
  }

  void open(const yaml_event_t& event, Json container, const yaml_char_t* anchor,
            const yaml_char_t* tag) {
    if (!is_bare(event, anchor, tag)) return;
    if (is_key_next()) return refuse(event.start_mark, "a key that is not a scalar");
    if (open_.size() >= limits_.depth)
      return refuse(event.start_mark, fmt::format("nested deeper than {} levels", limits_.depth));
    open_.push_back({std::move(container), {}, false, {}});
  }

  void add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.as_array()) {
      parent.value.push(std::move(value));
    } else {
      parent.value.append_unchecked(std::move(parent.key), std::move(value));
      parent.has_key = false;
    }
  }

  oci::JsonLimits limits_;
  yaml_parser_t parser_{};
  bool ready_ = false;
  bool ended_ = false;
  int documents_ = 0;
  std::vector<Open> open_;
  Json root_;
  std::string error_;
};

// Needs no quotes in any reader's schema: a word or a path, and none that another YAML reads as a
// boolean, a number or a date.
bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!is_letter(text[0]) && text[0] != '/') return false;
  if (is_one_of(text, {"y",    "Y",     "n",     "N",     "yes",  "Yes",  "YES", "no",   "No",
                       "NO",   "on",    "On",    "ON",    "off",  "Off",  "OFF", "true", "True",
                       "TRUE", "false", "False", "FALSE", "null", "Null", "NULL"}))
    return false;
  return std::ranges::all_of(text, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           std::string_view("/._-=+").find(c) != std::string_view::npos;
  });
}

void write_scalar(const Json& value, std::string& out) {
  const std::string* text = value.as_string();
  out += text && is_plain(*text) ? *text : value.dump();
}

void write_block(const Json& value, int indent, bool after_dash, std::string& out);

void write_item(const Json& value, int indent, std::string& out) {
  const auto* items = value.as_array();
  const auto* members = value.as_object();
  if ((items && !items->empty()) || (members && !members->empty())) {
    out += '\n';
    write_block(value, indent, false, out);
  } else {
    out += ' ';
    write_scalar(value, out);
    out += '\n';
  }
}

void write_block(const Json& value, int indent, bool after_dash, std::string& out) {
  const std::string space(static_cast<std::size_t>(indent), ' ');
  bool first = after_dash;
  if (const auto* members = value.as_object()) {
    for (const auto& [key, member] : *members) {
      if (!std::exchange(first, false)) out += space;
      write_scalar(Json(key), out);
      out += ':';
      write_item(member, member.as_array() ? indent : indent + 2, out);
    }
  } else if (const auto* items = value.as_array()) {
    for (const Json& item : *items) {
      out += space + "-";
      if (item.as_object() && !item.as_object()->empty()) {
        out += ' ';
        write_block(item, indent + 2, true, out);
      } else {
        write_item(item, indent + 2, out);
      }
    }
  }
}

}  // namespace

Result<Json> parse_yaml(std::string_view text, oci::JsonLimits limits) {
  if (text.size() > limits.size_bytes)
    return fail(0, fmt::format("YAML document of {} bytes is larger than {}", text.size(),
                               limits.size_bytes));
  return Reader(text, limits).read();
}

std::string to_yaml(const Json& value) {
  std::string out = "---\n";
  const bool is_block = (value.as_object() && !value.as_object()->empty()) ||
                        (value.as_array() && !value.as_array()->empty());
  if (is_block) {
    write_block(value, 0, false, out);
  } else {
    write_scalar(value, out);
    out += '\n';
  }
  return out;
}

}  // namespace suit::gpu
