// Instructions that change the image config and nothing else, and the lines that history keeps of
// them. The wording is Docker's, down to Go's formatting verbs: `docker history` of an image of
// ours must read like one of theirs.

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "build/plan_internal.h"
#include "dockerfile/ports.h"

namespace suit::build {

namespace {

using dockerfile::Instruction;

std::string quoted_list(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) {
    text += fmt::format("{}{}", text.size() > 1 ? " " : "", oci::Json(word).dump());
  }
  return text + "]";
}

std::string duration_text(std::chrono::nanoseconds duration) {
  // Go's Duration.String for whole units, which is all that people write in a HEALTHCHECK.
  const auto count = duration.count();
  if (count == 0) return "0s";
  if (count % 1'000'000'000 != 0) return fmt::format("{}ms", count / 1'000'000);
  std::int64_t seconds = count / 1'000'000'000;
  std::string text;
  if (seconds >= 3600) text += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) text += fmt::format("{}m", seconds % 3600 / 60);
  return text + fmt::format("{}s", seconds % 60);
}

std::string healthcheck_history(const dockerfile::Healthcheck& check) {
  return fmt::format("HEALTHCHECK &{{{} \"{}\" \"{}\" \"{}\" \"{}\" '\\x{:02x}'}}",
                     quoted_list(check.test), duration_text(check.interval),
                     duration_text(check.timeout), duration_text(check.start_period),
                     duration_text(check.start_interval), check.retries);
}

oci::Json healthcheck_json(const dockerfile::Healthcheck& check) {
  oci::Json json = oci::Json::object();
  json.set("Test", oci::Json(check.test));
  const auto set = [&](std::string_view key, std::chrono::nanoseconds value) {
    if (value.count() != 0) json.set(key, oci::Json(std::int64_t{value.count()}));
  };
  set("Interval", check.interval);
  set("Timeout", check.timeout);
  set("StartPeriod", check.start_period);
  set("StartInterval", check.start_interval);
  if (check.retries != 0) json.set("Retries", oci::Json(check.retries));
  return json;
}

void record(StageState& stage, std::string text) {
  stage.history.push_back(HistoryItem{.created_by = std::move(text), .step = std::nullopt});
}

std::string pairs_text(std::string_view keyword, const std::vector<dockerfile::KeyValue>& pairs) {
  std::string text(keyword);
  for (const dockerfile::KeyValue& pair : pairs) {
    text += fmt::format(" {}={}", pair.key.text, pair.value.text);
  }
  return text;
}

Result<void> apply_expose(StageState& stage, const dockerfile::Expose& expose, const Place& place) {
  std::vector<std::string> ports;
  for (const dockerfile::Word& word : expose.ports) {
    const Place here{.source = place.source, .span = word.span.line == 0 ? place.span : word.span};
    Result<std::vector<std::string>> parsed = dockerfile::parse_ports(word.text);
    if (!parsed) return here.fail(parsed.error());
    ports.insert(ports.end(), parsed->begin(), parsed->end());
  }
  std::ranges::sort(ports);
  ports.erase(std::ranges::unique(ports).begin(), ports.end());
  stage.config.config.exposed_ports.insert(ports.begin(), ports.end());
  std::string text = "EXPOSE map[";
  for (const std::string& port : ports)
    text += (text.ends_with('[') ? "" : " ") + port + ":{}";
  record(stage, text + "]");
  return {};
}

void apply_entrypoint(StageState& stage, const dockerfile::Entrypoint& entrypoint) {
  const std::vector<std::string> args = command_args(stage, entrypoint.command);
  stage.config.config.entrypoint = args;
  // What a base image meant as arguments of its own entry point means nothing to a new one.
  if (!stage.cmd_set) stage.config.config.cmd.reset();
  record(stage, "ENTRYPOINT " + quoted_list(args));
}

}  // namespace

std::vector<std::string> command_args(const StageState& stage,
                                      const dockerfile::CommandLine& command) {
  if (!command.shell_form) return command.words;
  const oci::ContainerConfig& config = stage.config.config;
  std::vector<std::string> args = config.shell && !config.shell->empty()
                                      ? *config.shell
                                      : std::vector<std::string>{"/bin/sh", "-c"};
  args.push_back(fmt::format("{}", fmt::join(command.words, " ")));
  return args;
}

Result<void> apply_config(StageState& stage, const Instruction& instruction, const Place& place) {
  oci::ContainerConfig& config = stage.config.config;
  return std::visit(
      dockerfile::Overloaded{
          [&](const dockerfile::Env& env) -> Result<void> {
            for (const dockerfile::KeyValue& pair : env.pairs) {
              oci::set_env(config.env, pair.key.text, pair.value.text);
            }
            record(stage, pairs_text("ENV", env.pairs));
            return {};
          },
          [&](const dockerfile::Label& label) -> Result<void> {
            for (const dockerfile::KeyValue& pair : label.pairs) {
              config.labels[pair.key.text] = pair.value.text;
            }
            record(stage, pairs_text("LABEL", label.pairs));
            return {};
          },
          [&](const dockerfile::Maintainer& maintainer) -> Result<void> {
            stage.config.author = maintainer.name;
            record(stage, "MAINTAINER " + maintainer.name);
            return {};
          },
          [&](const dockerfile::Cmd& cmd) -> Result<void> {
            config.cmd = command_args(stage, cmd.command);
            stage.cmd_set = true;
            record(stage, "CMD " + quoted_list(*config.cmd));
            return {};
          },
          [&](const dockerfile::Entrypoint& entrypoint) -> Result<void> {
            apply_entrypoint(stage, entrypoint);
            return {};
          },
          [&](const dockerfile::Shell& shell) -> Result<void> {
            config.shell = shell.words;
            record(stage, fmt::format("SHELL [{}]", fmt::join(shell.words, " ")));
            return {};
          },
          [&](const dockerfile::User& user) -> Result<void> {
            config.user = user.user.text;
            record(stage, "USER " + user.user.text);
            return {};
          },
          [&](const dockerfile::Expose& expose) -> Result<void> {
            return apply_expose(stage, expose, place);
          },
          [&](const dockerfile::Volume& volume) -> Result<void> {
            std::vector<std::string> paths;
            for (const dockerfile::Word& path : volume.paths) {
              if (path.text.empty())
                return place.fail("VOLUME specified can not be an empty string");
              config.volumes.insert(path.text);
              paths.push_back(path.text);
            }
            record(stage, fmt::format("VOLUME [{}]", fmt::join(paths, " ")));
            return {};
          },
          [&](const dockerfile::Stopsignal& signal) -> Result<void> {
            config.stop_signal = signal.signal.text;
            record(stage, "STOPSIGNAL " + signal.signal.text);
            return {};
          },
          [&](const dockerfile::Healthcheck& check) -> Result<void> {
            config.healthcheck = healthcheck_json(check);
            record(stage, healthcheck_history(check));
            return {};
          },
          [&](const dockerfile::Onbuild& onbuild) -> Result<void> {
            config.on_build.push_back(onbuild.trigger);
            return {};
          },
          [&](const auto&) -> Result<void> {
            return place.fail(fmt::format("{} is not allowed here", instruction.keyword));
          }},
      instruction.body);
}

}  // namespace suit::build
