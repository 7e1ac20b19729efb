/// \file
/// FROM.

#include <algorithm>

#include <fmt/format.h>

#include "dockerfile/text_internal.h"
#include "dockerfile/typing_internal.h"

namespace suit::dockerfile {
namespace {

bool is_stage_name(std::string_view name) {
  bool starts_with_letter = !name.empty() && name[0] >= 'a' && name[0] <= 'z';
  return starts_with_letter && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || text::is_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

std::string help_for(const std::vector<Word>& words) {
  std::string help = "write FROM image, or FROM image AS name";
  if (words.size() == 2 && !text::equal_ignoring_case(words[1].text, "as"))
    help +=
        fmt::format("; did you mean {}:{}?", text::clip(words[0].text), text::clip(words[1].text));
  return help;
}

}  // namespace

Body make_from(const Typing& typing) {
  const std::vector<Word>& words = typing.line.words;
  bool named = words.size() == 3 && text::equal_ignoring_case(words[1].text, "as");
  if (words.size() != 1 && !named)
    return typing.error(typing.line.span, "FROM requires either one or three arguments",
                        help_for(words));
  From from;
  from.base = words.front();
  from.platform = typing.flags.text("platform");
  if (!named) return from;
  from.stage_name = text::lower(words[2].text);
  from.stage_name_word = words[2];
  from.as_keyword = words[1].text;
  if (!is_stage_name(from.stage_name))
    return typing.error(words[2].span,
                        fmt::format("invalid name for build stage: {}, name can't start with a "
                                    "number or contain symbols",
                                    text::quote(words[2].text)));
  from.description = description_of(typing.line.comments, from.stage_name);
  return from;
}

}  // namespace suit::dockerfile
