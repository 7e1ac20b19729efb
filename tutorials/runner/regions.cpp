#include "runner/regions.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace suit::lesson {
namespace {

constexpr std::string_view kElision = "⋯";

enum class MarkerKind { Open, Close, Elide };
struct Marker {
  MarkerKind kind;
  std::string_view name;
};

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

std::optional<Marker> marker_of(std::string_view line) {
  std::string_view rest = trimmed(line);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
  } else if (rest.starts_with("#")) {
    rest.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  if (rest == "-") return Marker{MarkerKind::Elide, {}};
  // A blank after the sign tells a marker from a Doxygen `//<` or a shell `#>file`.
  if (!rest.starts_with("> ") && !rest.starts_with("< ")) return std::nullopt;
  MarkerKind kind = rest[0] == '>' ? MarkerKind::Open : MarkerKind::Close;
  return Marker{kind, trimmed(rest.substr(2))};
}

std::size_t indentation(std::string_view line) {
  std::size_t blanks = line.find_first_not_of(' ');
  return blanks == std::string_view::npos ? line.size() : blanks;
}

void remove_common_indentation(std::vector<std::string>& lines) {
  std::size_t common = std::string::npos;
  for (const std::string& line : lines) {
    if (!line.empty()) common = std::min(common, indentation(line));
  }
  if (common == std::string::npos) return;
  for (std::string& line : lines)
    line.erase(0, std::min(common, line.size()));
}

/// Walks the lines once; open regions are a stack, so that crossing is visible at each close.
class Parser {
 public:
  explicit Parser(std::string_view name) : name_(name) {}

  Result<void> line(std::size_t number, const std::string& text) {
    std::optional<Marker> marker = marker_of(text);
    if (!marker) {
      if (elided_since_ == 0) show(text);
      return {};
    }
    if (marker->kind == MarkerKind::Elide) {
      elide(number, text);
      return {};
    }
    if (elided_since_ != 0) {
      return fail(0, fmt::format("{}:{}: a region marker inside an elided part (`//-` at line {})",
                                 name_, number, elided_since_));
    }
    return marker->kind == MarkerKind::Open ? open(number, marker->name)
                                            : close(number, marker->name);
  }

  Result<void> finish() const {
    if (elided_since_ != 0) {
      return fail(0, fmt::format("{}:{}: `//-` has no second `//-`", name_, elided_since_));
    }
    if (!open_.empty()) {
      const Region& region = regions_[open_.back()];
      return fail(
          0, fmt::format("{}:{}: region \"{}\" is never closed", name_, region.line, region.name),
          fmt::format("add a line `//< {}` where it ends", region.name));
    }
    return {};
  }

  std::vector<Region> take_regions() {
    for (Region& region : regions_)
      remove_common_indentation(region.lines);
    return std::move(regions_);
  }
  std::vector<std::string> take_file() { return std::move(file_); }

 private:
  void show(const std::string& text) {
    file_.push_back(text);
    for (std::size_t index : open_)
      regions_[index].lines.push_back(text);
  }

  void elide(std::size_t number, const std::string& text) {
    if (elided_since_ != 0) {
      elided_since_ = 0;
      return;
    }
    elided_since_ = number;
    show(std::string(indentation(text), ' ') + std::string(kElision));
  }

  Result<void> open(std::size_t number, std::string_view region) {
    if (!is_name(region)) {
      return fail(0, fmt::format("{}:{}: \"{}\" is no region name", name_, number, region),
                  "use lower-case letters, digits, `.` and `-`");
    }
    auto same = std::ranges::find(regions_, region, &Region::name);
    if (same != regions_.end()) {
      return fail(0, fmt::format("{}:{}: region \"{}\" was opened before, at line {}", name_,
                                 number, region, same->line));
    }
    open_.push_back(regions_.size());
    regions_.push_back({std::string(region), number, {}});
    return {};
  }

  Result<void> close(std::size_t number, std::string_view region) {
    if (open_.empty()) {
      return fail(
          0, fmt::format("{}:{}: region \"{}\" is closed but not open", name_, number, region));
    }
    const Region& inner = regions_[open_.back()];
    if (inner.name != region) {
      return fail(0,
                  fmt::format("{}:{}: region \"{}\" crosses region \"{}\" (opened at line {})",
                              name_, number, region, inner.name, inner.line),
                  "close the inner region first");
    }
    open_.pop_back();
    return {};
  }

  std::string_view name_;
  std::vector<Region> regions_;
  std::vector<std::size_t> open_;
  std::vector<std::string> file_;
  std::size_t elided_since_ = 0;
};

Result<Parser> parse(std::string_view name, std::string_view text) {
  Parser parser(name);
  std::size_t number = 0;
  for (const std::string& line : split_lines(text))
    SUIT_TRY(parser.line(++number, line));
  SUIT_TRY(parser.finish());
  return parser;
}

}  // namespace

Result<std::vector<Region>> parse_regions(std::string_view name, std::string_view text) {
  SUIT_LET(Parser parser, parse(name, text));
  return parser.take_regions();
}

Result<std::vector<std::string>> shown_file(std::string_view name, std::string_view text) {
  SUIT_LET(Parser parser, parse(name, text));
  return parser.take_file();
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view line) {
  std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace suit::lesson
