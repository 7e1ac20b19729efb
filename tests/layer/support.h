/// \file
/// Trees, tars and overlays for the tests of layers.

#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/stream.h"
#include "layer/layer.h"
#include "layer/tar.h"
#include "os/fd.h"
#include "os/file.h"

namespace suit::layer::test {

/// `ASSERT_OK(result)` prints the message of a failed result.
#define ASSERT_OK(...)                                                 \
  do {                                                                 \
    const auto& ok_result = (__VA_ARGS__);                             \
    ASSERT_TRUE(ok_result.has_value()) << ok_result.error().message(); \
  } while (false)
#define EXPECT_OK(...)                                                 \
  do {                                                                 \
    const auto& ok_result = (__VA_ARGS__);                             \
    EXPECT_TRUE(ok_result.has_value()) << ok_result.error().message(); \
  } while (false)
/// The message of a failed result holds \p text.
#define EXPECT_FAILS_WITH(result, text)                                          \
  do {                                                                           \
    const auto& failed_result = (result);                                        \
    ASSERT_FALSE(failed_result.has_value()) << "expected the error: " << (text); \
    EXPECT_THAT(failed_result.error().message(), ::testing::HasSubstr(text));    \
  } while (false)

/// A temporary directory below the test's working place; on overlay-capable storage.
class Scratch {
 public:
  Scratch();
  std::string path(std::string_view below = "") const;
  std::string make_dir(std::string_view below) const;

 private:
  os::TempDir dir_;
};

/// One entry with its content.
struct Member {
  TarEntry entry;
  std::string content;
};
Member file(std::string path, std::string content, mode_t mode = 0644);
Member directory(std::string path, mode_t mode = 0755);
Member symlink(std::string path, std::string target);
Member hard_link(std::string path, std::string target);

/// The members as a tar.
std::string tar_of(const std::vector<Member>& members);
/// All members of a tar, or the error of the reader.
Result<std::vector<Member>> members_of(std::string_view tar, ArchiveEnd end = ArchiveEnd::Required);
/// A header block with a right checksum, for archives that no writer makes.
std::string raw_header(std::string_view name, char type, std::string_view size_field,
                       std::string_view link = "",
                       std::string_view magic = std::string_view("ustar\00000", 8));
/// Mends the checksum of the header at the start of \p block.
void fix_checksum(std::string& block);
std::string padded(std::string text);
inline std::string end_blocks() { return std::string(1024, '\0'); }

Result<ApplyStats> unpack(std::string_view tar, const std::string& destination,
                          const ApplyOptions& options = {});

/// Path below a tree → everything that a layer must keep: type, mode, owner, content or target,
/// mtime in seconds, attributes, and which names are one file.
using Picture = std::map<std::string, std::string>;
enum class Times { Ignore, Compare };
Picture picture_of(const std::string& root, Times times = Times::Compare);

/// Writes text to a file, making it; parents are there.
void write_text(const std::string& path, std::string_view text, mode_t mode = 0644);
std::string read_text(const std::string& path);
void set_mtime(const std::string& path, std::int64_t seconds, long nanoseconds = 0);

/// An overlay mount; unmounted at the end.
class Overlay {
 public:
  /// \param lower topmost first. valid() is false when the kernel does not let us mount.
  Overlay(const std::vector<std::string>& lower, const std::string& upper, const std::string& work,
          const std::string& target);
  ~Overlay();
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;
  bool valid() const { return mounted_; }

 private:
  std::string target_;
  bool mounted_ = false;
};

}  // namespace suit::layer::test
