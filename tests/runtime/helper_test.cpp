// The helper as it is shipped: small, static, nothing undefined, not writable and executable at
// once.

#include <elf.h>

#include <cstring>

#include <gtest/gtest.h>

#include "os/file.h"

extern "C" const char suit_init_image[];
extern "C" const char suit_init_image_end[];

namespace suit::runtime {
namespace {

constexpr std::size_t kMaxBytes = 24 << 10;

std::string_view image() {
  return {suit_init_image, static_cast<std::size_t>(suit_init_image_end - suit_init_image)};
}

TEST(Helper, IsSmall) {
  EXPECT_LT(image().size(), kMaxBytes);
  EXPECT_GT(image().size(), 500U);
}

TEST(Helper, IsAStaticExecutableWithoutSymbolsToResolve) {
  Elf64_Ehdr header;
  ASSERT_GE(image().size(), sizeof header);
  std::memcpy(&header, image().data(), sizeof header);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header.e_type, ET_EXEC);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, image().data() + header.e_phoff + i * sizeof segment, sizeof segment);
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_INTERP)) << "needs a loader";
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_DYNAMIC)) << "needs libraries";
    EXPECT_FALSE((segment.p_flags & PF_W) != 0 && (segment.p_flags & PF_X) != 0);
  }
}

}  // namespace
}  // namespace suit::runtime
