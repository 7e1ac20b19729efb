/// \file
/// Reading `# key = value` lines one at a time.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/line.h"

namespace suit::dockerfile {

inline constexpr std::array<std::string_view, 3> kDirectives = {"syntax", "escape", "check"};

/// Stands at the top of the file until a line is no directive; then every answer is "none".
class DirectiveReader {
 public:
  struct Line {
    std::optional<Directive> directive;
    std::string error;  ///< the directive is a repeated one
  };

  explicit DirectiveReader(std::string_view comment) : comment_(comment) {}
  Line read(std::string_view line, const SourceSpan& span);

 private:
  std::string comment_;
  std::vector<std::string> seen_;
  bool done_ = false;
};

}  // namespace suit::dockerfile
