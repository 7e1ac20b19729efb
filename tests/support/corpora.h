/// \file
/// The shared test tables, for data-driven tests: load one, count what passed, say so.

#pragma once

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace suit::corpora {

/// Whether the tables are here at all; a clone by itself has none.
inline bool available() { return std::string(SUIT_CORPORA) != ""; }

/// The cases of the table at \p path below the corpora folder. By value, to be looped over
/// directly.
inline nlohmann::json cases(const std::string& path) {
  std::ifstream in(std::string(SUIT_CORPORA) + "/" + path);
  EXPECT_TRUE(in.good()) << path;
  nlohmann::json table = nlohmann::json::parse(in, nullptr, false);
  EXPECT_TRUE(table.contains("cases") && !table["cases"].empty()) << path;
  return std::move(table["cases"]);
}

/// Cases that we answer differently on purpose: name → reason.
using Deviations = std::map<std::string, std::string>;

/// Prints `passed/total`, deviations counted apart.
class Tally {
 public:
  explicit Tally(std::string table) : table_(std::move(table)) {}
  ~Tally() {
    std::printf("%s: %d/%d passed, %d answered differently on purpose\n", table_.c_str(), passed_,
                passed_ + failed_, deviated_);
  }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  void count(bool ok) { ++(ok ? passed_ : failed_); }
  void deviate() { ++deviated_; }

 private:
  std::string table_;
  int passed_ = 0;
  int failed_ = 0;
  int deviated_ = 0;
};

}  // namespace suit::corpora

#define SUIT_NEEDS_CORPORA()         \
  if (!::suit::corpora::available()) \
  GTEST_SKIP() << "SUIT_CORPORA is not set: the tables are absent"
