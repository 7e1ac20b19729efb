// Text to nodes: a recursive descent over `{{ … }}` actions.

#include <fmt/format.h>

#include "cli/template_internal.h"

namespace suit::cli {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr int kDepthLimit = 50;  // blocks in blocks: more is a mistake, and recursion here

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

struct Template::Parser {
  std::string_view text;
  std::size_t at = 0;
  int depth = 0;

  std::unexpected<Error> refuse(std::string_view reason) const {
    return fail(0, fmt::format("template parsing error: column {}: {}", at + 1, reason),
                "templates are Go's, such as '{{.ID}}: {{json .Labels}}'");
  }

  void skip_spaces() {
    while (at < text.size() && kSpaces.find(text[at]) != std::string_view::npos)
      ++at;
  }
  bool looking_at(std::string_view token) const { return text.substr(at).starts_with(token); }
  bool at_end_of_action() const { return looking_at("}}") || looking_at("-}}"); }

  std::string word() {
    const std::size_t start = at;
    while (at < text.size() && is_word(text[at]))
      ++at;
    return std::string(text.substr(start, at - start));
  }

  Result<std::vector<std::string>> path() {
    std::vector<std::string> members;
    while (at < text.size() && text[at] == '.') {
      ++at;
      std::string name = word();
      if (name.empty()) {
        if (members.empty()) return members;  // a lone dot: the value itself
        return refuse("a field's name must follow the dot");
      }
      members.push_back(std::move(name));
    }
    return members;
  }

  Result<std::string> quoted() {
    const char quote = text[at++];
    std::string out;
    while (at < text.size() && text[at] != quote) {
      char c = text[at++];
      if (quote == '"' && c == '\\' && at < text.size()) {
        c = text[at++];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
      }
      out += c;
    }
    if (at == text.size()) return refuse("a quoted text is not ended");
    ++at;
    return out;
  }

  Result<Pipeline::Operand> operand() {
    Pipeline::Operand out;
    out.column = at + 1;
    const char c = at < text.size() ? text[at] : '\0';
    if (c == '.') {
      SUIT_LET(out.path, path());
    } else if (c == '$') {
      ++at;
      out.kind = Pipeline::Operand::Kind::Variable;
      out.name = word();
      SUIT_LET(out.path, path());
    } else if (c == '"' || c == '`') {
      out.kind = Pipeline::Operand::Kind::Literal;
      SUIT_LET(std::string literal, quoted());
      out.literal = oci::Json(std::move(literal));
    } else if (c == '(') {
      ++at;
      if (++depth > kDepthLimit) return refuse("too deep");
      out.kind = Pipeline::Operand::Kind::Nested;
      SUIT_LET(Pipeline nested, pipeline(")"));
      out.nested = std::make_shared<const Pipeline>(std::move(nested));
      ++at;
      --depth;
      SUIT_LET(out.path, path());
    } else if ((c >= '0' && c <= '9') || c == '-') {
      SUIT_TRY(number(out));
    } else {
      SUIT_TRY(name(out));
    }
    return out;
  }

  Result<void> number(Pipeline::Operand& out) {
    const std::size_t start = at++;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    Result<oci::Json> value = oci::parse_json(text.substr(start, at - start));
    if (!value) return refuse("a number is expected");
    out.kind = Pipeline::Operand::Kind::Literal;
    out.literal = *std::move(value);
    return {};
  }

  Result<void> name(Pipeline::Operand& out) {
    out.name = word();
    if (out.name.empty()) return refuse("a field, a function or a value is expected");
    out.kind = Pipeline::Operand::Kind::Literal;
    if (out.name == "true" || out.name == "false") {
      out.literal = oci::Json(out.name == "true");
    } else if (out.name != "nil") {
      if (!is_function(out.name))
        return refuse(
            fmt::format("function \"{}\" not defined{}", out.name, suggest_function(out.name)));
      out.kind = Pipeline::Operand::Kind::Function;
    }
    return {};
  }

  // Up to \p end, which is not consumed; "" is the end of the action.
  Result<Pipeline> pipeline(std::string_view end) {
    Pipeline out;
    out.commands.emplace_back();
    while (true) {
      skip_spaces();
      if (at >= text.size()) return refuse("the action is not ended by }}");
      if (end.empty() ? at_end_of_action() : looking_at(end)) break;
      if (looking_at("|")) {
        if (out.commands.back().empty()) return refuse("nothing before |");
        ++at;
        out.commands.emplace_back();
        continue;
      }
      SUIT_LET(Pipeline::Operand next, operand());
      out.commands.back().push_back(std::move(next));
    }
    if (out.commands.back().empty()) return refuse("missing value");
    return out;
  }

  // The end of an action, and the white space after it that `-}}` eats.
  void close_action() {
    const bool trims = looking_at("-}}");
    at += trims ? 3 : 2;
    if (trims) skip_spaces();
  }

  // `$x :=` or `$key, $value :=` in front of a pipeline.
  Result<void> variables(Node& node) {
    const std::size_t start = at;
    std::vector<std::string> names;
    while (looking_at("$")) {
      ++at;
      names.push_back(word());
      skip_spaces();
      if (looking_at(",")) ++at;
      skip_spaces();
    }
    if (names.empty() || !looking_at(":=")) {
      at = start;
      return {};
    }
    at += 2;
    if (names.size() > 2) return refuse("two variables at most");
    if (names.size() == 2) node.key = names[0];
    node.pipeline.variable = names.back();
    return {};
  }

  Result<Node> action(Node::Kind kind) {
    Node node;
    node.kind = kind;
    skip_spaces();
    SUIT_TRY(variables(node));
    std::string variable = node.pipeline.variable;
    SUIT_LET(node.pipeline, pipeline(""));
    node.pipeline.variable = std::move(variable);
    close_action();
    if (kind == Node::Kind::Action) return node;
    if (++depth > kDepthLimit) return refuse("too deep");
    SUIT_LET(std::string stop, list(node.body));
    if (stop == "else if") {
      SUIT_LET(Node chained, action(Node::Kind::If));
      node.otherwise.push_back(std::move(chained));
    } else if (stop == "else") {
      SUIT_LET(stop, list(node.otherwise));
      if (stop != "end") return refuse("{{end}} is missing");
    } else if (stop != "end") {
      return refuse("{{end}} is missing");
    }
    --depth;
    return node;
  }

  // Nodes up to {{end}} or {{else}}, whose word is returned ("" at the end of the text).
  Result<std::string> list(std::vector<Node>& out) {
    while (at < text.size()) {
      const std::size_t open = text.find("{{", at);
      std::string plain(text.substr(at, open - at));
      at = open == std::string_view::npos ? text.size() : open + 2;
      const bool trims = open != std::string_view::npos && looking_at("- ");
      if (trims) {
        ++at;
        plain.erase(plain.find_last_not_of(kSpaces) + 1);
      }
      if (!plain.empty()) {
        out.emplace_back();
        out.back().kind = Node::Kind::Text;
        out.back().text = std::move(plain);
      }
      if (open == std::string_view::npos) break;
      SUIT_LET(std::string stop, one_action(out));
      if (!stop.empty()) return stop;
    }
    return std::string();
  }

  Result<std::string> one_action(std::vector<Node>& out) {
    skip_spaces();
    if (looking_at("/*")) {
      const std::size_t end = text.find("*/", at);
      if (end == std::string_view::npos) return refuse("a comment is not ended");
      at = end + 2;
      skip_spaces();
      if (!at_end_of_action()) return refuse("}} must follow a comment");
      close_action();
      return std::string();
    }
    const std::size_t start = at;
    const std::string keyword = word();
    if (keyword == "end" || keyword == "else") {
      skip_spaces();
      if (keyword == "else" && word() == "if") return std::string("else if");
      if (!at_end_of_action()) return refuse("}} is expected");
      close_action();
      return keyword;
    }
    Node::Kind kind = Node::Kind::Action;
    if (keyword == "if")
      kind = Node::Kind::If;
    else if (keyword == "range")
      kind = Node::Kind::Range;
    else if (keyword == "with")
      kind = Node::Kind::With;
    else
      at = start;
    SUIT_LET(Node node, action(kind));
    out.push_back(std::move(node));
    return std::string();
  }
};

Result<Template> Template::parse(std::string_view text) {
  Parser parser{text};
  auto root = std::make_unique<Node>();
  SUIT_LET(const std::string stop, parser.list(root->body));
  if (!stop.empty()) return parser.refuse(fmt::format("{{{{{}}}}} without a beginning", stop));
  return Template(std::move(root));
}

}  // namespace suit::cli
