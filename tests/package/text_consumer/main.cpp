/// \file
/// A stranger's program: the two text languages, and nothing else of the engine.

#include <cstdio>
#include <string_view>

#include "dockerfile/parse.h"
#include "naming/explain.h"

int main() {
  constexpr std::string_view kText = "FROM python:3.12 AS base\nRUN pip install numpy\nRUM x\n";
  const suit::dockerfile::ParseResult file = suit::dockerfile::parse("Dockerfile", kText);
  const bool read = file.file.stages.size() == 1 && file.diagnostics.size() == 1;
  const std::string said =
      read ? suit::dockerfile::render(file.diagnostics[0], "Dockerfile", kText) : "";
  const auto name = suit::naming::explain(file.file.stages[0].from.base.text);
  const bool named = name && name->full == "docker.io/library/python:3.12";
  if (!named) std::puts("the name of FROM was not understood");
  if (!said.starts_with("Dockerfile:3:1: error: unknown instruction: RUM (did you mean RUN?)"))
    std::puts(said.c_str());
  return named && said.find("did you mean RUN?") != std::string::npos ? 0 : 1;
}
