#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace suit::layer::test {
namespace {

os::TempDir make_scratch() {
  const char* base = std::getenv("TMPDIR");
  auto dir = os::TempDir::create(base ? base : "/tmp", "suit-layer-");
  EXPECT_TRUE(dir.has_value()) << dir.error().message();
  return std::move(dir).value();
}

std::string xattrs_of(const std::string& path) {
  std::string names(4096, '\0');
  ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  std::map<std::string, std::string> all;
  for (ssize_t at = 0; at < size;) {
    std::string name = names.c_str() + at;
    at += static_cast<ssize_t>(name.size()) + 1;
    if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) continue;
    std::string value(4096, '\0');
    ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    value.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    if (name.starts_with("user.") || name == "security.capability") all[name] = value;
  }
  std::string text;
  for (const auto& [name, value] : all)
    text += fmt::format(" {}={:02x}", name, fmt::join(value, ""));
  return text;
}

void add_to(Picture& picture, std::map<std::pair<dev_t, ino_t>, std::string>& inodes,
            const std::string& root, const std::string& path, Times times) {
  std::string full = root + (path.empty() ? "" : "/" + path);
  struct stat info{};
  ASSERT_EQ(::lstat(full.c_str(), &info), 0) << full << ": " << std::strerror(errno);
  if (!path.empty()) {
    std::string text = fmt::format("{:06o} {}:{}", info.st_mode, info.st_uid, info.st_gid);
    if (times == Times::Compare) text += fmt::format(" @{}", info.st_mtim.tv_sec);
    text += xattrs_of(full);
    if (S_ISREG(info.st_mode)) {
      std::string content = read_text(full);
      text += content.size() < 40 ? fmt::format(" \"{}\"", content)
                                  : fmt::format(" {} bytes #{:x}", content.size(),
                                                std::hash<std::string>()(content));
    }
    if (S_ISLNK(info.st_mode)) {
      std::string target(8192, '\0');
      ssize_t length = ::readlink(full.c_str(), target.data(), target.size());
      target.resize(static_cast<std::size_t>(length));
      text += " -> " + target;
    }
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
      text += fmt::format(" {},{}", major(info.st_rdev), minor(info.st_rdev));
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1) {
      auto [first, is_new] = inodes.try_emplace({info.st_dev, info.st_ino}, path);
      if (!is_new) text += " == " + first->second;
    }
    picture[path] = text;
  }
  if (!S_ISDIR(info.st_mode)) return;
  auto names = os::list_dir(full);
  ASSERT_TRUE(names.has_value()) << names.error().message();
  for (const std::string& name : *names)
    add_to(picture, inodes, root, path.empty() ? name : path + "/" + name, times);
}

}  // namespace

Scratch::Scratch() : dir_(make_scratch()) {}

std::string Scratch::path(std::string_view below) const {
  return below.empty() ? dir_.path() : fmt::format("{}/{}", dir_.path(), below);
}

std::string Scratch::make_dir(std::string_view below) const {
  std::string made = path(below);
  EXPECT_TRUE(os::make_dirs(made, 0755).has_value());
  return made;
}

Member file(std::string path, std::string content, mode_t mode) {
  Member member;
  member.entry.path = std::move(path);
  member.entry.mode = mode;
  member.entry.size_bytes = content.size();
  member.content = std::move(content);
  return member;
}

Member directory(std::string path, mode_t mode) {
  Member member;
  member.entry.type = EntryType::Directory;
  member.entry.path = std::move(path);
  member.entry.mode = mode;
  return member;
}

Member symlink(std::string path, std::string target) {
  Member member;
  member.entry.type = EntryType::Symlink;
  member.entry.path = std::move(path);
  member.entry.link = std::move(target);
  member.entry.mode = 0777;
  return member;
}

Member hard_link(std::string path, std::string target) {
  Member member;
  member.entry.type = EntryType::HardLink;
  member.entry.path = std::move(path);
  member.entry.link = std::move(target);
  member.entry.mode = 0644;
  return member;
}

std::string tar_of(const std::vector<Member>& members) {
  StringWriter out;
  TarWriter tar(out);
  for (const Member& member : members) {
    auto begun = tar.begin(member.entry);
    EXPECT_TRUE(begun.has_value()) << begun.error().message();
    EXPECT_TRUE(tar.write(bytes_of(member.content)).has_value());
  }
  EXPECT_TRUE(tar.finish().has_value());
  return out.take();
}

Result<std::vector<Member>> members_of(std::string_view tar, ArchiveEnd end) {
  StringReader in(tar);
  TarReader reader(in, end);
  std::vector<Member> members;
  while (true) {
    SUIT_LET(auto entry, reader.next());
    if (!entry) return members;
    Member member{*entry, {}};
    while (true) {
      std::array<std::byte, 100> some;
      SUIT_LET(std::size_t count, reader.read(some));
      if (count == 0) break;
      member.content.append(reinterpret_cast<const char*>(some.data()), count);
    }
    members.push_back(std::move(member));
  }
}

void fix_checksum(std::string& block) {
  unsigned sum = 0;
  for (std::size_t i = 148; i < 156; ++i)
    block[i] = ' ';
  for (std::size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>(block[i]);
  std::string text = fmt::format("{:06o}", sum);
  block.replace(148, 6, text);
  block[154] = '\0';
}

std::string raw_header(std::string_view name, char type, std::string_view size_field,
                       std::string_view link, std::string_view magic) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  block.replace(108, 7, "0000000");
  block.replace(116, 7, "0000000");
  block.replace(124, size_field.size(), size_field);
  block.replace(136, 11, "00000000000");
  block[156] = type;
  block.replace(157, link.size(), link);
  block.replace(257, magic.size(), magic);
  fix_checksum(block);
  return block;
}

std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

Result<ApplyStats> unpack(std::string_view tar, const std::string& destination,
                          const ApplyOptions& options) {
  StringReader in(tar);
  SUIT_LET(os::Fd root, os::open_at(os::FdRef::cwd(), destination, O_RDONLY | O_DIRECTORY));
  return apply(in, root, options);
}

Picture picture_of(const std::string& root, Times times) {
  Picture picture;
  std::map<std::pair<dev_t, ino_t>, std::string> inodes;
  add_to(picture, inodes, root, "", times);
  return picture;
}

void write_text(const std::string& path, std::string_view text, mode_t mode) {
  {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    ASSERT_TRUE(out.good()) << path;
  }
  ASSERT_EQ(::chmod(path.c_str(), mode), 0) << path;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void set_mtime(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0) << path;
}

Overlay::Overlay(const std::vector<std::string>& lower, const std::string& upper,
                 const std::string& work, const std::string& target)
    : target_(target) {
  std::string options =
      fmt::format("lowerdir={},upperdir={},workdir={},redirect_dir=off,metacopy=off,index=off",
                  fmt::join(lower, ":"), upper, work);
  mounted_ = ::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) == 0;
}

Overlay::~Overlay() {
  if (mounted_) ::umount2(target_.c_str(), MNT_DETACH);
}

}  // namespace suit::layer::test
