#include "dockerfile/diagnostic.h"

#include <utility>

#include <fmt/format.h>

namespace suit::dockerfile {
namespace {

// The headline already says where: the excerpt goes without its first line.
std::string excerpt_of(std::string_view name, std::string_view text, const SourceSpan& span) {
  std::string excerpt = render_excerpt(name, text, span);
  std::size_t end_of_line = excerpt.find('\n');
  return end_of_line == std::string::npos ? std::string() : excerpt.substr(end_of_line + 1);
}

std::string place(std::string_view name, const SourceSpan& span) {
  return span.line == 0 ? std::string(name) : location(name, span);
}

// Messages quote the file: what would move a terminal's cursor must not reach it.
std::string printable(std::string_view message) {
  std::string shown;
  for (char c : message) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      shown += fmt::format("\\x{:02x}", byte);
    else
      shown += c;
  }
  return shown;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view name, std::string_view text) {
  return render_as(diagnostic.severity == Severity::Error ? "error" : "warning", diagnostic, name,
                   text);
}

std::string render_as(std::string_view label, const Diagnostic& diagnostic, std::string_view name,
                      std::string_view text) {
  std::string out = fmt::format("{}: {}: {}\n", place(name, diagnostic.span), label,
                                printable(diagnostic.message));
  out += excerpt_of(name, text, diagnostic.span);
  for (const std::string& note : diagnostic.notes)
    out += "note: " + printable(note) + "\n";
  if (!diagnostic.help.empty()) out += "help: " + printable(diagnostic.help) + "\n";
  return out;
}

Error to_error(const Diagnostic& diagnostic, std::string_view name, std::string_view text) {
  std::string what = place(name, diagnostic.span) + ": " + printable(diagnostic.message);
  for (const std::string& note : diagnostic.notes)
    what += "; " + printable(note);
  return Error(0, std::move(what))
      .with_hint(printable(diagnostic.help))
      .with_excerpt(excerpt_of(name, text, diagnostic.span));
}

}  // namespace suit::dockerfile
