/// \file
/// Who lives at which registry: the hosts that people meet, and how each cuts its paths.
///
/// Conventions, no grammar: a registry of yours may do as it likes. They tell a reader what the
/// parts of `europe-west4-docker.pkg.dev/my-project/models/train` are called there.
/// \source the operators' own documentation; tutorial 08

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suit::naming {

/// A registry, or a family of them.
struct Registry {
  std::string_view title;    ///< `Docker Hub`
  std::string_view host;     ///< where one `*` stands for any text: `*-docker.pkg.dev`
  std::string_view path;     ///< what its parts are called: `PROJECT-ID/REPOSITORY/IMAGE`
  std::string_view example;  ///< a reference of the usual shape
  std::string_view note;     ///< one sentence
  std::size_t least = 1;     ///< parts that a path must have there
};

/// All that we know, Docker Hub first.
std::span<const Registry> registries();

/// Whose \p domain is, port included; nullptr when it is nobody's we know.
const Registry* find_registry(std::string_view domain);

/// The parts of \p path with what they are called there: `{"PROJECT-ID", "my-project"}, …`. What is
/// left over belongs to the last name, slashes and all.
std::vector<std::pair<std::string, std::string>> name_parts(const Registry& registry,
                                                            std::string_view path);

}  // namespace suit::naming
