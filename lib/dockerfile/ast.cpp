#include "dockerfile/ast.h"

#include <utility>

#include <fmt/format.h>

#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

/// Fills one object; what is empty is left out.
class Builder {
 public:
  explicit Builder(AstNode& out) : out_(out) {}

  void text(std::string_view name, const std::string& value, const SourceSpan& place = {}) {
    if (value.empty()) return;
    AstNode& node = add(name, AstNode::Kind::Text);
    node.text = value;
    node.place = place;
  }
  void word(std::string_view name, const Word& word) { text(name, word.text, word.span); }
  void flag(std::string_view name, bool value) {
    if (value) add(name, AstNode::Kind::Flag).flag = true;
  }
  void number(std::string_view name, std::int64_t value) {
    if (value != 0) add(name, AstNode::Kind::Number).number = value;
  }
  template <typename List, typename Each>
  void list(std::string_view name, const List& list, Each each) {
    if (list.empty()) return;
    AstNode& node = add(name, AstNode::Kind::List);
    for (const auto& one : list)
      each(node.children.emplace_back(), one);
  }
  void words(std::string_view name, const std::vector<Word>& words) {
    list(name, words, [](AstNode& node, const Word& word) {
      node.kind = AstNode::Kind::Text;
      node.text = word.text;
      node.place = word.span;
    });
  }
  void texts(std::string_view name, const std::vector<std::string>& texts) {
    list(name, texts, [](AstNode& node, const std::string& one) {
      node.kind = AstNode::Kind::Text;
      node.text = one;
    });
  }
  void pairs(std::string_view name, const std::vector<KeyValue>& pairs) {
    list(name, pairs, [](AstNode& node, const KeyValue& pair) {
      Builder inner(node);
      node.place = pair.key.span;
      inner.text("name", pair.key.text);
      inner.text("value", pair.value.text);
      inner.flag("legacy", pair.legacy);
    });
  }
  void command(const CommandLine& command) {
    if (command.shell_form)
      text("shell", command.words.empty() ? "" : command.words.front());
    else
      texts("exec", command.words);
  }
  void heredocs(const std::vector<Heredoc>& heredocs) {
    list("heredocs", heredocs, [](AstNode& node, const Heredoc& heredoc) {
      Builder inner(node);
      node.place = heredoc.place;
      inner.text("name", heredoc.name);
      inner.text("content", heredoc.content);
      inner.flag("expand", heredoc.expand);
      inner.flag("chomp", heredoc.chomp);
      inner.number("descriptor", heredoc.file_descriptor);
    });
  }
  template <typename Files>
  void files(const Files& body) {
    words("sources", body.sources);
    list("inline", body.inline_files, [](AstNode& node, const InlineFile& file) {
      Builder inner(node);
      inner.text("name", file.name);
      inner.text("content", file.content);
      inner.flag("expand", file.expand);
    });
    word("destination", body.destination);
    text("chown", body.chown);
    text("chmod", body.chmod);
    flag("link", body.link);
    texts("exclude", body.excludes);
  }

  void operator()(const From& body) {
    word("image", body.base);
    word("name", body.stage_name_word);
    word("platform", body.platform);
    text("description", body.description);
  }
  void operator()(const Arg& body) {
    list("args", body.args, [](AstNode& node, const ArgDefinition& one) {
      Builder inner(node);
      node.place = one.key.span;
      inner.text("name", one.key.text);
      if (one.value) inner.add("default", AstNode::Kind::Text).text = *one.value;
      inner.text("description", one.description);
    });
  }
  void operator()(const Env& body) { pairs("variables", body.pairs); }
  void operator()(const Label& body) { pairs("labels", body.pairs); }
  void operator()(const Maintainer& body) { text("author", body.name); }
  void operator()(const Copy& body) {
    files(body);
    word("from", body.from);
    flag("parents", body.parents);
  }
  void operator()(const Add& body) {
    files(body);
    text("checksum", body.checksum);
    if (body.keep_git_dir) add("keep-git-dir", AstNode::Kind::Flag).flag = *body.keep_git_dir;
    if (body.unpack) add("unpack", AstNode::Kind::Flag).flag = *body.unpack;
  }
  void operator()(const Run& body) {
    command(body.command);
    heredocs(body.heredocs);
    list("mounts", body.mounts, [](AstNode& node, const MountFlag& mount) {
      node.kind = AstNode::Kind::Text;
      node.text = mount.text;
      node.place = mount.span;
    });
    list("devices", body.devices, [](AstNode& node, const DeviceFlag& device) {
      Builder inner(node);
      node.place = device.span;
      inner.text("name", device.name);
      inner.flag("required", device.required);
    });
    if (body.network != RunNetwork::Default)
      text("network", body.network == RunNetwork::None ? "none" : "host");
    flag("insecure", body.security == RunSecurity::Insecure);
  }
  void operator()(const Cmd& body) { command(body.command); }
  void operator()(const Entrypoint& body) { command(body.command); }
  void operator()(const Shell& body) { texts("exec", body.words); }
  void operator()(const Workdir& body) { word("path", body.path); }
  void operator()(const User& body) { word("user", body.user); }
  void operator()(const Expose& body) { words("ports", body.ports); }
  void operator()(const Volume& body) { words("paths", body.paths); }
  void operator()(const Stopsignal& body) { word("signal", body.signal); }
  void operator()(const Healthcheck& body) {
    texts("test", body.test);
    number("interval_ns", body.interval.count());
    number("timeout_ns", body.timeout.count());
    number("start_period_ns", body.start_period.count());
    number("start_interval_ns", body.start_interval.count());
    number("retries", body.retries);
  }
  void operator()(const Onbuild& body) { text("trigger", body.trigger); }

  AstNode& add(std::string_view name, AstNode::Kind kind) {
    AstNode& node = out_.children.emplace_back();
    node.name = name;
    node.kind = kind;
    return node;
  }

 private:
  AstNode& out_;
};

void fill(AstNode& node, const Instruction& one) {
  node.place = one.span;
  Builder builder(node);
  builder.text("instruction", std::string(keyword_of(one.body)));
  builder.words("comments", one.comments);
  std::visit(builder, one.body);
}

void fill_stage(AstNode& node, const Stage& stage) {
  Builder builder(node);
  node.place = stage.from_instruction.span;
  builder.add("index", AstNode::Kind::Number).number = static_cast<std::int64_t>(stage.index);
  builder.text("name", stage.name);
  AstNode& list = builder.add("instructions", AstNode::Kind::List);
  fill(list.children.emplace_back(), stage.from_instruction);
  for (const Instruction& one : stage.instructions)
    fill(list.children.emplace_back(), one);
}

bool same(const AstNode& a, const AstNode& b) {
  if (a.kind != b.kind || a.name != b.name || a.text != b.text || a.flag != b.flag ||
      a.number != b.number || a.children.size() != b.children.size())
    return false;
  for (std::size_t i = 0; i < a.children.size(); ++i)
    if (!same(a.children[i], b.children[i])) return false;
  return true;
}

// The value of a leaf; line breaks and quotes escaped, so that a line stays a line.
std::string shown(const AstNode& node) {
  switch (node.kind) {
    case AstNode::Kind::Flag:
      return node.flag ? "true" : "false";
    case AstNode::Kind::Number:
      return std::to_string(node.number);
    default:
      break;
  }
  std::string out;
  for (char c : node.text) {
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

// An instruction's first child is its keyword: it is the headline.
void write(std::string& out, const AstNode& node, std::size_t depth) {
  std::string head = node.name;
  std::size_t skip = 0;
  if (node.kind == AstNode::Kind::Object && !node.children.empty()) {
    const AstNode& first = node.children.front();
    if (first.name == "instruction") head = first.text;
    if (first.name == "index") head = fmt::format("stage {}", first.number);
    skip = first.name == "instruction" || first.name == "index" ? 1 : 0;
  }
  bool is_leaf = node.kind != AstNode::Kind::Object && node.kind != AstNode::Kind::List;
  if (head.empty()) head = "-";
  out += std::string(2 * depth, ' ') + head;
  if (is_leaf) out += head == "-" ? " " + shown(node) : ": " + shown(node);
  if (node.place.line != 0) out += fmt::format(" @{}:{}", node.place.line, node.place.column);
  out += '\n';
  for (std::size_t i = skip; i < node.children.size(); ++i)
    write(out, node.children[i], depth + 1);
}

std::string json_string(std::string_view word) {
  std::string out = "\"";
  for (char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string json_array(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const std::string& word : words)
    out += (out.size() > 1 ? ", " : "") + json_string(word);
  return out + "]";
}

/// Words behind the keyword.
struct LineWriter {
  std::string& out;

  void add(std::string_view word) const {
    if (word.empty()) return;
    out += ' ';
    out += word;
  }
  void flag(std::string_view name, std::string_view value) const {
    if (!value.empty()) out += fmt::format(" --{}={}", name, value);
  }
  void command(const CommandLine& command) const {
    if (!command.shell_form)
      add(json_array(command.words));
    else if (!command.words.empty())
      add(command.words.front());
  }
  void pairs(const std::vector<KeyValue>& pairs) const {
    for (const KeyValue& pair : pairs) {
      const std::string& value = pair.value.text;
      bool plain = value.find_first_of(" \t\n\"'\\") == std::string::npos;
      add(pair.key.text + "=" + (plain ? value : json_string(value)));
    }
  }
  template <typename Files>
  void files(const Files& body) const {
    flag("chown", body.chown);
    flag("chmod", body.chmod);
    if (body.link) add("--link");
    for (const std::string& one : body.excludes)
      flag("exclude", one);
  }
  template <typename Files>
  void paths(const Files& body) const {
    for (const Word& one : body.sources)
      add(one.text);
    for (const InlineFile& one : body.inline_files)
      add("<<" + one.name);
    add(body.destination.text);
  }

  void operator()(const From& body) const {
    flag("platform", body.platform.text);
    add(body.base.text);
    if (!body.stage_name.empty()) add("AS " + body.stage_name);
  }
  void operator()(const Arg& body) const {
    for (const ArgDefinition& one : body.args)
      add(one.value ? one.key.text + "=" + *one.value : one.key.text);
  }
  void operator()(const Env& body) const { pairs(body.pairs); }
  void operator()(const Label& body) const { pairs(body.pairs); }
  void operator()(const Maintainer& body) const { add(body.name); }
  void operator()(const Copy& body) const {
    flag("from", body.from.text);
    files(body);
    if (body.parents) add("--parents");
    paths(body);
  }
  void operator()(const Add& body) const {
    flag("checksum", body.checksum);
    files(body);
    if (body.keep_git_dir) flag("keep-git-dir", *body.keep_git_dir ? "true" : "false");
    if (body.unpack) flag("unpack", *body.unpack ? "true" : "false");
    paths(body);
  }
  void operator()(const Run& body) const {
    for (const MountFlag& one : body.mounts)
      flag("mount", one.text);
    for (const DeviceFlag& one : body.devices)
      flag("device", one.required ? one.name + ",required" : one.name);
    if (body.network != RunNetwork::Default)
      flag("network", body.network == RunNetwork::None ? "none" : "host");
    if (body.security == RunSecurity::Insecure) flag("security", "insecure");
    command(body.command);
  }
  void operator()(const Cmd& body) const { command(body.command); }
  void operator()(const Entrypoint& body) const { command(body.command); }
  void operator()(const Shell& body) const { add(json_array(body.words)); }
  void operator()(const Workdir& body) const { add(body.path.text); }
  void operator()(const User& body) const { add(body.user.text); }
  void operator()(const Expose& body) const {
    for (const Word& one : body.ports)
      add(one.text);
  }
  void operator()(const Volume& body) const {
    for (const Word& one : body.paths)
      add(one.text);
  }
  void operator()(const Stopsignal& body) const { add(body.signal.text); }
  void operator()(const Healthcheck&) const {}
  void operator()(const Onbuild& body) const { add(body.trigger); }
};

}  // namespace

AstNode to_ast(const Dockerfile& file) {
  AstNode root;
  root.name = "dockerfile";
  Builder builder(root);
  builder.text("escape", std::string(1, file.escape));
  builder.list("directives", file.directives, [](AstNode& node, const Directive& one) {
    Builder inner(node);
    node.place = one.span;
    inner.text("name", one.name);
    inner.text("value", one.value);
  });
  builder.list("arguments", file.global_args, fill);
  builder.list("stages", file.stages, fill_stage);
  return root;
}

std::string ast_text(const AstNode& node) {
  std::string out;
  write(out, node, 0);
  return out;
}

bool same_meaning(const Dockerfile& a, const Dockerfile& b) { return same(to_ast(a), to_ast(b)); }

std::string one_line(const Instruction& instruction) {
  if (std::holds_alternative<Healthcheck>(instruction.body)) return instruction.text;
  std::string out(keyword_of(instruction.body));
  std::visit(LineWriter{out}, instruction.body);
  return out;
}

}  // namespace suit::dockerfile
