/// \file
/// Right answers to the exercises of chapter 10, for the grader's own test.
///
///     secrets_solutions mask|base64|leaks VALUE
///
/// And wrong ones that forget a rule each: `mask-whole` (holds nothing back), `base64-aligned` (one
/// alignment), `leaks-visible` (only files that are still visible).

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <set>
#include <string>
#include <vector>

namespace {

std::vector<std::string> lines_of_input() {
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);)
    lines.push_back(line);
  return lines;
}

std::size_t end_to_hold(const std::string& value, const std::string& text) {
  for (std::size_t size = std::min(value.size() - 1, text.size()); size > 0; --size)
    if (text.ends_with(value.substr(0, size))) return size;
  return 0;
}

void mask(const std::string& value, bool forget_cuts) {
  std::string held;
  for (const std::string& piece : lines_of_input()) {
    std::string text = held + piece;
    std::string shown;
    for (std::size_t at = 0; (at = text.find(value)) != std::string::npos;) {
      shown += text.substr(0, at) + "***";
      text.erase(0, at + value.size());
    }
    const std::size_t hold = forget_cuts ? 0 : end_to_hold(value, text);
    std::puts((shown + text.substr(0, text.size() - hold)).c_str());
    held = text.substr(text.size() - hold);
  }
  std::puts(held.c_str());
}

std::string encoded_core(const std::string& value, std::size_t skip) {
  constexpr const char* kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string bytes = std::string(skip, '\0') + value;
  std::string text;
  for (std::size_t bit = 0; bit + 6 <= bytes.size() * 8; bit += 6) {
    unsigned letter = 0;
    for (std::size_t i = bit; i < bit + 6; ++i)
      letter =
          letter << 1U | (unsigned{static_cast<unsigned char>(bytes[i / 8])} >> (7 - i % 8) & 1U);
    text += kLetters[letter];
  }
  return text.substr((skip * 8 + 5) / 6);
}

void find_base64(const std::string& value, bool one_alignment) {
  const std::string text = lines_of_input().at(0);
  bool found = false;
  for (std::size_t skip = 0; skip < (one_alignment ? 1 : 3); ++skip)
    found = found || text.find(encoded_core(value, skip)) != std::string::npos;
  std::puts(found ? "yes" : "no");
}

void find_leaks(const std::string& value, bool only_visible) {
  std::set<std::string> removed;
  const std::vector<std::string> lines = lines_of_input();
  for (const std::string& line : lines)
    if (const std::size_t at = line.find(" remove "); at != std::string::npos)
      removed.insert(line.substr(at + 8));
  for (const std::string& line : lines) {
    if (line.find(value) == std::string::npos) continue;
    if (line.starts_with("history ")) {
      std::puts("history");
    } else if (line.starts_with("env ")) {
      std::puts(line.substr(0, line.find('=')).c_str());
    } else {
      const std::size_t kind = line.find(' ', 6);
      const std::size_t path = line.find(' ', kind + 1) + 1;
      const std::string name = line.substr(path, line.find(' ', path) - path);
      if (only_visible && removed.contains(name)) continue;
      std::puts((line.substr(0, kind) + " " + name).c_str());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string what = argv[1];
  const std::string value = argv[2];
  if (what.starts_with("mask")) mask(value, what == "mask-whole");
  if (what.starts_with("base64")) find_base64(value, what == "base64-aligned");
  if (what.starts_with("leaks")) find_leaks(value, what == "leaks-visible");
  return 0;
}
