// Layers two and three against the reference's own tables.

#include <algorithm>

#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "dockerfile/flags_internal.h"
#include "dockerfile/parse.h"
#include "dockerfile/ports.h"
#include "dockerfile/scope.h"
#include "dockerfile/typing_internal.h"
#include "lines_support.h"

namespace suit::dockerfile {
namespace {

using corpora::Tally;
using RunBody = Run;  // inside a TEST, Run is a member of testing::Test
using nlohmann::json;

std::string all_messages(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& one : diagnostics)
    out += one.message + "\n";
  return out;
}

TEST(InstructionCorpora, RejectsInTheSameWords) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/errors.json");
  for (const json& row : corpora::cases("dockerfile-instructions/errors.json")) {
    ParseResult result =
        parse("Dockerfile", "FROM scratch\n" + row["dockerfile"].get<std::string>());
    std::string full = row["upstream_full_error_with_FROM"].get<std::string>();
    std::string expected = full.substr(full.find(": ") + 2);
    bool ok = !result.ok() && result.diagnostics.front().message == expected &&
              result.diagnostics.front().span.line == 2;
    EXPECT_TRUE(ok) << row.dump() << all_messages(result.diagnostics);
    tally.count(ok);
  }
}

TEST(InstructionCorpora, ReadsPorts) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/expose.json");
  for (const json& row : corpora::cases("dockerfile-instructions/expose.json")) {
    std::vector<std::string> ports;
    std::string error;
    for (const std::string& one : strings(row, "input")) {
      auto more = parse_ports(one);
      if (more)
        ports.insert(ports.end(), more->begin(), more->end());
      else
        error = more.error().message();
    }
    bool ok = false;
    if (row.contains("expected_error"))
      ok = row["expected_error"].is_string() ? error == row["expected_error"] : !error.empty();
    else
      ok = error.empty() && ports == strings(row, "expected");
    EXPECT_TRUE(ok) << row.dump() << error;
    tally.count(ok);
  }
}

TEST(InstructionCorpora, ReadsFlags) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/builder-flags.json");
  for (const json& row : corpora::cases("dockerfile-instructions/builder-flags.json")) {
    std::vector<std::string> names;
    std::vector<FlagSpec> specs;
    for (const auto& [name, value] : row["flags"].items())
      names.push_back(name);
    for (const std::string& name : names)
      specs.push_back({name, row["flags"][name].is_boolean() ? FlagKind::Bool : FlagKind::Text});
    // Layer one takes the bare `--` away.
    std::vector<Word> flags;
    for (const std::string& one : strings(row, "args"))
      if (one != "--") flags.push_back({one, {}});
    std::vector<Diagnostic> diagnostics;
    FlagValues values = FlagValues::read(flags, specs, diagnostics);
    bool ok = diagnostics.empty() == row["ok"].get<bool>();
    if (row.contains("values"))
      for (const auto& [name, value] : row["values"].items()) {
        bool given = std::ranges::any_of(strings(row, "args"), [&](const std::string& arg) {
          return arg == "--" + name || arg.starts_with("--" + name + "=");
        });
        if (!given) continue;  // defaults are the instructions' own business here
        ok = ok && (value.is_boolean() ? values.boolean(name) == value.get<bool>()
                                       : values.text(name).text == value.get<std::string>());
      }
    EXPECT_TRUE(ok) << row.dump() << all_messages(diagnostics);
    tally.count(ok);
  }
}

bool same_copy(const Copy& copy, const json& expected) {
  bool ok = copy.destination.text == expected["dest"] &&
            texts(copy.sources) == strings(expected, "source_paths") &&
            copy.inline_files.size() == expected["source_contents"].size();
  for (std::size_t i = 0; ok && i < copy.inline_files.size(); ++i) {
    const json& one = expected["source_contents"][i];
    ok = copy.inline_files[i].name == one["path"] && copy.inline_files[i].content == one["data"] &&
         copy.inline_files[i].expand == one["expand"];
  }
  return ok;
}

bool same_run(const Run& run, const json& expected) {
  if (expected.contains("flags_used")) return run.mounts.size() == 1;
  bool ok = run.command.shell_form == expected["shell_form"].get<bool>() &&
            run.command.words == strings(expected, "command") &&
            run.heredocs.size() == expected["files"].size();
  for (std::size_t i = 0; ok && i < run.heredocs.size(); ++i) {
    const json& one = expected["files"][i];
    ok = run.heredocs[i].name == one["name"] && run.heredocs[i].content == one["data"] &&
         run.heredocs[i].chomp == one["chomp"].get<bool>();
  }
  return ok;
}

std::string text_of(const json& row) {
  if (row.contains("dockerfile")) return row["dockerfile"].get<std::string>();
  if (row.contains("flag")) return "HEALTHCHECK " + row["flag"].get<std::string>() + " CMD x";
  std::string text = row["instruction"].get<std::string>();
  for (const std::string& word : strings(row, "node"))
    text += " " + word;
  return text;
}

TEST(InstructionCorpora, TypesInstructions) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/heredoc-and-misc.json");
  for (const json& row : corpora::cases("dockerfile-instructions/heredoc-and-misc.json")) {
    TriggerResult result = parse_trigger(text_of(row));
    bool ok = result.ok() && result.instructions.size() == 1;
    if (row.contains("expected_error_contains")) {
      ok = all_messages(result.diagnostics)
               .find(row["expected_error_contains"].get<std::string>()) != std::string::npos;
    } else if (ok) {
      const json& expected = row["expected"];
      const InstructionBody& body = result.instructions.front().body;
      if (const Copy* copy = std::get_if<Copy>(&body))
        ok = same_copy(*copy, expected);
      else if (const RunBody* run = std::get_if<RunBody>(&body))
        ok = same_run(*run, expected);
      else if (expected != "ok")
        ok = std::get<Healthcheck>(body).test == strings(expected, "test");
    }
    EXPECT_TRUE(ok) << row.dump() << all_messages(result.diagnostics);
    tally.count(ok);
  }
}

TEST(InstructionCorpora, ReadsDevices) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/run-device.json");
  for (const json& row : corpora::cases("dockerfile-instructions/run-device.json")) {
    TriggerResult result = parse_trigger("RUN --device=" + row["input"].get<std::string>() + " x");
    bool ok = false;
    if (row.contains("expected_error")) {
      ok = !result.ok() && result.diagnostics.front().message == row["expected_error"];
    } else if (result.ok()) {
      const DeviceFlag& device =
          std::get<RunBody>(result.instructions.front().body).devices.front();
      ok = device.name == row["expected"]["name"] &&
           device.required == row["expected"]["required"].get<bool>();
    }
    EXPECT_TRUE(ok) << row.dump() << all_messages(result.diagnostics);
    tally.count(ok);
  }
}

TEST(InstructionCorpora, JoinsOrKeepsCommandWords) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/json-args.json");
  for (const json& row : corpora::cases("dockerfile-instructions/json-args.json")) {
    std::string text = "CMD";
    std::vector<std::string> words = strings(row, "args");
    if (row["json"].get<bool>()) {
      text += " " + json(words).dump();
    } else {
      for (const std::string& word : words)
        text += " " + word;
    }
    TriggerResult result = parse_trigger(text);
    bool ok = result.ok() && std::get<Cmd>(result.instructions.front().body).command.words ==
                                 strings(row, "expected");
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(InstructionCorpora, ReadsDescriptionsFromComments) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/doc-comments.json");
  for (const json& row : corpora::cases("dockerfile-instructions/doc-comments.json")) {
    ParseResult result = parse("Dockerfile", row["dockerfile"].get<std::string>());
    ASSERT_TRUE(result.ok());
    const Stage& stage = result.file.stages.at(0);
    std::map<std::string, std::string> global;
    std::map<std::string, std::string> local;
    for (const Instruction& one : result.file.global_args)
      for (const ArgDefinition& arg : std::get<Arg>(one.body).args)
        global[arg.key.text] = arg.description;
    for (const Instruction& one : stage.instructions)
      for (const ArgDefinition& arg : std::get<Arg>(one.body).args)
        local[arg.key.text] = arg.description;
    bool ok = stage.from.description == row["stage0_doc"] && json(global) == row["meta_args"] &&
              json(local) == row["stage0_args"];
    EXPECT_TRUE(ok) << json(local).dump();
    tally.count(ok);
  }
}

bool check_stages(const json& row, std::string& ours) {
  if (row.contains("set")) {
    std::vector<Variable> env;
    for (const std::string& line : strings(row, "env")) {
      std::size_t equals = line.find('=');
      env.emplace_back(line.substr(0, equals),
                       equals == std::string::npos ? "" : line.substr(equals + 1));
    }
    std::vector<std::string> pair = strings(row, "set");
    set_variable(env, pair.at(0), pair.at(1));
    std::vector<std::string> lines;
    for (const auto& [name, value] : env)
      lines.push_back(name + "=" + value);
    return lines == strings(row, "expected");
  }
  ParseResult parsed = parse("Dockerfile", row["dockerfile"].get<std::string>());
  ours = all_messages(parsed.diagnostics);
  bool ok = parsed.ok();
  if (ok) {
    ResolveOptions options;
    options.target = row.value("target", "");
    ResolveResult resolved = resolve(parsed.file, options);
    ours = all_messages(resolved.diagnostics);
    ok = resolved.ok();
  }
  if (row.contains("expected_error") &&
      ours.find(row["expected_error"].get<std::string>()) == std::string::npos)
    return false;
  return ok == row["ok"].get<bool>();
}

TEST(InstructionCorpora, ResolvesStages) {
  SUIT_NEEDS_CORPORA();
  Tally tally("dockerfile-instructions/stages-and-env.json");
  for (const json& row : corpora::cases("dockerfile-instructions/stages-and-env.json")) {
    std::string ours;
    bool ok = check_stages(row, ours);
    EXPECT_TRUE(ok) << row.dump() << ours;
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::dockerfile
