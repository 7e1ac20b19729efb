/// \file
/// The `check` directive, and the list of rules.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/lint.h"

namespace suit::dockerfile {

/// \shape `skip=A,B;error=true;experimental=C`
struct CheckOptions {
  std::vector<std::string> skip;
  std::vector<std::string> experimental;
  bool error = false;
};

/// \param wrong gets the reason when an option is none
CheckOptions read_check(std::string_view value, std::string& wrong);

/// Whether \p names holds \p rule, or `all`.
bool lists(const std::vector<std::string>& names, std::string_view rule);

const LintRule* find_lint_rule(std::string_view name);

}  // namespace suit::dockerfile
