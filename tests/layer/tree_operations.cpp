#include "tree_operations.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ctime>

#include "support.h"

namespace suit::layer::test {
namespace {

mode_t mode_of(const nlohmann::json& operation, const char* otherwise) {
  return static_cast<mode_t>(std::stoul(operation.value("mode", otherwise), nullptr, 8));
}

void bind_socket(const std::string& path) {
  os::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(fd.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << path;
}

void set_time(const std::string& path, const std::string& when) {
  if (when == "now") return set_mtime(path, ::time(nullptr));
  std::tm broken_down{};
  ASSERT_NE(::strptime(when.c_str(), "%Y-%m-%dT%H:%M:%SZ", &broken_down), nullptr) << when;
  set_mtime(path, ::timegm(&broken_down));
}

void operate_once(const std::string& root, const nlohmann::json& operation) {
  auto full = [&](const char* key) { return root + "/" + operation.value(key, ""); };
  const std::string op = operation["op"];
  const std::string path = full("path");
  if (op == "dir") {
    ASSERT_OK(os::make_dirs(path, 0755));
    ASSERT_EQ(::chmod(path.c_str(), mode_of(operation, "0755")), 0) << path;
  } else if (op == "file") {
    write_text(path, operation.value("content", ""), mode_of(operation, "0644"));
  } else if (op == "symlink") {
    ASSERT_EQ(::symlink(operation["target"].get<std::string>().c_str(), path.c_str()), 0) << path;
  } else if (op == "hardlink") {
    // linkat with AT_SYMLINK_FOLLOW would leave the root.
    ASSERT_EQ(::link(full("target").c_str(), path.c_str()), 0) << path;
  } else if (op == "remove" || op == "remove_all") {
    ASSERT_OK(os::remove_tree(path));
  } else if (op == "rename") {
    // rename(2) of a lower directory is EXDEV on an overlay without redirects; mv(1) then copies.
    std::string command = "mv -- '" + full("from") + "' '" + full("to") + "'";
    ASSERT_EQ(::system(command.c_str()), 0) << command;
  } else if (op == "chmod") {
    ASSERT_EQ(::chmod(path.c_str(), mode_of(operation, "0755")), 0) << path;
  } else if (op == "chtimes") {
    set_time(path, operation["mtime"]);
  } else if (op == "socket") {
    bind_socket(path);
  } else {
    FAIL() << "unknown operation " << op;
  }
}

std::string with_host(std::string text, const std::string& host) {
  const std::string mark = "{{host}}";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
    text.replace(at, mark.size(), host);
  return text;
}

// Names exactly as given; TarWriter refuses an empty one, so that goes through a header of its own.
std::string one_entry(const nlohmann::json& entry, const std::string& host) {
  std::string path = with_host(entry["path"], host);
  std::string target = with_host(entry.value("target", ""), host);
  const std::string op = entry["op"];
  Member member = op == "dir"        ? directory(path)
                  : op == "symlink"  ? symlink(path, target)
                  : op == "hardlink" ? hard_link(path, target)
                                     : file(path, entry.value("content", ""));
  member.entry.mode = mode_of(entry, op == "dir" ? "0755" : "0644");
  if (path.empty()) return raw_header("", op == "symlink" ? '2' : '0', "00000000000", target);
  std::string tar = tar_of({member});
  return tar.substr(0, tar.size() - 1024);
}

}  // namespace

void operate(const std::string& root, const nlohmann::json& operations) {
  for (const auto& operation : operations) {
    SCOPED_TRACE(operation.dump());
    operate_once(root, operation);
  }
}

std::string tar_of_entries(const nlohmann::json& entries, const std::string& host) {
  std::string tar;
  for (const auto& entry : entries)
    tar += one_entry(entry, host);
  return tar + end_blocks();
}

}  // namespace suit::layer::test
