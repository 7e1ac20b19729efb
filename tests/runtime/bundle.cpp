#include "bundle.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/plan.h"

namespace suit::test {
namespace {

constexpr const char* kBusybox = "/bin/busybox";

os::TempDir make_directory() {
  auto directory = os::TempDir::create("/tmp", "suit-bundle-");
  EXPECT_TRUE(directory) << directory.error().message();
  return *std::move(directory);
}

std::string read_all_of(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  return text;
}

}  // namespace

std::string no_kernel_tests() {
  // A mount table of our own: what others mount meanwhile does not look like a leak.
  static const bool is_private = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                                 ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  if (::geteuid() != 0) return "needs root";
  if (!is_private) return "needs a mount namespace of its own";
  if (::access(kBusybox, X_OK) != 0) return "needs busybox-static as /bin/busybox";
  return "";
}

std::vector<std::string> mount_table() {
  std::vector<std::string> lines;
  auto text = os::read_file("/proc/self/mountinfo");
  EXPECT_TRUE(text);
  for (std::size_t at = 0; text && at < text->size();) {
    std::size_t end = std::min(text->find('\n', at), text->size());
    lines.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<std::string> mounts_since(const std::vector<std::string>& before) {
  std::vector<std::string> now = mount_table();
  std::erase_if(now, [&](const std::string& line) {
    return std::ranges::find(before, line) != before.end();
  });
  return now;
}

std::string unique_id(const std::string& prefix) {
  static std::atomic<int> next{0};
  return fmt::format("{}-{}-{}", prefix, ::getpid(), next++);
}

Bundle::Bundle() : directory_(make_directory()) {
  ::chmod(path().c_str(), 0755);
  for (const char* name : {"", "/bin", "/etc", "/proc", "/dev", "/sys", "/tmp", "/root", "/home",
                           "/var", "/var/www", "/opt"})
    ::mkdir((rootfs() + name).c_str(), 0755);
  ::chmod((rootfs() + "/tmp").c_str(), 01777);
  auto busybox = os::read_file(kBusybox, 8U << 20);
  EXPECT_TRUE(busybox) << busybox.error().message();
  write("bin/busybox", *busybox, 0755);
  auto applets = os::run_and_capture({kBusybox, "--list"});
  EXPECT_TRUE(applets) << applets.error().message();
  for (std::size_t at = 0; at < applets->out.size();) {
    std::size_t end = applets->out.find('\n', at);
    std::string name = applets->out.substr(at, end - at);
    if (name != "busybox") symlink("busybox", "bin/" + name);
    at = end == std::string::npos ? end : end + 1;
  }
  write("etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
        "www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/nonexistent:/"
        "bin/false\n");
  write("etc/group", "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n");
}

void Bundle::write(const std::string& name, const std::string& text, mode_t mode) const {
  std::string file = rootfs() + "/" + name;
  EXPECT_TRUE(os::make_dirs(file.substr(0, file.rfind('/')), 0755));
  auto written = os::replace_file(file, text, mode);
  EXPECT_TRUE(written) << written.error().message();
}

void Bundle::symlink(const std::string& target, const std::string& name) const {
  EXPECT_EQ(::symlink(target.c_str(), (rootfs() + "/" + name).c_str()), 0) << name;
}

oci::Spec Bundle::shell(const std::string& script) {
  oci::Spec spec = oci::default_spec();
  spec.process.args = {"sh", "-c", script};
  spec.process.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.hostname = "suit";
  return spec;
}

Outcome Bundle::run(const oci::Spec& spec) const {
  auto facts = runtime::probe_host();
  EXPECT_TRUE(facts) << facts.error().message();
  return run(spec, *facts);
}

Outcome Bundle::run(const oci::Spec& spec, const runtime::HostFacts& facts) const {
  Outcome outcome;
  auto plan = runtime::plan_launch(spec, facts, unique_id("test"));
  if (!plan) {
    outcome.error = plan.error();
    return outcome;
  }
  auto rootfs_tree = runtime::clone_tree(rootfs());
  EXPECT_TRUE(rootfs_tree) << rootfs_tree.error().message();
  os::Fd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  os::Fd out(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  os::Fd err(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  auto container = runtime::launch(*plan, {*rootfs_tree, in, out, err, true, false});
  if (!container) {
    outcome.error = container.error();
    return outcome;
  }
  outcome.started = true;
  auto status = container->wait();
  EXPECT_TRUE(status) << status.error().message();
  outcome.code = status ? status->shell_code() : -1;
  outcome.out = read_all_of(out.raw());
  outcome.err = read_all_of(err.raw());
  return outcome;
}

}  // namespace suit::test
