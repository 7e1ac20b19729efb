/// \file
/// Walking a document while remembering where one is: typed reads whose errors name the member.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "oci/json.h"

namespace suit::oci {

/// How a place is written: `layers[2].digest`, or the JSON pointer `/layers/2/digest`.
enum class PlaceStyle { Dotted, Pointer };

/// One walk over one document. It keeps the first problem; reads after it give empty values, so
/// that a reader is a flat list of members rather than a ladder of checks.
class Walk {
 public:
  explicit Walk(PlaceStyle style) : style_(style) {}
  PlaceStyle style() const { return style_; }
  bool ok() const { return !problem_.has_value(); }
  void refuse(const std::string& place, std::string_view reason, std::string_view hint = {});
  /// \p value, or the problem.
  template <typename T>
  Result<T> finish(T value) {
    if (problem_) return std::unexpected(std::move(*problem_));
    return value;
  }

 private:
  PlaceStyle style_;
  std::optional<Error> problem_;
};

/// A member of the document, or the hole where one could be. Null counts as absent, as in Go.
class Cursor {
 public:
  Cursor(Walk& walk, const Json* value, std::string place)
      : walk_(&walk), value_(value), place_(std::move(place)) {}

  bool present() const { return value_ != nullptr && !value_->is_null(); }
  const Json& value() const { return *value_; }
  const std::string& place() const { return place_; }
  void refuse(std::string_view reason, std::string_view hint = {}) const {
    walk_->refuse(place_, reason, hint);
  }

  Cursor member(std::string_view key) const;
  Cursor required(std::string_view key) const;
  std::vector<Cursor> items() const;
  std::vector<std::pair<std::string, Cursor>> members() const;

  // The value when absent is the empty one.
  std::string text() const;
  bool flag() const;
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  std::uint64_t natural(std::uint64_t most) const;
  std::vector<std::string> texts() const;
  std::map<std::string, std::string> text_map() const;
  /// Nothing at all: absent, "", 0, false, [], {} or an object of such.
  bool is_empty() const;

 private:
  Walk* walk_;
  const Json* value_;
  std::string place_;
};

}  // namespace suit::oci
