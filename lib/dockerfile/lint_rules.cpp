#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dockerfile/lint_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

constexpr std::array<LintRule, 22> kRules = {{
    {"StageNameCasing", "Stage names should be lowercase",
     "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/", false},
    {"FromAsCasing", "The 'as' keyword should match the case of the 'from' keyword",
     "https://docs.docker.com/go/dockerfile/rule/from-as-casing/", false},
    {"NoEmptyContinuation", "Empty continuation lines will become errors in a future release",
     "https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/", false},
    {"ConsistentInstructionCasing",
     "All commands within the Dockerfile should use the same casing (either upper or lower)",
     "https://docs.docker.com/go/dockerfile/rule/consistent-instruction-casing/", false},
    {"DuplicateStageName", "Stage names should be unique",
     "https://docs.docker.com/go/dockerfile/rule/duplicate-stage-name/", false},
    {"ReservedStageName", "Reserved words should not be used as stage names",
     "https://docs.docker.com/go/dockerfile/rule/reserved-stage-name/", false},
    {"JSONArgsRecommended",
     "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS "
     "signals",
     "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/", false},
    {"MaintainerDeprecated",
     "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
     "https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/", false},
    {"UndefinedArgInFrom", "FROM command must use declared ARGs",
     "https://docs.docker.com/go/dockerfile/rule/undefined-arg-in-from/", false},
    {"WorkdirRelativePath",
     "Relative workdir without an absolute workdir declared within the build can have unexpected "
     "results if the base image changes",
     "https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/", false},
    {"UndefinedVar", "Variables should be defined before their use",
     "https://docs.docker.com/go/dockerfile/rule/undefined-var/", false},
    {"MultipleInstructionsDisallowed",
     "Multiple instructions of the same type should not be used in the same stage",
     "https://docs.docker.com/go/dockerfile/rule/multiple-instructions-disallowed/", false},
    {"LegacyKeyValueFormat", "Legacy key/value format with whitespace separator should not be used",
     "https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/", false},
    {"InvalidBaseImagePlatform", "Base image platform does not match expected target platform", "",
     false},
    {"RedundantTargetPlatform",
     "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default "
     "behavior",
     "https://docs.docker.com/go/dockerfile/rule/redundant-target-platform/", false},
    {"SecretsUsedInArgOrEnv", "Sensitive data should not be used in the ARG or ENV commands",
     "https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/", false},
    {"InvalidDefaultArgInFrom",
     "Default value for global ARG results in an empty or invalid base image name",
     "https://docs.docker.com/go/dockerfile/rule/invalid-default-arg-in-from/", false},
    {"FromPlatformFlagConstDisallowed", "FROM --platform flag should not use a constant value",
     "https://docs.docker.com/go/dockerfile/rule/from-platform-flag-const-disallowed/", false},
    {"CopyIgnoredFile", "Attempting to Copy file that is excluded by .dockerignore",
     "https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/", false},
    {"InvalidDefinitionDescription",
     "Comment for build stage or argument should follow the format: `# <arg/stage name> "
     "<description>`. If this is not intended to be a description comment, add an empty line or "
     "comment between the instruction and the comment.",
     "https://docs.docker.com/go/dockerfile/rule/invalid-definition-description/", true},
    {"ExposeProtoCasing", "Protocol in EXPOSE instruction should be lowercase",
     "https://docs.docker.com/go/dockerfile/rule/expose-proto-casing/", false},
    {"ExposeInvalidFormat",
     "IP address and host-port mapping should not be used in EXPOSE instruction. This will become "
     "an error in a future release",
     "https://docs.docker.com/go/dockerfile/rule/expose-invalid-format/", false},
}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text::trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

std::span<const LintRule> lint_rules() { return kRules; }

const LintRule* find_lint_rule(std::string_view name) {
  auto found = std::ranges::find(kRules, name, &LintRule::name);
  return found == kRules.end() ? nullptr : &*found;
}

CheckOptions read_check(std::string_view value, std::string& wrong) {
  CheckOptions options;
  // What follows a blank is a remark.
  for (std::string_view part : split(value.substr(0, value.find(' ')), ';')) {
    std::size_t equals = std::min(part.find('='), part.size());
    std::string key = text::lower(part.substr(0, equals));
    std::string_view names = part.substr(std::min(equals + 1, part.size()));
    if (key == "skip") {
      for (std::string_view one : split(names, ','))
        options.skip.emplace_back(one);
    } else if (key == "experimental") {
      for (std::string_view one : split(names, ','))
        options.experimental.emplace_back(one);
    } else if (key == "error" && parse_bool(names)) {
      options.error = *parse_bool(names);
    } else {
      wrong = fmt::format("invalid check option {}", text::quote(part));
    }
  }
  return options;
}

bool lists(const std::vector<std::string>& names, std::string_view rule) {
  return std::ranges::any_of(names, [&](const std::string& one) {
    return text::equal_ignoring_case(one, rule) || text::equal_ignoring_case(one, "all");
  });
}

}  // namespace suit::dockerfile
