// Other people's tools as oracles: GNU tar and Python read what we write, and we read what they
// write; umoci, which uses Go's archive/tar, writes the same bytes.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>

#include "layer/compress.h"
#include "layer/tree.h"
#include "support.h"

namespace suit::layer::test {
namespace {

bool has_tool(const std::string& name) {
  return std::system(fmt::format("command -v {} >/dev/null 2>&1", name).c_str()) == 0;
}

void run(const std::string& command) {
  ASSERT_EQ(std::system((command + " >/dev/null").c_str()), 0) << command;
}

// A tree with one of everything that a layer keeps.
void make_tree(const std::string& root, bool with_xattrs) {
  const std::string long_name(140, 'n');
  ASSERT_OK(os::make_dirs(root + "/etc/deep/" + long_name + "/" + std::string(120, 'm'), 0755));
  write_text(root + "/etc/passwd", "root:x:0:0\n", 0644);
  write_text(root + "/etc/deep/" + long_name + "/" + std::string(120, 'm') + "/leaf", "deep", 0600);
  write_text(root + "/na\xc3\xafve", std::string(100000, 'x'), 04755);
  write_text(root + "/empty", "", 0444);
  ASSERT_EQ(::link((root + "/etc/passwd").c_str(), (root + "/etc/passwd-").c_str()), 0);
  ASSERT_EQ(::symlink(std::string(150, 't').c_str(), (root + "/long-link").c_str()), 0);
  ASSERT_EQ(::symlink("etc/passwd", (root + "/link").c_str()), 0);
  ASSERT_EQ(::mkfifo((root + "/fifo").c_str(), 0640), 0);
  ASSERT_EQ(::mknod((root + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::lchown((root + "/link").c_str(), 12, 34), 0);
  ASSERT_EQ(::lchown((root + "/empty").c_str(), 3000000, 100000), 0);
  if (with_xattrs) {
    const char capability[20] = {1, 0, 0, 2, 0, 4};
    ASSERT_EQ(::setxattr((root + "/etc/passwd").c_str(), "security.capability", capability,
                         sizeof capability, 0),
              0);
  }
  for (const auto& [path, picture] : picture_of(root))
    set_mtime(root + "/" + path, 1600000000);
}

class Oracle : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to keep owners";
  }
  std::string pack(const std::string& root) {
    StringWriter out;
    auto written = write_tree(root, {}, out);
    EXPECT_TRUE(written.has_value()) << written.error().message();
    write_text(scratch_.path("ours.tar"), out.text());
    return out.take();
  }
  Scratch scratch_;
};

TEST_F(Oracle, GnuTarUnpacksWhatWePack) {
  if (!has_tool("tar")) GTEST_SKIP() << "needs GNU tar";
  std::string tree = scratch_.make_dir("tree");
  make_tree(tree, true);
  pack(tree);
  std::string theirs = scratch_.make_dir("theirs");
  run(fmt::format("tar -xpf {} -C {} --numeric-owner --xattrs --xattrs-include='*'",
                  scratch_.path("ours.tar"), theirs));
  EXPECT_EQ(picture_of(theirs), picture_of(tree));
}

TEST_F(Oracle, WeUnpackWhatGnuTarPacks) {
  if (!has_tool("tar")) GTEST_SKIP() << "needs GNU tar";
  std::string tree = scratch_.make_dir("tree");
  make_tree(tree, false);
  for (const char* format : {"gnu", "oldgnu", "pax", "posix --xattrs"}) {
    std::string theirs = scratch_.path("theirs.tar");
    run(fmt::format("tar -cf {} -C {} --numeric-owner --format={} .", theirs, tree, format));
    std::string ours = scratch_.make_dir(fmt::format("ours-{}", format[0] == 'o' ? "old" : format));
    auto stats = unpack(read_text(theirs), ours);
    ASSERT_OK(stats);
    EXPECT_EQ(picture_of(ours), picture_of(tree)) << format;
  }
}

TEST_F(Oracle, PythonReadsWhatWePackAndWeReadWhatItPacks) {
  if (!has_tool("python3")) GTEST_SKIP() << "needs python3";
  std::string tree = scratch_.make_dir("tree");
  make_tree(tree, false);
  pack(tree);
  std::string theirs = scratch_.make_dir("theirs");
  run(
      fmt::format("python3 -c 'import tarfile; tarfile.open(\"{}\", "
                  "errorlevel=1).extractall(\"{}\", numeric_owner=True)'",
                  scratch_.path("ours.tar"), theirs));
  // Python does not set the times of symlinks.
  for (const char* link : {"link", "long-link"})
    set_mtime(theirs + "/" + link, 1600000000);
  EXPECT_EQ(picture_of(theirs), picture_of(tree));
  for (const char* format : {"GNU", "PAX"}) {
    std::string tar = scratch_.path("python.tar");
    run(fmt::format(
        "python3 -c 'import tarfile; t=tarfile.open(\"{}\",\"w\",format=tarfile.{}_FORMAT); "
        "t.add(\"{}\",\"\"); t.close()'",
        tar, format, tree));
    std::string ours = scratch_.make_dir(format);
    ASSERT_OK(unpack(read_text(tar), ours));
    EXPECT_EQ(picture_of(ours), picture_of(tree)) << format;
  }
}

// umoci packs with Go's archive/tar. Its layer begins with an entry for "/" and ends without
// padding.
TEST_F(Oracle, GoWritesTheSameBytes) {
  if (!has_tool("umoci")) GTEST_SKIP() << "needs umoci";
  std::string tree = scratch_.make_dir("tree");
  ASSERT_OK(os::make_dirs(tree + "/usr/lib/" + std::string(90, 'n'), 0755));
  write_text(tree + "/usr/lib/" + std::string(90, 'n') + "/" + std::string(60, 'f'),
             "split between prefix and name");
  write_text(tree + "/usr/" + std::string(120, 'p'), "a PAX path");
  write_text(tree + "/usr/lib/lib.so.1", std::string(70000, 'l'), 0755);
  ASSERT_EQ(::symlink("lib.so.1", (tree + "/usr/lib/lib.so").c_str()), 0);
  write_text(tree + "/usr/lib/odd\xc3\xa9", "x");
  write_text(tree + "/set-id", "x", 06755);
  for (const auto& [path, picture] : picture_of(tree))
    set_mtime(tree + "/" + path, 1600000000);
  set_mtime(tree, 1600000000);
  std::string ours = pack(tree);
  std::string layout = scratch_.path("oci");
  run(fmt::format(
      "umoci init --layout {0} && umoci new --image {0}:a && umoci insert --image {0}:a {1} /",
      layout, tree));
  std::string go;
  const std::vector<std::string> blobs = os::list_dir(layout + "/blobs/sha256").value();
  for (const std::string& name : blobs) {
    std::string blob = read_text(layout + "/blobs/sha256/" + name);
    if (!blob.starts_with("\x1f\x8b")) continue;
    StringReader in(blob);
    auto reader = decompress(in);
    ASSERT_OK(reader);
    go = read_all(**reader, 1U << 24).value();
  }
  ASSERT_GT(go.size(), 512U);
  go.erase(0, 512);
  ASSERT_LE(go.size(), ours.size());
  EXPECT_TRUE(go == ours.substr(0, go.size()))
      << "differs at byte "
      << (std::mismatch(go.begin(), go.end(), ours.begin()).first - go.begin());
}

}  // namespace
}  // namespace suit::layer::test
