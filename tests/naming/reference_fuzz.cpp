// A name that is accepted has a canonical and a familiar form, and both mean the same again; it can
// be explained, and each part of the explanation stands in the full form. One that is refused is
// refused at a place inside of it.

#include <cstdlib>

#include "naming/explain.h"
#include "naming/grammar.h"
#include "naming/id.h"

namespace {
namespace naming = suit::naming;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_explanation(std::string_view text) {
  const auto explained = naming::explain(text);
  const auto any = naming::parse_any(text);
  require(explained.has_value() == any.has_value());
  if (!explained) return;
  for (const naming::ExplainedPart& part : explained->parts)
    require(explained->full.find(part.text) != std::string::npos && !part.why.empty());
  require(naming::picture(*explained).starts_with(explained->full));
}

void check_problem(std::string_view text) {
  const auto problem = naming::find_problem(text);
  require(problem.has_value() != naming::split_reference(text).has_value());
  require(!problem || (problem->offset <= text.size() && !problem->reason.empty()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\n'));
  check_problem(text);
  check_explanation(text);
  const auto name = naming::parse_reference(text);
  if (!name) {
    require(naming::is_identifier(text) || !name.error().hint().empty() ||
            name.error().message().size() > 10);
    return 0;
  }
  const std::string canonical = name->canonical();
  for (const std::string& form : {canonical, name->familiar()}) {
    if (naming::is_identifier(form)) continue;  // docker.io/library/<64 hex digits>
    const auto again = naming::parse_reference(form);
    require(again && again->canonical() == canonical);
  }
  if (all.size() > text.size()) (void)naming::matches_pattern(*name, all.substr(text.size() + 1));
  return 0;
}
