/// \file
/// A build's progress as JSON, one object a line: BuildKit's `rawjson`.
/// \source BuildKit, client/graph.go: SolveStatus

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/stream.h"
#include "build/progress.h"
#include "oci/json.h"

namespace suit::cli {

class JsonProgress final : public build::ProgressSink {
 public:
  /// \param begin_ns time of the build's start, since 1970
  JsonProgress(Writer& out, std::int64_t begin_ns) : out_(out), begin_ns_(begin_ns) {}
  void on(const build::Event& event) override;

 private:
  oci::Json vertex(int id) const;

  struct Vertex {
    std::string digest;
    std::string name;
    std::string started;
    std::string completed;
    bool cached = false;
    std::string error;
  };
  Writer& out_;
  std::int64_t begin_ns_;
  std::map<int, Vertex> vertices_;
};

}  // namespace suit::cli
