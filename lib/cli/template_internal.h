/// \file
/// The parsed form of a template: shared by its parser and its renderer.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/template.h"
#include "oci/json.h"

namespace suit::cli {

/// `.Config.Env | json`: commands, each of which gets the value before it as its last argument.
struct Pipeline {
  struct Operand {
    enum class Kind { Field, Variable, Literal, Function, Nested };
    Kind kind = Kind::Field;
    std::string name;               ///< of a variable or function
    std::vector<std::string> path;  ///< members to follow from the value
    oci::Json literal;
    std::shared_ptr<const Pipeline> nested;
    std::size_t column = 0;  ///< from 1
  };
  using Command = std::vector<Operand>;
  std::vector<Command> commands;
  std::string variable;  ///< `$x := …`; empty: none
};

/// A piece of a template.
struct Template::Node {
  enum class Kind { List, Text, Action, If, Range, With };
  Kind kind = Kind::List;
  std::string text;
  Pipeline pipeline;
  std::vector<Node> body;       ///< children of a list, or what holds
  std::vector<Node> otherwise;  ///< after `else`
  std::string key;              ///< `range $key, $value := …`
};

/// Calls the template function \p name.
/// \errors 0 with what it wants instead
Result<oci::Json> call_function(std::string_view name, const std::vector<oci::Json>& args);
bool is_function(std::string_view name);
/// ` (did you mean "join"?)`
std::string suggest_function(std::string_view name);
/// Go's truth: not false, 0, "", null, [] or {}.
bool is_true(const oci::Json& value);

}  // namespace suit::cli
