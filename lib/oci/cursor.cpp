#include <algorithm>

#include <fmt/format.h>

#include "oci/cursor_internal.h"

namespace suit::oci {
namespace {

bool is_empty_value(const Json& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.as_string()) return text->empty();
  if (const auto* items = value.as_array()) return items->empty();
  if (const auto flag = value.as_bool()) return !*flag;
  if (const auto number = value.as_int()) return *number == 0;
  const auto* members = value.as_object();
  return members && std::all_of(members->begin(), members->end(),
                                [](const auto& member) { return is_empty_value(member.second); });
}

}  // namespace

void Walk::refuse(const std::string& place, std::string_view reason, std::string_view hint) {
  if (problem_) return;
  std::string_view where = place;
  if (where.empty()) where = style_ == PlaceStyle::Pointer ? "/" : "document";
  problem_ = Error(0, fmt::format("{}: {}", where, reason)).with_hint(std::string(hint));
}

Cursor Cursor::member(std::string_view key) const {
  std::string place = place_;
  if (walk_->style() == PlaceStyle::Pointer || !place.empty())
    place += walk_->style() == PlaceStyle::Pointer ? '/' : '.';
  place += key;
  return {*walk_, value_ ? value_->find(key) : nullptr, std::move(place)};
}

Cursor Cursor::required(std::string_view key) const {
  Cursor found = member(key);
  if (!found.present()) found.refuse("is required");
  return found;
}

std::vector<Cursor> Cursor::items() const {
  std::vector<Cursor> out;
  if (!present()) return out;
  const Json::Array* array = value_->as_array();
  if (!array) {
    refuse("must be an array");
    return out;
  }
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    out.emplace_back(*walk_, &(*array)[i],
                     walk_->style() == PlaceStyle::Pointer ? fmt::format("{}/{}", place_, i)
                                                           : fmt::format("{}[{}]", place_, i));
  }
  return out;
}

std::vector<std::pair<std::string, Cursor>> Cursor::members() const {
  std::vector<std::pair<std::string, Cursor>> out;
  if (!present()) return out;
  const Json::Object* object = value_->as_object();
  if (!object) {
    refuse("must be an object");
    return out;
  }
  for (const auto& [key, value] : *object)
    out.emplace_back(key, Cursor(*walk_, &value, member("").place_ + key));
  return out;
}

std::string Cursor::text() const {
  if (!present()) return {};
  const std::string* text = value_->as_string();
  if (!text) {
    refuse("must be a string");
    return {};
  }
  // No path, name or variable may hold a NUL, and C would cut the string there.
  if (text->find('\0') != std::string::npos) refuse("must not contain a NUL character");
  return *text;
}

bool Cursor::flag() const {
  if (!present()) return false;
  const std::optional<bool> flag = value_->as_bool();
  if (!flag) refuse("must be true or false");
  return flag.value_or(false);
}

std::int64_t Cursor::integer(std::int64_t least, std::int64_t most) const {
  if (!present()) return 0;
  const std::optional<std::int64_t> number = value_->as_int();
  if (!number) {
    refuse("must be an integer");
  } else if (*number < least || *number > most) {
    refuse(fmt::format("must be between {} and {}", least, most));
  }
  return number.value_or(0);
}

std::uint64_t Cursor::natural(std::uint64_t most) const {
  if (!present()) return 0;
  const std::optional<std::uint64_t> number = value_->as_uint();
  if (!number) {
    refuse(value_->as_int() ? "must not be negative" : "must be an integer");
  } else if (*number > most) {
    refuse(fmt::format("must not be above {}", most));
  }
  return number.value_or(0);
}

std::vector<std::string> Cursor::texts() const {
  std::vector<std::string> out;
  for (const Cursor& item : items()) {
    if (!item.present()) item.refuse("must be a string");
    out.push_back(item.text());
  }
  return out;
}

std::map<std::string, std::string> Cursor::text_map() const {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : members()) {
    if (!value.present()) value.refuse("must be a string");
    out.emplace(key, value.text());
  }
  return out;
}

bool Cursor::is_empty() const { return !present() || is_empty_value(*value_); }

}  // namespace suit::oci
