/// \file
/// A directory that stands for a host or an image, filled by a test.

#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "os/file.h"
#include "os/root.h"

namespace suit::gpu {

/// Removed at the end of the test.
class Tree {
 public:
  Tree() : dir_(*os::TempDir::create(::testing::TempDir(), "gpu-")) {}

  const std::string& path() const { return dir_.path(); }
  os::Root root() const { return *os::Root::open(dir_.path()); }

  Tree& file(const std::string& name, std::string_view text = "", mode_t mode = 0644) {
    make_parent(name);
    EXPECT_TRUE(os::replace_file(path() + name, text, mode)) << name;
    return *this;
  }
  Tree& link(const std::string& name, const std::string& target) {
    make_parent(name);
    EXPECT_EQ(::symlink(target.c_str(), (path() + name).c_str()), 0) << name;
    return *this;
  }
  Tree& dir(const std::string& name) {
    EXPECT_TRUE(os::make_dirs(path() + name, 0755)) << name;
    return *this;
  }
  /// A character device; only root may make one.
  Tree& node(const std::string& name, unsigned major, unsigned minor, mode_t mode = 0666) {
    make_parent(name);
    EXPECT_EQ(::mknod((path() + name).c_str(), S_IFCHR | mode, ::makedev(major, minor)), 0) << name;
    EXPECT_EQ(::chmod((path() + name).c_str(), mode), 0);
    return *this;
  }
  Tree& remove(const std::string& name) {
    EXPECT_TRUE(os::remove_tree(path() + name)) << name;
    return *this;
  }

 private:
  void make_parent(const std::string& name) {
    EXPECT_TRUE(os::make_dirs(path() + name.substr(0, name.rfind('/')), 0755)) << name;
  }
  os::TempDir dir_;
};

}  // namespace suit::gpu
