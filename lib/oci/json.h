/// \file
/// JSON as a plain value. The one door through which JSON enters: strict, bounded, no exceptions.
///
/// Duplicate keys, trailing bytes, NaN, invalid UTF-8 and nesting beyond the limit are refused: two
/// parsers that disagree about a document are how manifests get confused (CVE-2021-41190).
/// \source RFC 8259

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace suit::oci {

/// A JSON value. Objects keep the order of their members.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;                                        ///< null
  Json(bool value) : value_(value) {}                      // NOLINT(google-explicit-constructor)
  Json(int value) : value_(std::int64_t{value}) {}         // NOLINT(google-explicit-constructor)
  Json(unsigned value) : value_(std::int64_t{value}) {}    // NOLINT(google-explicit-constructor)
  Json(std::int64_t value) : value_(value) {}              // NOLINT(google-explicit-constructor)
  Json(std::uint64_t value);                               // NOLINT(google-explicit-constructor)
  Json(double value) : value_(value) {}                    // NOLINT(google-explicit-constructor)
  Json(const char* value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Json(std::string value) : value_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
  Json(std::string_view value)
      : value_(std::string(value)) {}             // NOLINT(google-explicit-constructor)
  Json(const std::vector<std::string>& strings);  // NOLINT(google-explicit-constructor)
  static Json array() { return Json(Value(Array())); }
  static Json object() { return Json(Value(Object())); }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Typed views: nullptr or nullopt when the value is of another type.
  const Array* as_array() const { return std::get_if<Array>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<std::uint64_t> as_uint() const;
  std::optional<double> as_double() const;

  /// The member called \p key, or nullptr when there is none or this is not an object.
  const Json* find(std::string_view key) const;
  /// The string member \p key, or \p otherwise.
  std::string string_or(std::string_view key, std::string_view otherwise = "") const;
  /// Sets a member, in place if it is there; a null value becomes an object.
  Json& set(std::string_view key, Json value);
  /// Adds a member of an object that is known to have none called \p key: no search.
  void append_unchecked(std::string key, Json value);
  /// Appends; a null value becomes an array.
  Json& push(Json value);

  /// One line, or indented by \p indent spaces a level.
  std::string dump(int indent = -1) const;

  friend bool operator==(const Json&, const Json&) = default;

 private:
  using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string,
                             Array, Object>;
  explicit Json(Value value) : value_(std::move(value)) {}
  Value value_;
};

/// What a document may cost. 4 MiB is what registries accept as a manifest.
struct JsonLimits {
  std::size_t size_bytes = 4U << 20;
  std::size_t depth = 64;
};

/// \errors 0 with line and column of the first offence: `invalid JSON at 3:14: duplicate key "x"`
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

}  // namespace suit::oci
