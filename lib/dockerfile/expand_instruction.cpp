/// \file
/// Which words of which instruction hold variables: one visitor, used to expand and to list.

#include <utility>

#include <fmt/format.h>

#include "base/source.h"
#include "dockerfile/scope.h"
#include "dockerfile/text_internal.h"

namespace suit::dockerfile {
namespace {

/// Calls \p visit on every text of an instruction that is expanded; the first error ends it.
/// `visit(text, span)`; EXPOSE's words, which may become several, go to `visit_list`.
template <typename Visit, typename VisitList, typename VisitFile>
struct Walk {
  Visit visit;
  VisitList visit_list;
  VisitFile visit_file;

  Result<void> word(Word& one) const { return visit(one.text, one.span); }
  Result<void> words(std::vector<Word>& all) const {
    for (Word& one : all)
      SUIT_TRY(word(one));
    return {};
  }
  Result<void> texts(std::vector<std::string>& all, const SourceSpan& span) const {
    for (std::string& one : all)
      SUIT_TRY(visit(one, span));
    return {};
  }
  Result<void> pairs(std::vector<KeyValue>& all) const {
    for (KeyValue& one : all) {
      SUIT_TRY(word(one.key));
      SUIT_TRY(word(one.value));
    }
    return {};
  }
  template <typename Files>
  Result<void> files(Files& body) const {
    const SourceSpan& span = body.destination.span;
    SUIT_TRY(words(body.sources));
    SUIT_TRY(word(body.destination));
    SUIT_TRY(visit(body.chown, span));
    SUIT_TRY(visit(body.chmod, span));
    SUIT_TRY(texts(body.excludes, span));
    for (InlineFile& one : body.inline_files)
      SUIT_TRY(visit_file(one, span));
    return {};
  }

  Result<void> operator()(From& body) const {
    SUIT_TRY(word(body.base));
    return word(body.platform);
  }
  Result<void> operator()(Arg& body) const {
    for (ArgDefinition& one : body.args) {
      SUIT_TRY(word(one.key));
      if (one.value) SUIT_TRY(visit(*one.value, one.key.span));
    }
    return {};
  }
  Result<void> operator()(Env& body) const { return pairs(body.pairs); }
  Result<void> operator()(Label& body) const { return pairs(body.pairs); }
  Result<void> operator()(Copy& body) const { return files(body); }
  Result<void> operator()(Add& body) const {
    SUIT_TRY(files(body));
    return visit(body.checksum, body.destination.span);
  }
  Result<void> operator()(Workdir& body) const { return word(body.path); }
  Result<void> operator()(User& body) const { return word(body.user); }
  Result<void> operator()(Expose& body) const { return visit_list(body.ports); }
  Result<void> operator()(Volume& body) const { return words(body.paths); }
  Result<void> operator()(Stopsignal& body) const { return word(body.signal); }
  // The shell of these expands, when they run; a trigger is expanded where it is carried out.
  Result<void> operator()(Maintainer&) const { return {}; }
  Result<void> operator()(Run&) const { return {}; }
  Result<void> operator()(Cmd&) const { return {}; }
  Result<void> operator()(Entrypoint&) const { return {}; }
  Result<void> operator()(Shell&) const { return {}; }
  Result<void> operator()(Healthcheck&) const { return {}; }
  Result<void> operator()(Onbuild&) const { return {}; }
};
template <typename... T>
Walk(T...) -> Walk<T...>;

// EXPOSE: a word may expand to several.
Result<void> expand_list(std::vector<Word>& words, char escape, const Lookup& lookup) {
  std::vector<Word> out;
  for (const Word& one : words) {
    SUIT_LET(std::vector<std::string> parts, expand_words(one.text, escape, lookup));
    for (std::string& part : parts)
      out.push_back({std::move(part), one.span});
  }
  words = std::move(out);
  return {};
}

}  // namespace

Result<Instruction> expand_instruction(const Instruction& instruction, char escape,
                                       const Lookup& lookup) {
  Instruction out = instruction;
  auto expand_text = [&](std::string& text, const SourceSpan&) -> Result<void> {
    SUIT_LET(std::string expanded, expand(text, escape, lookup));
    text = std::move(expanded);
    return {};
  };
  auto expand_all = [&](std::vector<Word>& words) { return expand_list(words, escape, lookup); };
  // In a file's content quotes are characters.
  auto expand_file = [&](InlineFile& file, const SourceSpan&) -> Result<void> {
    if (!file.expand) return {};
    SUIT_LET(Expansion expansion,
             expand_with_names(file.content, escape, lookup, {.literal_quotes = true}));
    file.content = std::move(expansion.text);
    return {};
  };
  auto done = std::visit(Walk{expand_text, expand_all, expand_file}, out.body);
  if (!done) return std::unexpected(std::move(done).error());
  return out;
}

std::vector<Word> expandable_words(const Instruction& instruction) {
  std::vector<Word> out;
  InstructionBody copy = instruction.body;
  auto list = [&](std::string& text, const SourceSpan& span) -> Result<void> {
    if (!text.empty()) out.push_back({text, span});
    return {};
  };
  auto list_all = [&](std::vector<Word>& words) -> Result<void> {
    out.insert(out.end(), words.begin(), words.end());
    return {};
  };
  auto skip_file = [](InlineFile&, const SourceSpan&) -> Result<void> { return {}; };
  // Listing cannot fail.
  [[maybe_unused]] auto done = std::visit(Walk{list, list_all, skip_file}, copy);
  return out;
}

}  // namespace suit::dockerfile
