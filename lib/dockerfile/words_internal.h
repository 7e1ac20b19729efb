/// \file
/// How the words of an instruction are told apart: by blanks, by quotes, or as a JSON array.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace suit::dockerfile {

/// A word, and the stretch of the logical line that it came from.
struct Piece {
  std::string text;
  std::size_t offset = 0;
  std::size_t length = 0;
};

/// Words between blanks. \param begin where in \p line to start
std::vector<Piece> split_at_blanks(std::string_view line, std::size_t begin);

/// Words between blanks that are outside of quotes; quotes and escapes stay in the words.
std::vector<Piece> split_outside_quotes(std::string_view line, std::size_t begin, char escape);

/// The leading words that begin with `--`, quotes and escapes removed; \p begin moves behind them.
/// A bare `--` ends them and is dropped.
std::vector<Piece> take_flags(std::string_view line, std::size_t& begin);

enum class JsonForm { Strings, NotStrings, NotJson };

/// The exec form. What is not JSON at all is not an error: it is the shell form.
struct JsonArray {
  JsonForm form = JsonForm::NotJson;
  std::vector<Piece> strings;
};
JsonArray parse_json_array(std::string_view line, std::size_t begin);

/// The string \p key of a JSON object; "" if \p text is no object or has no such string.
std::string json_string_member(std::string_view text, std::string_view key);

}  // namespace suit::dockerfile
