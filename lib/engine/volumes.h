/// \file
/// Named volumes: directories that outlive containers.
///
///     <data>/volumes/<name>/volume.json   who asked for it, and when
///     <data>/volumes/<name>/_data/        what containers see
///
/// A volume appears by rename, whole, and goes by rename: nobody sees half of one.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/root.h"

namespace suit::engine {

struct Volume {
  std::string name;
  std::string created;     ///< \shape RFC 3339
  std::string mountpoint;  ///< absolute path of its content
  std::map<std::string, std::string> labels;
  bool anonymous = false;
};

/// A volume that a container shall have.
struct VolumeRequest {
  std::string name;  ///< empty: a new one without a name
  std::string destination;
  std::string subpath;
  std::string propagation;
  bool read_only = false;
  bool no_copy = false;  ///< a new one stays empty, whatever the image has there
  std::map<std::string, std::string> labels;
};

/// The volumes of one data directory.
class Volumes {
 public:
  explicit Volumes(const std::string& data) : work_(data + "/work"), root_(data + "/volumes") {}

  /// \errors 0 with the rule that \p name breaks, Docker's words
  static Result<void> check_name(std::string_view name);

  /// The volume called \p name, made if it is not there; its labels are the first's.
  Result<Volume> create(const std::string& name, const std::map<std::string, std::string>& labels,
                        bool anonymous = false) const;
  /// \errors ENOENT with did-you-mean
  Result<Volume> find(const std::string& name) const;
  std::vector<Volume> list() const;
  /// Whoever uses it must have been ruled out.
  Result<void> remove(const std::string& name) const;
  std::string data_dir(std::string_view name) const;

  /// Fills an empty volume with what \p image_root has at \p destination, owners and modes of the
  /// directory itself included. Nothing there is no error; a volume that holds something stays.
  Result<void> fill(const Volume& volume, const os::Root& image_root,
                    const std::string& destination) const;

 private:
  std::string work_;  ///< where volumes are made: os::LeasedDir
  std::string root_;
};

/// Bytes on disk below \p path, each inode once; does not follow symlinks.
Result<std::uint64_t> tree_size(const std::string& path);

/// 64 hex digits: the name of a volume without one.
std::string make_volume_name();

}  // namespace suit::engine
