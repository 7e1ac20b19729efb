#include "runner/sync.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "os/file.h"
#include "runner/regions.h"

namespace suit::lesson {
namespace {

Result<std::vector<std::string>> listing(const Lesson& lesson, const Block& block,
                                         const std::string& root) {
  std::string where = fmt::format("{}:{}", lesson.path, block.line);
  auto text = os::read_file(root + "/" + block.source);
  if (!text) return wrap(std::move(text).error(), where);
  if (block.region.empty()) return shown_file(block.source, *text);
  SUIT_LET(std::vector<Region> regions, parse_regions(block.source, *text));
  auto found = std::ranges::find(regions, block.region, &Region::name);
  if (found != regions.end()) return found->lines;
  std::vector<std::string> names;
  for (const Region& region : regions)
    names.push_back(region.name);
  return fail(0,
              fmt::format("{}: {} has no region \"{}\"{}", where, block.source, block.region,
                          did_you_mean(block.region, names)),
              fmt::format("its regions: {}", fmt::join(names, " ")));
}

std::vector<std::string> lines_of(const Lesson& lesson, const Block& block) {
  auto at = [&](std::size_t i) { return lesson.lines.begin() + static_cast<std::ptrdiff_t>(i); };
  return {at(block.begin), at(block.end)};
}

/// The target of the Markdown link that begins at \p text, `](target)`; empty when it leads
/// outside.
std::string_view local_target(std::string_view text) {
  std::size_t end = text.find(')');
  if (end == std::string_view::npos) return {};
  std::string_view target = text.substr(2, end - 2);
  return target.find("://") == std::string_view::npos ? target : std::string_view();
}

Result<std::optional<std::string>> broken_link(const Lesson& lesson, std::string_view target) {
  std::size_t hash = std::min(target.find('#'), target.size());
  std::size_t slash = lesson.path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : lesson.path.substr(0, slash);
  std::string file = hash == 0 ? lesson.path : folder + "/" + std::string(target.substr(0, hash));
  if (!os::exists(file)) return fmt::format("the link to {} leads nowhere", target);
  if (hash == target.size() || !file.ends_with(".md")) return std::nullopt;
  SUIT_LET(std::string text, os::read_file(file));
  SUIT_LET(Lesson other, parse_lesson(file, text));
  std::vector<std::string> anchors = heading_anchors(other);
  if (std::ranges::find(anchors, target.substr(hash + 1)) != anchors.end()) return std::nullopt;
  return fmt::format("{} has no heading \"{}\"", file, target.substr(hash + 1));
}

Result<void> check_links(const Lesson& lesson, std::vector<std::string>& problems) {
  bool in_block = false;
  for (std::size_t i = 0; i < lesson.lines.size(); ++i) {
    std::string_view line = lesson.lines[i];
    if (line.starts_with("```")) in_block = !in_block;
    if (in_block) continue;
    for (std::size_t at = line.find("]("); at != std::string_view::npos;
         at = line.find("](", at + 2)) {
      std::string_view target = local_target(line.substr(at));
      if (target.empty()) continue;
      SUIT_LET(std::optional<std::string> problem, broken_link(lesson, target));
      if (problem) problems.push_back(fmt::format("{}:{}: {}", lesson.path, i + 1, *problem));
    }
  }
  return {};
}

/// `tutorials/01-process.md` -> `chapters/01-process/main.cpp`
std::string chapter_of(const Lesson& lesson) {
  std::string_view name = lesson.path;
  name.remove_prefix(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
  return fmt::format("chapters/{}/main.cpp", name.substr(0, name.rfind('.')));
}

}  // namespace

Result<std::string> synced_text(const Lesson& lesson, const std::string& root) {
  std::string out;
  std::size_t next = 0;
  auto copy_until = [&](std::size_t end) {
    for (; next < end; ++next)
      out += lesson.lines[next] + '\n';
  };
  for (const Block& block : lesson.blocks) {
    if (block.kind != BlockKind::Source) continue;
    SUIT_LET(std::vector<std::string> lines, listing(lesson, block, root));
    copy_until(block.begin);
    for (const std::string& line : lines)
      out += line + '\n';
    next = block.end;
  }
  copy_until(lesson.lines.size());
  return out;
}

Result<std::vector<std::string>> stale_blocks(const Lesson& lesson, const std::string& root) {
  std::vector<std::string> problems;
  for (const Block& block : lesson.blocks) {
    if (block.kind != BlockKind::Source) continue;
    SUIT_LET(std::vector<std::string> lines, listing(lesson, block, root));
    std::vector<std::string> shown = lines_of(lesson, block);
    if (shown == lines) continue;
    problems.push_back(
        fmt::format("{}:{}: stale: {}#{} says otherwise (`suit-lesson sync` rewrites it)\n{}",
                    lesson.path, block.line, block.source, block.region, line_diff(shown, lines)));
  }
  SUIT_TRY(check_links(lesson, problems));
  return problems;
}

Result<std::vector<std::string>> unused_regions(const std::vector<Lesson>& lessons,
                                                const std::string& root) {
  std::set<std::string> sources;
  std::set<std::string> cited;
  for (const Lesson& lesson : lessons) {
    if (os::exists(root + "/" + chapter_of(lesson))) sources.insert(chapter_of(lesson));
    for (const Block& block : lesson.blocks)
      cited.insert(block.source + "#" + block.region);
  }
  std::vector<std::string> problems;
  for (const std::string& source : sources) {
    SUIT_LET(std::string text, os::read_file(root + "/" + source));
    SUIT_LET(std::vector<Region> regions, parse_regions(source, text));
    for (const Region& region : regions) {
      if (cited.contains(source + "#" + region.name)) continue;
      problems.push_back(
          fmt::format("{}:{}: no lesson shows region \"{}\"", source, region.line, region.name));
    }
  }
  return problems;
}

std::string line_diff(const std::vector<std::string>& before,
                      const std::vector<std::string>& after) {
  // Longest common subsequence by the quadratic table: listings have at most some sixty lines.
  std::size_t n = before.size();
  std::size_t m = after.size();
  std::vector<std::vector<std::size_t>> common(n + 1, std::vector<std::size_t>(m + 1, 0));
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1
                                           : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string out;
  for (std::size_t i = 0, j = 0; i < n || j < m;) {
    if (i < n && j < m && before[i] == after[j]) {
      out += fmt::format("   {}\n", before[i]);
      ++i, ++j;
    } else if (j == m || (i < n && common[i + 1][j] >= common[i][j + 1])) {
      out += fmt::format("  -{}\n", before[i++]);
    } else {
      out += fmt::format("  +{}\n", after[j++]);
    }
  }
  return out;
}

}  // namespace suit::lesson
