#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "layer/tree.h"
#include "naming/reference.h"
#include "os/process.h"
#include "runtime/runtime.h"
#include "store/archive.h"

namespace suit::build {

namespace {

constexpr const char* kBusybox = "/usr/bin/busybox";

// Debian's busybox is built without its adduser; the tables use `adduser -D NAME`.
constexpr std::string_view kAddUser = R"(#!/bin/sh
[ "$1" = -D ] && shift
id=$((1000 + $(grep -c /home/ /etc/passwd)))
echo "$1:x:$id:$id::/home/$1:/bin/sh" >> /etc/passwd
echo "$1:x:$id:" >> /etc/group
mkdir -p /home/$1 && chown $id:$id /home/$1
)";

void put(const std::string& path, std::string_view text) {
  ASSERT_TRUE(os::replace_file(path, text, 0644));
}

/// The root file system as a tar; made once a process.
const std::string& rootfs_tar() {
  static const std::string tar = [] {
    const os::TempDir dir = os::TempDir::create("/tmp", "suit-busybox-").value();
    const std::string root = dir.path();
    for (const char* name :
         {"/bin", "/etc", "/root", "/tmp", "/usr/bin", "/var", "/home", "/sbin"}) {
      EXPECT_TRUE(os::make_dirs(root + name, 0755));
    }
    EXPECT_EQ(::chmod((root + "/tmp").c_str(), 01777), 0);
    EXPECT_TRUE(
        os::replace_file(root + "/bin/busybox", os::read_file(kBusybox, 16U << 20).value(), 0755));
    const os::Captured list = os::run_and_capture({kBusybox, "--list"}).value();
    for (std::size_t begin = 0; begin < list.out.size();) {
      const std::size_t end = list.out.find('\n', begin);
      const std::string name = list.out.substr(begin, end - begin);
      if (name != "busybox") {
        EXPECT_EQ(::symlink("busybox", (root + "/bin/" + name).c_str()), 0);
      }
      begin = end + 1;
    }
    if (!os::exists(root + "/bin/adduser")) {
      EXPECT_TRUE(os::replace_file(root + "/bin/adduser", kAddUser, 0755));
    }
    put(root + "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
        "nobody:x:65534:65534:nobody:/home:/bin/false\n");
    put(root + "/etc/group",
        "root:x:0:\ndaemon:x:1:\nwheel:x:10:root\nusers:x:100:\nnobody:x:65534:\n");
    put(root + "/etc/shadow", "root:*:::::::\n");
    StringWriter out;
    EXPECT_TRUE(layer::write_tree(root, {}, out));
    return out.take();
  }();
  return tar;
}

}  // namespace

std::vector<std::string> Recorder::texts(Event::Kind kind) const {
  std::vector<std::string> out;
  for (const Event& event : events) {
    if (event.kind == kind) out.push_back(event.text);
  }
  return out;
}

std::string cannot_build() {
  if (::geteuid() != 0) return "needs root";
  if (!os::exists(kBusybox)) return "needs busybox-static";
  return {};
}

void import_busybox(store::Store& store) {
  StringReader tar(rootfs_tar());
  store::ImportOptions options;
  for (const char* name : {"busybox", "alpine"}) {
    options.names.push_back(naming::parse_reference(name).value());
  }
  options.config.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  options.config.cmd = std::vector<std::string>{"sh"};
  const Result<store::Image> image = store::import_rootfs(store, tar, options);
  ASSERT_TRUE(image) << image.error().message();
}

void Builds::SetUp() {
  if (const std::string reason = cannot_build(); !reason.empty()) GTEST_SKIP() << reason;
  dir_.emplace(os::TempDir::create("/tmp", "suit-build-test-").value());
  ASSERT_TRUE(os::make_dirs(context()));
  store_.emplace(store::Store::open(dir_->path() + "/store").value());
  import_busybox(*store_);
  options_.context_dir = context();
}

void Builds::file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string full = context() + "/" + path;
  ASSERT_TRUE(os::make_dirs(full.substr(0, full.rfind('/')), 0755));
  ASSERT_TRUE(os::replace_file(full, text, mode));
}

Result<Report> Builds::build(const std::string& dockerfile) {
  EXPECT_TRUE(os::replace_file(context() + "/Dockerfile", dockerfile, 0644));
  recorder_.events.clear();
  Result<Report> report = suit::build::build(*store_, options_, recorder_);
  if (report) last_ = *report;
  return report;
}

Report Builds::must_build(const std::string& dockerfile) {
  Result<Report> report = build(dockerfile);
  if (!report) {
    std::string log;
    for (const std::string& line : recorder_.texts(Event::Kind::Log))
      log += line + "\n";
    ADD_FAILURE() << report.error().message() << "\n" << report.error().excerpt() << log;
    return Report{};
  }
  return *report;
}

Result<os::Root> open_image(store::Store& store, const store::Image& image,
                            std::optional<store::SnapshotWriter>& keep) {
  SUIT_LET(std::vector<std::string> lower, store.lower_dirs(image));
  SUIT_LET(store::SnapshotWriter writer, store.begin_snapshot());
  SUIT_LET(const runtime::HostFacts facts, runtime::probe_host());
  runtime::Overlay overlay;
  overlay.lower = std::move(lower);
  overlay.upper = writer.upper();
  overlay.work = writer.work();
  SUIT_LET(os::Fd fd, runtime::mount_overlay(overlay, facts));
  keep.emplace(std::move(writer));
  return os::Root(std::move(fd));
}

std::string Builds::read(const std::string& path) {
  if (!last_) return "(no image)";
  std::optional<store::SnapshotWriter> keep;
  const Result<os::Root> root = open_image(*store_, last_->image, keep);
  if (!root) return "(" + root.error().message() + ")";
  return root->read(path, 1U << 20).value_or("(nothing)");
}

}  // namespace suit::build
