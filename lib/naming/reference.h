/// \file
/// Image names: `[registry/]repository[:tag][@digest]`, their grammar and their two forms.
/// \source distribution/reference grammar; tutorial 08

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "digest/digest.h"

namespace suit::naming {

/// A normalised reference: the registry is always there, and so is a tag unless a digest is.
struct Reference {
  std::string domain;        ///< \shape `docker.io`, `localhost:5000`
  std::string path;          ///< \shape `library/python`
  std::string tag;           ///< empty when only a digest was given
  digest::Digest digest;     ///< empty when none was given
  bool tag_assumed = false;  ///< nobody wrote `:latest`

  /// `docker.io/library/python:3.9`
  std::string canonical() const;
  /// As people write it: `python:3.9`.
  std::string familiar() const;
  /// `docker.io/library/python`
  std::string repository() const { return domain + "/" + path; }
  /// `python`: the REPOSITORY column.
  std::string familiar_repository() const;
};

/// Parses what a user typed; `python` becomes `docker.io/library/python:latest`.
/// \errors 0 with the reason, as the reference implementation words it: `invalid reference format:
/// repository name (library/Foo) must be lowercase`.
Result<Reference> parse_reference(std::string_view text);

}  // namespace suit::naming
