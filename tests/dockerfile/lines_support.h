/// \file
/// Our logical lines against the reference parser's syntax tree as the tables hold it.

#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "dockerfile/line.h"

namespace suit::dockerfile {

inline std::vector<std::string> texts(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const Word& word : words)
    out.push_back(word.text);
  return out;
}

inline std::vector<std::string> strings(const nlohmann::json& row, const char* key) {
  std::vector<std::string> out;
  if (row.contains(key) && row[key].is_array())
    for (const auto& one : row[key])
      if (one.is_string()) out.push_back(one.get<std::string>());
  return out;
}

inline bool same_heredocs(const std::vector<Heredoc>& ours, const nlohmann::json& theirs) {
  if (ours.size() != theirs.size()) return false;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto& one = theirs[i];
    if (ours[i].name != one.value("name", one.value("Name", "")) ||
        ours[i].content != one.value("content", one.value("Content", "")) ||
        ours[i].expand != one.value("expand", one.value("Expand", false)) ||
        ours[i].chomp != one.value("chomp", one.value("Chomp", false)) ||
        ours[i].file_descriptor != one.value("fd", one.value("FileDescriptor", 0U)))
      return false;
  }
  return true;
}

/// "" if \p line is \p node, or the first difference.
inline std::string difference(const LogicalLine& line, const nlohmann::json& node) {
  if (node.contains("instruction") && node["instruction"] != line.keyword)
    return "keyword " + line.keyword;
  if (node.contains("original") && node["original"] != line.text) return "text " + line.text;
  if (node.contains("start_line") && node["start_line"] != line.span.line)
    return "first line " + std::to_string(line.span.line);
  if (node.contains("end_line") && node["end_line"] != line.last_line)
    return "last line " + std::to_string(line.last_line);
  if (node.value("json", false) != line.json) return "json";
  if (strings(node, "flags") != texts(line.flags)) return "flags";
  if (node.contains("prev_comment") && strings(node, "prev_comment") != texts(line.comments))
    return "comments";
  if (node.contains("heredocs") && !same_heredocs(line.heredocs, node["heredocs"]))
    return "heredocs";
  bool nested = node.contains("args") && !node["args"].empty() && node["args"][0].is_object();
  if (nested) {
    if (line.onbuild.size() != 1) return "onbuild";
    return difference(line.onbuild.front(), node["args"][0]["children"][0]);
  }
  if (strings(node, "args") != texts(line.words)) return "words";
  return "";
}

}  // namespace suit::dockerfile
