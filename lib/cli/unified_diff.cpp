// Myers' greedy algorithm: furthest[k] is how far one gets in `before` on diagonal k (x - y) with d
// changes. Each round of d keeps a copy, and the path is read backwards from those.

#include "cli/unified_diff.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace suit::cli {
namespace {

constexpr std::ptrdiff_t kMostChanges = 1000;
constexpr std::size_t kContext = 3;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// One line of the script.
struct Change {
  char kind = ' ';  ///< `-`, `+` or a blank
  std::string_view line;
};

class Differ {
 public:
  Differ(const Lines& before, const Lines& after) : before_(before), after_(after) {}

  std::vector<Change> run() {
    while (first_ < before_.size() && first_ < after_.size() && before_[first_] == after_[first_])
      ++first_;
    while (last_ < before_.size() - first_ && last_ < after_.size() - first_ &&
           before_[before_.size() - 1 - last_] == after_[after_.size() - 1 - last_])
      ++last_;
    keep(0, first_);
    if (search())
      trace();
    else
      replace_all();
    keep(before_.size() - last_, before_.size());
    return std::move(out_);
  }

 private:
  std::ptrdiff_t width() const {
    return static_cast<std::ptrdiff_t>(before_.size() - first_ - last_);
  }
  std::ptrdiff_t height() const {
    return static_cast<std::ptrdiff_t>(after_.size() - first_ - last_);
  }
  std::string_view old_line(std::ptrdiff_t x) const {
    return before_[first_ + static_cast<std::size_t>(x)];
  }
  std::string_view new_line(std::ptrdiff_t y) const {
    return after_[first_ + static_cast<std::size_t>(y)];
  }

  void keep(std::size_t from, std::size_t to) {
    for (; from < to; ++from)
      out_.push_back({' ', before_[from]});
  }

  // On diagonal k after d changes: down (an added line) or right (a removed one), whichever gets
  // on.
  static bool goes_down(const std::vector<std::ptrdiff_t>& furthest, std::ptrdiff_t k,
                        std::ptrdiff_t d) {
    if (k == -d) return true;
    return k != d && at(furthest, k - 1) < at(furthest, k + 1);
  }
  static std::ptrdiff_t at(const std::vector<std::ptrdiff_t>& furthest, std::ptrdiff_t k) {
    return furthest[static_cast<std::size_t>(k + static_cast<std::ptrdiff_t>(furthest.size() / 2))];
  }

  // Fills `rounds_`; false when the texts are further apart than we look.
  bool search() {
    const std::ptrdiff_t most = std::min(kMostChanges, width() + height());
    std::vector<std::ptrdiff_t> furthest(static_cast<std::size_t>(2 * most + 3), 0);
    const std::ptrdiff_t middle = most + 1;
    for (std::ptrdiff_t d = 0; d <= most; ++d) {
      rounds_.emplace_back(furthest.begin() + (middle - d - 1),
                           furthest.begin() + (middle + d + 2));
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        std::ptrdiff_t x =
            goes_down(furthest, k, d) ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
        while (x < width() && x - k < height() && x - k >= 0 && old_line(x) == new_line(x - k))
          ++x;
        furthest[static_cast<std::size_t>(middle + k)] = x;
        if (x >= width() && x - k >= height()) return true;
      }
    }
    return false;
  }

  void trace() {
    std::vector<Change> backwards;
    std::ptrdiff_t x = width();
    std::ptrdiff_t y = height();
    for (auto d = static_cast<std::ptrdiff_t>(rounds_.size()) - 1; d >= 0; --d) {
      const std::vector<std::ptrdiff_t>& furthest = rounds_[static_cast<std::size_t>(d)];
      const std::ptrdiff_t k = x - y;
      const bool down = goes_down(furthest, k, d);
      const std::ptrdiff_t from = d == 0 ? 0 : at(furthest, down ? k + 1 : k - 1);
      const std::ptrdiff_t snake = d == 0 ? 0 : (down ? from : from + 1);
      while (x > snake) {
        backwards.push_back({' ', old_line(--x)});
        --y;
      }
      if (d == 0) break;
      if (down)
        backwards.push_back({'+', new_line(--y)});
      else
        backwards.push_back({'-', old_line(--x)});
    }
    out_.insert(out_.end(), backwards.rbegin(), backwards.rend());
  }

  void replace_all() {
    for (std::ptrdiff_t x = 0; x < width(); ++x)
      out_.push_back({'-', old_line(x)});
    for (std::ptrdiff_t y = 0; y < height(); ++y)
      out_.push_back({'+', new_line(y)});
  }

  const Lines& before_;
  const Lines& after_;
  std::size_t first_ = 0;  ///< lines that both begin with
  std::size_t last_ = 0;   ///< lines that both end with
  std::vector<std::vector<std::ptrdiff_t>> rounds_;
  std::vector<Change> out_;
};

// `12,3`: from a line counted from 1; of nothing, from the line before.
std::string range(std::size_t first, std::size_t count) {
  if (count == 1) return fmt::format("{}", first + 1);
  return fmt::format("{},{}", count == 0 ? first : first + 1, count);
}

/// Writes the hunks: changes that are near enough to share their context.
class Hunks {
 public:
  explicit Hunks(const std::vector<Change>& changes) : changes_(changes) {}

  std::string run() {
    std::size_t at = 0;
    while (at < changes_.size()) {
      if (changes_[at].kind == ' ') {
        step(changes_[at++]);
        continue;
      }
      const std::size_t begin = at - std::min(at - written_, kContext);
      const std::size_t end = end_of(at);
      write(begin, at, end);
      for (; at < end; ++at)
        step(changes_[at]);
      written_ = end;
    }
    return std::move(out_);
  }

 private:
  void step(const Change& change) {
    old_ += change.kind != '+';
    new_ += change.kind != '-';
  }

  std::size_t end_of(std::size_t at) const {
    std::size_t equal = 0;
    std::size_t end = at;
    for (; end < changes_.size() && equal <= 2 * kContext; ++end)
      equal = changes_[end].kind == ' ' ? equal + 1 : 0;
    return end - (equal > kContext ? equal - kContext : 0);
  }

  void write(std::size_t begin, std::size_t at, std::size_t end) {
    std::size_t removed = 0;
    std::size_t added = 0;
    for (std::size_t i = begin; i < end; ++i) {
      removed += changes_[i].kind != '+';
      added += changes_[i].kind != '-';
    }
    out_ += fmt::format("@@ -{} +{} @@\n", range(old_ - (at - begin), removed),
                        range(new_ - (at - begin), added));
    for (std::size_t i = begin; i < end; ++i) {
      out_ += changes_[i].kind;
      out_ += changes_[i].line;
      if (!changes_[i].line.ends_with('\n')) out_ += "\n\\ No newline at end of file\n";
    }
  }

  const std::vector<Change>& changes_;
  std::size_t old_ = 0;
  std::size_t new_ = 0;
  std::size_t written_ = 0;
  std::string out_;
};

}  // namespace

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after) {
  if (before == after) return "";
  const Lines old_lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  const std::vector<Change> changes = Differ(old_lines, new_lines).run();
  return fmt::format("--- {}\n+++ {}\n{}", name, name, Hunks(changes).run());
}

}  // namespace suit::cli
