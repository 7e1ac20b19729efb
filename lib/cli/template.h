/// \file
/// `--format`: Go templates, as much of them as people use with Docker.
///
/// Fields (`{{.Config.Env}}`), functions (json upper lower title join split len index slice
/// truncate pad println print printf eq ne not and or), pipes, `if`/`else`, `range`, `with`,
/// variables `$`, and trimming
/// (`{{-`). What is not understood is an error with its column, never text.
/// \source Go text/template; docker/cli templates

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/json.h"

namespace suit::cli {

/// A parsed template.
class Template {
 public:
  /// \errors 0 with the column and what was expected
  static Result<Template> parse(std::string_view text);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();
  /// \errors 0: a field that \p data does not have, with did-you-mean; a function's complaint
  Result<std::string> render(const oci::Json& data) const;

 private:
  struct Node;
  struct Renderer;
  struct Parser;
  explicit Template(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

/// The member of a row in which `{{.Label "name"}}` looks. Rows that are printed as JSON go without
/// it: it is no field of Docker's.
inline constexpr std::string_view kLabelSet = "LabelSet";
/// Whether \p format asks for single labels.
inline bool asks_for_labels(std::string_view format) {
  return format.find(".Label ") != std::string_view::npos;
}

/// A value as Go prints it with `%v`: `[a b]`, `map[k:v]`, `<no value>`.
std::string go_text(const oci::Json& value);

/// One output format of a list command.
struct ListFormat {
  std::string columns;  ///< the default, a table template's fields
  std::vector<std::pair<std::string, std::string>> headers;  ///< field → column title
};

/// Renders \p rows by \p format: empty or `table` (the default columns), `table TEMPLATE`, `json`,
/// or a template for each line.
Result<std::string> render_list(std::string_view format, const ListFormat& list,
                                const std::vector<oci::Json>& rows);

}  // namespace suit::cli
