/// \file
/// Text on a terminal: what may be shown, how wide it is, and tables of it.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace suit::cli {

/// \p text with control bytes (but newline and tab) and bytes that are no UTF-8 written as `\x1b`:
/// what comes from an image must not move the cursor, rename the window or answer for the user.
std::string safe(std::string_view text);

/// Whether \p text is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// Columns that \p text takes; wide East Asian characters and emoji take two.
std::size_t display_width(std::string_view text);

/// \p text cut to \p width columns, the last of which is `…` if something was cut.
std::string ellipsis(std::string_view text, std::size_t width);

/// The first 12 hex digits of an id, `sha256:` or not.
std::string short_id(std::string_view id);

/// \p text broken at spaces into lines of at most \p width columns; its own line breaks are kept.
std::vector<std::string> wrap_text(std::string_view text, std::size_t width);

/// Rows of cells, aligned as Docker aligns them: ten columns at least, three between.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  Table() = default;
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace suit::cli
