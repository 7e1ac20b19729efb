#include "layer/tar.h"

#include "support.h"

namespace suit::layer::test {
namespace {

using ::testing::HasSubstr;

TEST(TarWriter, AnEmptyTarIsTwoZeroBlocks) { EXPECT_EQ(tar_of({}), std::string(1024, '\0')); }

TEST(TarWriter, LaysAHeaderOutAsGoDoes) {
  Member member = file("etc/motd", "hello");
  member.entry.uid = 1000;
  member.entry.mtime_s = 1700000000;
  std::string tar = tar_of({member});
  ASSERT_EQ(tar.size(), 512U + 512 + 1024);
  EXPECT_EQ(tar.substr(0, 9), std::string("etc/motd\0", 9));
  EXPECT_EQ(tar.substr(100, 8), std::string("0000644\0", 8));
  EXPECT_EQ(tar.substr(108, 8), std::string("0001750\0", 8));
  EXPECT_EQ(tar.substr(116, 8), std::string("0000000\0", 8));
  EXPECT_EQ(tar.substr(124, 12), std::string("00000000005\0", 12));
  EXPECT_EQ(tar.substr(136, 12), std::string("14524770400\0", 12));
  EXPECT_EQ(tar.substr(154, 2), std::string("\0 ", 2));
  EXPECT_EQ(tar[156], '0');
  EXPECT_EQ(tar.substr(257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(tar.substr(265, 64), std::string(64, '\0')) << "no user or group name";
  EXPECT_EQ(tar.substr(329, 16), std::string("0000000\0000000000\0", 16));
  EXPECT_EQ(tar.substr(512, 6), std::string("hello\0", 6));
}

TEST(TarWriter, DirectoriesEndInASlash) {
  EXPECT_EQ(tar_of({directory("etc")}).substr(0, 5), std::string("etc/\0", 5));
}

TEST(TarWriter, SplitsLongPathsBeforeItNeedsPax) {
  std::string path = std::string(90, 'a') + "/" + std::string(60, 'b');
  std::string tar = tar_of({file(path, "")});
  EXPECT_EQ(tar.size(), 512U + 1024);
  EXPECT_EQ(tar.substr(0, 60), std::string(60, 'b'));
  EXPECT_EQ(tar.substr(345, 90), std::string(90, 'a'));
}

TEST(TarWriter, PaxHoldsWhatUstarCannot) {
  Member member = file(std::string(120, 'a'), "");
  std::string tar = tar_of({member});
  EXPECT_EQ(tar[156], 'x');
  EXPECT_EQ(tar.substr(0, 15), "PaxHeaders.0/aa");
  EXPECT_EQ(tar.substr(512, 130), "130 path=" + std::string(120, 'a') + "\n");
}

TEST(TarWriter, SortsPaxRecords) {
  Member member = file("f", "");
  member.entry.uid = 3000000;
  member.entry.mtime_s = -5;
  member.entry.xattrs["user.b"] = "2";
  member.entry.xattrs["user.a"] = std::string("1\0", 2);
  std::string tar = tar_of({member});
  EXPECT_EQ(tar.substr(512, 78),
            std::string("26 SCHILY.xattr.user.a=1\0\n25 SCHILY.xattr.user.b=2\n"
                        "12 mtime=-5\n15 uid=3000000\n",
                        78));
}

TEST(TarWriter, RefusesWhatNoTarCanHold) {
  StringWriter out;
  TarWriter tar(out);
  EXPECT_FAILS_WITH(tar.begin(TarEntry{}), "tar entry without a path");
  TarEntry nul = file("a", "").entry;
  nul.link = std::string("x\0y", 3);
  EXPECT_FAILS_WITH(tar.begin(nul), "a NUL in a name");
  TarEntry full_directory = directory("d").entry;
  full_directory.size_bytes = 1;
  EXPECT_FAILS_WITH(tar.begin(full_directory), "a directory has no content");
  TarEntry fat = file("fat", "").entry;
  fat.xattrs["user.fat"] = std::string(2 << 20, 'x');
  EXPECT_FAILS_WITH(tar.begin(fat), "a tar holds 1048576");
}

TEST(TarReader, ReadsBackWhatWasWritten) {
  Member deep = file(std::string(300, 'n') + "/" + std::string(200, 'm'), "deep");
  Member odd = file("na\xc3\xafve \n\xff", "odd");
  odd.entry.uid = 4000000000;
  odd.entry.gid = 2097152;
  odd.entry.mtime_s = -1;
  odd.entry.mode = 06755;
  odd.entry.xattrs["security.capability"] = std::string("\1\0\0\2\xff", 5);
  Member device;
  device.entry.type = EntryType::CharDevice;
  device.entry.path = "null";
  device.entry.device_major = 1;
  device.entry.device_minor = 3;
  Member late = file("late", "");
  late.entry.mtime_s = 1LL << 40;
  std::vector<Member> written{
      directory("d/", 01777),          deep, odd, device, symlink("s", std::string(150, 't')),
      hard_link("h", deep.entry.path), late};
  auto read = members_of(tar_of(written));
  ASSERT_OK(read);
  ASSERT_EQ(read->size(), written.size());
  for (std::size_t i = 0; i < written.size(); ++i) {
    const TarEntry& a = written[i].entry;
    const TarEntry& b = (*read)[i].entry;
    EXPECT_EQ(a.path, b.path);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.link, b.link);
    EXPECT_EQ(a.mode, b.mode);
    EXPECT_EQ(a.uid, b.uid);
    EXPECT_EQ(a.gid, b.gid);
    EXPECT_EQ(a.mtime_s, b.mtime_s);
    EXPECT_EQ(a.xattrs, b.xattrs);
    EXPECT_EQ(a.device_minor, b.device_minor);
    EXPECT_EQ(written[i].content, (*read)[i].content);
  }
}

TEST(TarReader, EveryTruncationIsAnError) {
  Member member = file("f", std::string(600, 'x'));
  member.entry.xattrs["user.a"] = "1";
  std::string tar = tar_of({member, directory("d")});
  for (std::size_t length = 0; length < tar.size(); ++length)
    EXPECT_FALSE(members_of(tar.substr(0, length)).has_value()) << "cut at " << length;
  EXPECT_OK(members_of(tar));
}

TEST(TarReader, AnEndMayBeOptional) {
  std::string whole = tar_of({file("a", "x"), file("b", "hello")});
  std::string unpadded = whole.substr(0, 3 * 512 + 5);  // as umoci leaves it: no padding, no end
  std::string one_block = whole.substr(0, whole.size() - 512);
  for (const std::string& tar : {unpadded, whole.substr(0, 2048), one_block, std::string()}) {
    EXPECT_FALSE(members_of(tar).has_value());
    EXPECT_OK(members_of(tar, ArchiveEnd::Optional));
  }
  EXPECT_EQ(members_of(unpadded, ArchiveEnd::Optional)->back().content, "hello");
  for (std::size_t cut :
       {std::size_t{100}, std::size_t{512}, std::size_t{1100}, std::size_t{3 * 512 + 4}})
    EXPECT_FALSE(members_of(whole.substr(0, cut), ArchiveEnd::Optional).has_value()) << cut;
  EXPECT_FALSE(
      members_of(tar_of({file(std::string(200, 'n'), "")}).substr(0, 1024), ArchiveEnd::Optional));
}

TEST(TarReader, ReadsGnuLongNames) {
  std::string name(200, 'n');
  std::string link(300, 'l');
  std::string gnu = "ustar  ";
  std::string tar = raw_header("././@LongLink", 'L', "00000000311", "", gnu) + padded(name + '\0') +
                    raw_header("././@LongLink", 'K', "00000000455", "", gnu) + padded(link + '\0') +
                    raw_header("nnn", '2', "00000000000", "lll", gnu) + end_blocks();
  auto read = members_of(tar);
  ASSERT_OK(read);
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().entry.path, name);
  EXPECT_EQ(read->front().entry.link, link);
}

TEST(TarReader, ReadsBaseTwoFiftySix) {
  std::string header = raw_header("f", '0', "00000000000");
  header.replace(108, 8, std::string("\x80\0\0\0\0\x3d\x09\0", 8));  // uid 4000000
  header.replace(136, 12,
                 std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12));  // -2
  fix_checksum(header);
  auto read = members_of(header + end_blocks());
  ASSERT_OK(read);
  EXPECT_EQ(read->front().entry.uid, 4000000U);
  EXPECT_EQ(read->front().entry.mtime_s, -2);
}

TEST(TarReader, GlobalHeadersSetWhatMovesNothing) {
  std::string records = "20 comment=a commit\n13 uid=12345\n";
  std::string tar = raw_header("pax_global_header", 'g', "00000000041") + padded(records) +
                    raw_header("f", '0', "00000000000") + end_blocks();
  auto read = members_of(tar);
  ASSERT_OK(read);
  EXPECT_EQ(read->front().entry.uid, 12345U);
  std::string moving = raw_header("g", 'g', "00000000010") + padded("8 size=1\n") +
                       raw_header("f", '0', "00000000000") + end_blocks();
  EXPECT_FALSE(members_of(moving).has_value());
}

struct Refusal {
  const char* name;
  std::string tar;
  const char* message;
};

std::string pax(const std::string& records, char type = 'x') {
  return raw_header("PaxHeaders.0/f", type, fmt::format("{:011o}", records.size())) +
         padded(records);
}

TEST(TarReader, RefusesWhatCouldBeReadTwice) {
  const std::string f = raw_header("f", '0', "00000000000");
  std::string negative = f;
  negative.replace(124, 12, std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12));
  fix_checksum(negative);
  std::string huge = f;
  huge.replace(124, 12, std::string("\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12));
  fix_checksum(huge);
  std::string minus_one = f;
  minus_one.replace(108, 8, std::string("\x80\0\0\0\xff\xff\xff\xff", 8));
  fix_checksum(minus_one);
  const std::vector<Refusal> refusals{
      {"bad checksum", std::string(512, 'x') + end_blocks(), "not a tar archive"},
      {"negative size", negative + end_blocks(), "a bad size"},
      {"overflowing size", huge + end_blocks(), "a bad size"},
      {"octal rubbish", raw_header("f", '0', "0000000008z") + end_blocks(), "a bad size"},
      {"uid -1", minus_one + end_blocks(), "a bad user id"},
      {"sparse", raw_header("f", 'S', "00000000000") + end_blocks(),
       "a sparse file; pack it without"},
      {"PAX sparse", pax("22 GNU.sparse.major=1\n") + f + end_blocks(), "a sparse file"},
      {"multi-volume", raw_header("f", 'M', "00000000000") + end_blocks(), "multi-volume"},
      {"unknown type", raw_header("f", 'Q', "00000000000") + end_blocks(),
       "unknown entry type 'Q'"},
      {"directory with content",
       raw_header("d/", '5', "00000000005") + padded("hello") + end_blocks(),
       "a directory with content"},
      {"hard link with content",
       raw_header("h", '1', "00000000005", "f") + padded("hello") + end_blocks(),
       "a hard link with content"},
      {"PAX negative size", pax("11 size=-5\n") + f + end_blocks(), "a bad size"},
      {"PAX length 0", pax("0 a=b\n") + f + end_blocks(), "a PAX record with a wrong length"},
      {"PAX length too long", pax("99 path=x\n") + f + end_blocks(),
       "a PAX record with a wrong length"},
      {"PAX without =", pax("7 path\n") + f + end_blocks(), "not \"length key=value\""},
      {"PAX NUL", pax(std::string("12 path=a\0b\n", 12)) + f + end_blocks(),
       "a NUL in the PAX record"},
      {"PAX bomb", raw_header("x", 'x', "10000000000") + end_blocks(), "the limit is 1048576"},
      {"two PAX headers", pax("9 path=g\n") + pax("9 path=h\n") + f + end_blocks(),
       "two PAX headers"},
      {"PAX and GNU name",
       pax("9 path=g\n") + raw_header("L", 'L', "00000000002") + padded("h") + f + end_blocks(),
       "a name given twice"},
      {"header without entry", pax("9 path=g\n") + end_blocks(), "without an entry behind it"},
      {"one zero block", f + std::string(512, '\0'), "a single block of zeros"},
      {"data behind the end", f + end_blocks() + std::string(512, 'x'), "data behind the end"},
      {"global path", pax("9 path=g\n", 'g') + f + end_blocks(),
       "a global PAX header that sets \"path\""},
  };
  for (const Refusal& refusal : refusals) {
    auto read = members_of(refusal.tar);
    ASSERT_FALSE(read.has_value()) << refusal.name;
    EXPECT_THAT(read.error().message(), HasSubstr(refusal.message)) << refusal.name;
    EXPECT_THAT(read.error().message(), HasSubstr("tar: at byte ")) << refusal.name;
  }
}

TEST(TarReader, TakesPaddingBehindTheEnd) {
  EXPECT_OK(members_of(tar_of({file("f", "x")}) + std::string(8192, '\0')));
}

TEST(TarReader, APaxSizeIsTheSize) {
  std::string tar =
      pax("10 size=5\n") + raw_header("f", '0', "00000000000") + padded("hello") + end_blocks();
  auto read = members_of(tar);
  ASSERT_OK(read);
  EXPECT_EQ(read->front().content, "hello");
}

}  // namespace
}  // namespace suit::layer::test
