// The functions of Go templates and those that Docker adds.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/template_internal.h"

namespace suit::cli {
namespace {

using oci::Json;
using Args = std::vector<Json>;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string mapped(const Json& value, char (*change)(char)) {
  std::string text = go_text(value);
  std::transform(text.begin(), text.end(), text.begin(), change);
  return text;
}

Result<Json> call_join(const Args& args) {
  const Json::Array* items = args[0].as_array();
  if (!items && !args[0].is_null()) return fail(0, "join wants a list and a separator");
  std::string out;
  for (std::size_t i = 0; items && i < items->size(); ++i) {
    if (i != 0) out += go_text(args[1]);
    out += go_text((*items)[i]);
  }
  return Json(out);
}

Result<Json> call_split(const Args& args) {
  const std::string text = go_text(args[0]);
  const std::string separator = go_text(args[1]);
  if (separator.empty()) return fail(0, "split wants a separator that is not empty");
  Json out = Json::array();
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(separator, at);
    out.push(text.substr(at, end - at));
    if (end == std::string::npos) return out;
    at = end + separator.size();
  }
}

Result<Json> call_len(const Args& args) {
  if (const auto* text = args[0].as_string()) return Json(std::uint64_t{text->size()});
  if (const auto* items = args[0].as_array()) return Json(std::uint64_t{items->size()});
  if (const auto* members = args[0].as_object()) return Json(std::uint64_t{members->size()});
  if (args[0].is_null()) return Json(0);
  return fail(0, fmt::format("len of {}, which has no length", args[0].dump()));
}

Result<Json> call_index(const Args& args) {
  Json value = args[0];
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (const auto* items = value.as_array()) {
      const auto index = args[i].as_uint();
      if (!index || *index >= items->size())
        return fail(
            0, fmt::format("index out of range: {} of {} items", args[i].dump(), items->size()));
      value = Json((*items)[*index]);
    } else if (value.as_object()) {
      const Json* found = value.find(go_text(args[i]));
      value = found ? Json(*found) : Json("");
    } else if (value.is_null()) {
      return Json("");
    } else {
      return fail(0, fmt::format("cannot index {}", value.dump()));
    }
  }
  return value;
}

Result<Json> call_truncate(const Args& args) {
  const auto width = args[1].as_uint();
  if (!width) return fail(0, "truncate wants a text and a length");
  return Json(go_text(args[0]).substr(0, *width));
}

Result<Json> call_pad(const Args& args) {
  const auto before = args[1].as_uint();
  const auto after = args[2].as_uint();
  if (!before || !after || *before > 1000 || *after > 1000)
    return fail(0, "pad wants a text and two lengths, 1000 at most");
  return Json(std::string(*before, ' ') + go_text(args[0]) + std::string(*after, ' '));
}

Json print_all(const Args& args, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i != 0) out += separator;
    out += go_text(args[i]);
  }
  return Json(out);
}

// %s, %v, %d, %q and %%: no widths.
Result<Json> call_printf(const Args& args) {
  const std::string format = go_text(args[0]);
  std::string out;
  std::size_t next = 1;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    const char verb = format[++i];
    if (verb == '%') {
      out += '%';
      continue;
    }
    if (std::string_view("svdq").find(verb) == std::string_view::npos)
      return fail(0, fmt::format("printf knows %s %v %d %q and %%, not %{}", verb));
    if (next == args.size()) return fail(0, "printf has more verbs than values");
    const Json& value = args[next++];
    out += verb == 'q' ? Json(go_text(value)).dump() : go_text(value);
  }
  return Json(out);
}

Result<Json> call_eq(const Args& args) {
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (args[0] == args[i]) return Json(true);
  }
  return Json(false);
}

Result<Json> call_logic(const Args& args, bool stop_at) {
  for (const Json& value : args) {
    if (is_true(value) == stop_at) return value;
  }
  return args.back();
}

struct Function {
  std::string_view name;
  std::size_t least, most;
  Result<Json> (*call)(const Args& args);
};

constexpr std::size_t kMany = 100;

constexpr std::array kFunctions = {
    Function{"json", 1, 1, [](const Args& a) -> Result<Json> { return Json(a[0].dump()); }},
    Function{"upper", 1, 1,
             [](const Args& a) -> Result<Json> { return Json(mapped(a[0], upper)); }},
    Function{"lower", 1, 1,
             [](const Args& a) -> Result<Json> { return Json(mapped(a[0], lower)); }},
    Function{"title", 1, 1,
             [](const Args& a) -> Result<Json> {
               std::string text = go_text(a[0]);
               for (std::size_t i = 0; i < text.size(); ++i)
                 if (i == 0 || text[i - 1] == ' ') text[i] = upper(text[i]);
               return Json(text);
             }},
    Function{"join", 2, 2, call_join},
    Function{"split", 2, 2, call_split},
    Function{"len", 1, 1, call_len},
    Function{"index", 1, kMany, call_index},
    Function{"truncate", 2, 2, call_truncate},
    Function{"pad", 3, 3, call_pad},
    Function{"print", 0, kMany, [](const Args& a) -> Result<Json> { return print_all(a, ""); }},
    Function{"println", 0, kMany,
             [](const Args& a) -> Result<Json> { return Json(go_text(print_all(a, " ")) + "\n"); }},
    Function{"printf", 1, kMany, call_printf},
    Function{"eq", 2, kMany, call_eq},
    Function{"ne", 2, 2, [](const Args& a) -> Result<Json> { return Json(!(a[0] == a[1])); }},
    Function{"not", 1, 1, [](const Args& a) -> Result<Json> { return Json(!is_true(a[0])); }},
    Function{"and", 1, kMany, [](const Args& a) -> Result<Json> { return call_logic(a, false); }},
    Function{"or", 1, kMany, [](const Args& a) -> Result<Json> { return call_logic(a, true); }},
};

const Function* find_function(std::string_view name) {
  const auto* found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                   [&](const Function& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : found;
}

}  // namespace

bool is_function(std::string_view name) { return find_function(name) != nullptr; }

std::string suggest_function(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Function& function : kFunctions)
    names.push_back(function.name);
  return did_you_mean(name, names);
}

Result<Json> call_function(std::string_view name, const std::vector<Json>& args) {
  const Function* function = find_function(name);
  if (args.size() < function->least || args.size() > function->most)
    return fail(0, fmt::format("{} wants {} value{}, not {}", name, function->least,
                               function->least == 1 ? "" : "s", args.size()));
  return function->call(args);
}

bool is_true(const Json& value) {
  if (const auto flag = value.as_bool()) return *flag;
  if (const auto* text = value.as_string()) return !text->empty();
  if (const auto* items = value.as_array()) return !items->empty();
  if (const auto* members = value.as_object()) return !members->empty();
  if (const auto number = value.as_double()) return *number != 0;
  return false;
}

std::string go_text(const Json& value) {
  if (const auto* text = value.as_string()) return *text;
  if (const auto* items = value.as_array()) {
    std::string out = "[";
    for (std::size_t i = 0; i < items->size(); ++i)
      out += (i == 0 ? "" : " ") + go_text((*items)[i]);
    return out + "]";
  }
  if (const auto* members = value.as_object()) {
    std::string out = "map[";
    for (std::size_t i = 0; i < members->size(); ++i)
      out += (i == 0 ? "" : " ") + (*members)[i].first + ":" + go_text((*members)[i].second);
    return out + "]";
  }
  return value.is_null() ? "<no value>" : value.dump();
}

}  // namespace suit::cli
