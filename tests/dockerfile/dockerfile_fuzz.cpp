// Any bytes as a Dockerfile: reading, showing and resolving must end, and soon.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dockerfile/mount.h"
#include "dockerfile/parse.h"
#include "dockerfile/scope.h"

namespace {

using namespace suit::dockerfile;  // NOLINT(google-build-using-namespace): one short program

// What a diagnostic or word points at lies in the text.
void check_span(const suit::SourceSpan& span, std::string_view text) {
  if (span.offset > text.size() || span.length > text.size() - span.offset) std::abort();
}

void walk_stage(const Dockerfile& file, const Stage& stage, const Resolution& resolution) {
  Scope scope;
  for (const Instruction& one : stage.instructions) {
    if (const Arg* arg = std::get_if<Arg>(&one.body)) {
      if (!apply_arg(scope, *arg, file.escape, resolution, {})) return;
    } else if (const Env* env = std::get_if<Env>(&one.body)) {
      if (!apply_env(scope, *env, file.escape)) return;
    } else if (const Run* run = std::get_if<Run>(&one.body)) {
      for (const MountFlag& mount : run->mounts)
        (void)parse_mount(mount.text, file.escape, scope.lookup());
    } else {
      (void)expand_instruction(one, file.escape, scope.lookup());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ParseResult result = parse("Dockerfile", text);
  for (const Diagnostic& one : result.diagnostics) {
    check_span(one.span, text);
    if (render(one, "Dockerfile", text).empty()) std::abort();
  }
  (void)detect_syntax(text);
  ResolveResult resolved = resolve(result.file, {});
  for (const Stage& stage : result.file.stages) {
    for (const Instruction& one : stage.instructions)
      for (const Word& word : expandable_words(one))
        check_span(word.span, text);
    if (resolved.ok()) walk_stage(result.file, stage, resolved.resolution);
  }
  return 0;
}
