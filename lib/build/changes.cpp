#include "build/changes.h"

#include <fmt/format.h>

#include "build/plan_internal.h"
#include "dockerfile/parse.h"

namespace suit::build {

namespace {

Result<void> apply_change(StageState& stage, const Source& source) {
  dockerfile::TriggerResult parsed = dockerfile::parse_trigger(source.text);
  for (const dockerfile::Diagnostic& diagnostic : parsed.diagnostics) {
    if (diagnostic.severity != dockerfile::Severity::Error) continue;
    return Place{.source = source, .span = diagnostic.span}.fail(diagnostic.message,
                                                                 diagnostic.help);
  }
  if (parsed.instructions.size() != 1)
    return fail(0, fmt::format("--change \"{}\": an instruction is expected", source.text));
  const dockerfile::Instruction& written = parsed.instructions[0];
  const Place here{.source = source, .span = written.span};
  constexpr char kEscape = '\\';
  Result<dockerfile::Instruction> expanded =
      dockerfile::expand_instruction(written, kEscape, stage.scope.lookup());
  if (!expanded) return here.fail(expanded.error());
  if (const auto* workdir = std::get_if<dockerfile::Workdir>(&expanded->body)) {
    std::string& directory = stage.config.config.working_dir;
    directory = absolute_path(directory.empty() ? "/" : directory, workdir->path.text);
    return {};
  }
  if (const auto* env = std::get_if<dockerfile::Env>(&written.body))
    SUIT_TRY(dockerfile::apply_env(stage.scope, *env, kEscape));
  return apply_config(stage, *expanded, here);
}

}  // namespace

Result<void> apply_changes(oci::ImageConfig& config, const std::vector<std::string>& changes) {
  StageState stage;
  stage.config = config;
  for (const std::string& entry : config.config.env) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      dockerfile::set_variable(stage.scope.env, entry.substr(0, equals), entry.substr(equals + 1));
  }
  for (const std::string& change : changes)
    SUIT_TRY(apply_change(stage, Source{.name = "--change", .text = change}));
  config = std::move(stage.config);
  return {};
}

}  // namespace suit::build
