/// \file
/// A store with a small base image, and builds into it: for tests that need root.

#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "build/build.h"
#include "os/file.h"
#include "os/root.h"
#include "store/store.h"

namespace suit::build {

/// Keeps all events.
class Recorder final : public ProgressSink {
 public:
  void on(const Event& event) override { events.push_back(event); }
  /// Texts of the events of \p kind, in order.
  std::vector<std::string> texts(Event::Kind kind) const;
  std::vector<Event> events;
};

/// Why builds cannot run here; empty when they can.
std::string cannot_build();

/// A busybox with its links, /etc/passwd and /etc/group, imported as `busybox` and `alpine`.
void import_busybox(store::Store& store);

/// A store, a context, and builds of the one into the other.
class Builds : public testing::Test {
 protected:
  void SetUp() override;
  void file(const std::string& path, std::string_view text, mode_t mode = 0644);
  /// Builds \p dockerfile; what happened is in `recorder`.
  Result<Report> build(const std::string& dockerfile);
  Report must_build(const std::string& dockerfile);
  /// The text of a file of the image that was built last.
  std::string read(const std::string& path);
  std::string context() const { return dir_->path() + "/context"; }

  std::optional<os::TempDir> dir_;
  std::optional<store::Store> store_;
  Options options_;
  Recorder recorder_;
  std::optional<Report> last_;
};

/// Mounts the image's files to look at them.
Result<os::Root> open_image(store::Store& store, const store::Image& image,
                            std::optional<store::SnapshotWriter>& keep);

}  // namespace suit::build
