/// \file
/// Documents of a registry: manifests and indexes, believed only with the right digest.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "digest/digest.h"
#include "naming/reference.h"
#include "oci/image.h"
#include "registry/session.h"

namespace suit::registry {

/// A manifest or an index, as the registry has it.
struct Document {
  std::string media_type;
  digest::Digest digest;
  std::string text;  ///< its bytes: what the digest is of
};

/// What a document is, by its media type and its content, which must agree: an index that also
/// reads as a manifest is how one name comes to mean two images.
/// \errors 0 for schema 1, for a type that is no image, for a document that is both
/// \source CVE-2021-41190
Result<std::variant<oci::Manifest, oci::Index>> parse_document(const Document& document);

/// Fetches what \p reference names (a tag or a digest).
/// \errors ENOENT in Docker's words when it is not there; EACCES likewise
Result<Document> fetch_document(Session& session, const naming::Reference& reference);
/// Fetches a document by digest.
Result<Document> fetch_document(Session& session, const oci::Descriptor& descriptor);

/// The manifest for \p platform among those of \p index: the same, or one that such a machine runs.
/// Attestations (`unknown/unknown`) and indexes in the index are passed over.
/// \errors 0 naming the platforms that there are
Result<oci::Descriptor> choose(const oci::Index& index, const oci::Platform& platform,
                               std::string_view image);

/// All tags of the session's repository, in the registry's order, page by page.
Result<std::vector<std::string>> fetch_tags(Session& session);

/// What refers to \p subject: signatures, bills of material. Asks the referrers interface, and
/// where there is none, the tag that stands for it.
Result<oci::Index> fetch_referrers(Session& session, const digest::Digest& subject,
                                   const std::string& artifact_type);

}  // namespace suit::registry
