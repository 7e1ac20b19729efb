/// \file
/// A file that was read as a tree of names and values: to show it, and to compare two of them.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dockerfile/instruction.h"
#include "dockerfile/stage.h"

namespace suit::dockerfile {

/// A value, an object (children have names) or a list (they have none).
struct AstNode {
  enum class Kind { Text, Flag, Number, Object, List };

  Kind kind = Kind::Object;
  std::string name;  ///< empty in lists
  std::string text;
  bool flag = false;
  std::int64_t number = 0;
  SourceSpan place = {};  ///< line 0: it has none of its own
  std::vector<AstNode> children;
};

/// The whole file: directives, global arguments, stages and their instructions.
AstNode to_ast(const Dockerfile& file);

/// One line a node, indented by depth: `RUN @3:1`, `  command: make`.
std::string ast_text(const AstNode& node);

/// Whether two files mean the same: equal but for places, casing of keywords and blanks.
bool same_meaning(const Dockerfile& a, const Dockerfile& b);

/// The instruction on one line, as it would be written: `COPY --from=a b /c`. Here-documents are
/// left out.
std::string one_line(const Instruction& instruction);

}  // namespace suit::dockerfile
