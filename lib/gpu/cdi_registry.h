/// \file
/// The CDI files of a host: which devices there are, and which file says what about them.
///
/// Directories are given from low to high priority. A device of a later directory hides the one of
/// an earlier; two in directories of one rank are a conflict, and then neither is used. A broken
/// file loses itself and nothing else.
/// \source CDI specification 1.1; pkg/cdi/cache.go of its library

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gpu/cdi_name.h"
#include "gpu/cdi_spec.h"
#include "os/root.h"

namespace suit::gpu {

/// Where engines look, low to high.
std::vector<std::string> default_cdi_dirs();

/// A file and what is wrong with it.
struct CdiProblem {
  std::string path;
  Error error;
};

class CdiRegistry {
 public:
  /// Reads `*.json` and `*.yaml` directly in \p dirs, below \p host. A directory that is not there
  /// is empty. A file that somebody else than root or the caller may write is a problem.
  static CdiRegistry load(const os::Root& host, const std::vector<std::string>& dirs);
  /// Adds a specification that is in no file, of the lowest priority.
  void add(CdiSpec spec, std::string origin);

  struct Found {
    const CdiSpec* spec = nullptr;
    const CdiDevice* device = nullptr;
    std::string path;  ///< of the file
  };
  std::optional<Found> find(const std::string& qualified) const;
  /// Qualified names, sorted.
  std::vector<std::string> devices() const;
  const std::vector<CdiProblem>& problems() const { return problems_; }

  /// The edits of all \p names together: of each specification its own once, before those of its
  /// first device.
  /// \errors ENOENT: `unresolvable CDI devices a/b=c, d/e=f`
  Result<ContainerEdits> edits_for(const std::vector<std::string>& names) const;

 private:
  struct File {
    CdiSpec spec;
    std::string path;
    std::size_t priority = 0;
  };
  struct Claim {
    std::size_t file = 0;  ///< index into `files_`
    std::size_t device = 0;
    bool in_conflict = false;
  };
  void load_file(const os::Root& host, const std::string& path, std::size_t priority);
  void index_file(std::size_t file);

  std::vector<File> files_;
  std::map<std::string, Claim> claims_;
  std::vector<CdiProblem> problems_;
};

}  // namespace suit::gpu
