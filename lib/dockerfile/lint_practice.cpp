// Rules that need one instruction and what its stage knows: no RUN here.

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/time.h"
#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

/// An image's name, as far as rules ask.
struct Image {
  std::string_view registry;
  std::string_view tag;
  bool has_digest = false;
};

Image read_image(std::string_view name) {
  Image image;
  std::size_t at = name.find('@');
  image.has_digest = at != std::string_view::npos;
  name = name.substr(0, at);
  std::size_t slash = name.find('/');
  std::string_view first = name.substr(0, slash);
  bool is_host = slash != std::string_view::npos &&
                 (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  image.registry = is_host ? first : "docker.io";
  std::size_t last = name.rfind('/');
  std::size_t colon = name.find(':', last == std::string_view::npos ? 0 : last);
  if (colon != std::string_view::npos) image.tag = name.substr(colon + 1);
  return image;
}

// What ADD unpacks.
bool is_archive(std::string_view path) {
  constexpr std::array<std::string_view, 12> kEndings = {".tar", ".gz",   ".tgz", ".bz2",
                                                         ".tbz", ".tbz2", ".xz",  ".txz",
                                                         ".zst", ".tzst", ".Z",   ".lzma"};
  return std::ranges::any_of(kEndings, [&](std::string_view one) { return path.ends_with(one); });
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, text::is_digit);
}

std::string_view unquoted(std::string_view text) {
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

bool is_windows_path(std::string_view path) {
  return path.size() > 1 && text::is_letter(path[0]) && path[1] == ':';
}

// "" or what is wrong with a key. \source Docker's "Manage Docker object labels"
std::string_view wrong_label(std::string_view key) {
  for (std::string_view prefix : {"com.docker.", "io.docker.", "org.dockerproject."})
    if (key.starts_with(prefix)) return "its prefix is reserved";
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || text::is_digit(c) || c == '.' || c == '-' || c == '_' ||
           c == '/';
  };
  if (!std::ranges::all_of(key, allowed)) return "it has other characters than a-z 0-9 . - _ /";
  auto edge = [](char c) { return (c >= 'a' && c <= 'z') || text::is_digit(c); };
  if (!edge(key.front()) || !edge(key.back())) return "it begins or ends with a separator";
  if (key.find("..") != std::string_view::npos || key.find("--") != std::string_view::npos)
    return "two separators in a row";
  return {};
}

bool is_url(std::string_view value) {
  std::size_t mark = value.find("://");
  return mark != std::string_view::npos && mark > 0 && mark + 3 < value.size() &&
         value.find(' ') == std::string_view::npos;
}

/// What is wrong with a well-known label's value, and the code for it.
struct WrongValue {
  std::string_view what;
  std::string_view code;
};
WrongValue wrong_value(std::string_view key, std::string_view value) {
  constexpr std::string_view kPrefix = "org.opencontainers.image.";
  if (!key.starts_with(kPrefix) || has_variable(value)) return {};
  key.remove_prefix(kPrefix.size());
  if (value.empty()) return {"it is empty", "DL3051"};
  if (key == "created" && !parse_rfc3339(value)) return {"it is no date in RFC 3339", "DL3053"};
  if ((key == "url" || key == "source" || key == "documentation") && !is_url(value))
    return {"it is no URL", "DL3052"};
  return {};
}

}  // namespace

void PracticeRules::begin(const Stage& stage) {
  user_ = nullptr;
  user_name_.clear();
  healthcheck_ = false;
  check_comments(stage.from_instruction);
  if (stage.index < scene_.resolution.stages.size())
    check_base(stage, scene_.resolution.stages[stage.index]);
}

void PracticeRules::check_base(const Stage& stage, const ResolvedStage& resolved) {
  const Instruction& one = stage.from_instruction;
  const SourceSpan& span = stage.from.base.span;
  if (resolved.base_stage || resolved.base.empty() || resolved.base == "scratch") return;
  if (std::ranges::find(scene_.options.resolve.contexts, resolved.base) !=
      scene_.options.resolve.contexts.end())
    return;
  check_image(one, span, resolved.base);
  Image image = read_image(resolved.base);
  if (image.has_digest) return;
  std::string shown = text::clip(resolved.base);
  if (image.tag.empty())
    scene_.report.warn("UntaggedBase", one, span, fmt::format("{} has no tag: it is latest", shown),
                       fmt::format("write {}:VERSION", shown));
  else if (image.tag == "latest")
    scene_.report.warn("LatestBase", one, span,
                       fmt::format("{} is another image next month", shown),
                       "name a version instead of latest");
  scene_.report.warn("BaseWithoutDigest", one, span, fmt::format("{} is not pinned", shown),
                     fmt::format("write {}@sha256:…", shown));
}

void PracticeRules::check_image(const Instruction& one, const SourceSpan& span,
                                std::string_view name) {
  const std::vector<std::string>& trusted = scene_.options.trusted_registries;
  std::string_view registry = read_image(name).registry;
  if (trusted.empty() || std::ranges::find(trusted, registry) != trusted.end()) return;
  scene_.report.warn(
      "UntrustedRegistry", one, span,
      fmt::format("registry {} is not among the trusted ones", text::clip(registry)));
}

void PracticeRules::visit(const Instruction& one, const StageState& state) {
  check_comments(one);
  if (const Copy* copy = std::get_if<Copy>(&one.body)) {
    check_copy(one, *copy, state);
  } else if (const Add* add = std::get_if<Add>(&one.body)) {
    check_add(one, *add, state);
  } else if (const Env* env = std::get_if<Env>(&one.body)) {
    check_env(one, *env, state);
  } else if (const Label* label = std::get_if<Label>(&one.body)) {
    check_labels(one, *label);
  } else if (const User* user = std::get_if<User>(&one.body)) {
    user_ = &one;
    user_name_ = expanded(user->user.text, scene_.file.escape, state.scope);
    user_name_ = user_name_.substr(0, user_name_.find(':'));
  } else if (std::holds_alternative<Healthcheck>(one.body)) {
    healthcheck_ = true;
  }
}

void PracticeRules::end(const Stage& stage) {
  if (stage.index != scene_.resolution.target) return;
  if (!healthcheck_)
    scene_.report.warn("MissingHealthcheck", stage.from_instruction,
                       keyword_span(stage.from_instruction),
                       "the image says nothing about whether it works");
  if (user_ == nullptr) return;
  const SourceSpan& span = std::get<User>(user_->body).user.span;
  if (user_name_ == "root" || user_name_ == "0")
    scene_.report.warn("LastUserRoot", *user_, span, "the image's user is root",
                       "end the stage with USER and the id of somebody else");
  else if (!user_name_.empty() && !is_number(user_name_))
    scene_.report.warn(
        "NamedUser", *user_, span,
        fmt::format("nobody can tell whether {} is root without the image", text::clip(user_name_)),
        "write the numeric id");
}

void PracticeRules::check_copy(const Instruction& one, const Copy& copy, const StageState& state) {
  check_copy_from(one, copy);
  check_destination(one, copy.sources, copy.sources.size() + copy.inline_files.size(),
                    copy.destination, state);
  if (!copy.from.text.empty() && copy.sources.size() == 1 && copy.sources[0].text == "/" &&
      copy.destination.text == "/")
    scene_.report.warn("WholeFilesystemCopy", one, copy.sources[0].span,
                       fmt::format("all of {} is copied", text::clip(copy.from.text)));
}

void PracticeRules::check_copy_from(const Instruction& one, const Copy& copy) {
  const std::string& from = copy.from.text;
  if (from.empty() || is_number(from) || scene_.file.find_stage(from) != nullptr) return;
  const std::vector<std::string>& contexts = scene_.options.resolve.contexts;
  if (std::ranges::find(contexts, from) != contexts.end()) return;
  check_image(one, copy.from.span, from);
  if (from.find_first_of("/:@") != std::string::npos) return;
  std::vector<std::string_view> names;
  for (const Stage& stage : scene_.file.stages)
    if (!stage.name.empty() && names.size() < 100) names.push_back(stage.name);
  scene_.report.warn("UnknownCopySource", one, copy.from.span,
                     fmt::format("{} is no stage of this file{}", text::quote(from),
                                 text::suggestion(from, names)),
                     "name a stage above, or an image with its tag");
}

void PracticeRules::check_add(const Instruction& one, const Add& add, const StageState& state) {
  check_destination(one, add.sources, add.sources.size() + add.inline_files.size(), add.destination,
                    state);
  bool plain = !add.sources.empty() && std::ranges::all_of(add.sources, [&](const Word& source) {
    std::string path = expanded(source.text, scene_.file.escape, state.scope);
    return !is_remote(path) && !is_archive(path) && !has_variable(path);
  });
  if (!plain || add.unpack) return;
  bool same = add.checksum.empty() && !add.keep_git_dir;
  std::string copy = one.keyword == text::lower(one.keyword) ? "copy" : "COPY";
  scene_.report.warn("UseCopy", one, keyword_span(one),
                     "ADD does more than copy, and here only that is needed", "write COPY",
                     same ? Edits{replace(keyword_span(one), std::move(copy))} : Edits{});
}

void PracticeRules::check_destination(const Instruction& one, const std::vector<Word>& sources,
                                      std::size_t count, const Word& word,
                                      const StageState& state) {
  std::string path = expanded(word.text, scene_.file.escape, state.scope);
  bool is_json = word.span.length != word.text.size();
  if (count > 1 && !path.ends_with('/') && !path.ends_with('\\') && path != "." &&
      !has_variable(path)) {
    Edits edits;
    if (!is_json) edits = {{word.span.offset + word.span.length, 0, "/"}};
    scene_.report.warn(
        "CopyIntoDirectory", one, word.span,
        fmt::format("{} sources, and {} does not end with /", count, text::clip(path)),
        fmt::format("write {}/", text::clip(word.text)), std::move(edits));
  }
  bool is_relative = !path.starts_with('/') && !is_windows_path(path) && !has_variable(path);
  if (is_relative && !state.has_workdir && !sources.empty())
    scene_.report.warn("RelativeCopyDestination", one, word.span,
                       fmt::format("{} is below the base image's working directory, whatever it is",
                                   text::quote(path)),
                       "write WORKDIR before, or an absolute path");
}

void PracticeRules::check_env(const Instruction& one, const Env& env, const StageState& state) {
  std::set<std::string_view> set_here;
  for (const KeyValue& pair : env.pairs)
    set_here.insert(pair.key.text);
  for (const KeyValue& pair : env.pairs) {
    auto expansion = expand_with_names(pair.value.text, scene_.file.escape, state.scope.lookup());
    if (!expansion) continue;
    for (const std::string& name : expansion->unmatched)
      if (set_here.contains(name) && name != pair.key.text)
        scene_.report.warn(
            "SelfReferringEnv", one, pair.value.span,
            fmt::format("${} is set by this very ENV, and still empty here", text::clip(name)),
            fmt::format("set {} in an ENV of its own before", text::clip(name)));
  }
}

void PracticeRules::check_labels(const Instruction& one, const Label& label) {
  for (const KeyValue& pair : label.pairs) {
    std::string_view key = unquoted(pair.key.text);
    if (key.empty() || has_variable(key)) continue;
    if (std::string_view why = wrong_label(key); !why.empty())
      scene_.report.warn("LabelKey", one, pair.key.span,
                         fmt::format("label {}: {}", text::quote(key), why));
    WrongValue wrong = wrong_value(key, unquoted(pair.value.text));
    if (!wrong.what.empty())
      scene_.report.warn("LabelValue", one, pair.value.span,
                         fmt::format("the value of {}: {}", key, wrong.what), {}, {}, wrong.code);
  }
}

void PracticeRules::check_comments(const Instruction& one) {
  for (const Word& comment : one.comments)
    if (comment.text.starts_with("hadolint ") || comment.text.starts_with("suit lint ") ||
        comment.text.starts_with("check=skip"))
      scene_.report.warn("InlineIgnore", one, comment.span, "a rule is silenced here");
}

}  // namespace suit::dockerfile
