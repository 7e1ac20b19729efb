/// \file
/// One blob from the store to a registry.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/stream.h"
#include "oci/image.h"
#include "registry/session.h"

namespace suit::registry {

/// Whether the repository has the blob.
Result<bool> has_blob(Session& session, const digest::Digest& digest);

/// An upload that the registry has opened, or the blob that it has found elsewhere.
struct Upload {
  std::string location;         ///< where the bytes go; empty: mounted, nothing is sent
  std::uint64_t min_chunk = 0;  ///< pieces must not be smaller; 0: the registry does not say
};
/// \param mount_from another repository that has the blob; empty: none
Result<Upload> begin_upload(Session& session, const digest::Digest* digest,
                            const std::string& mount_from);

/// Sends all of \p body, whose digest is known, in one request.
Result<void> upload_whole(Session& session, const std::string& location, Reader& body,
                          const oci::Descriptor& blob);
/// Sends \p body, whose digest nobody knows yet, in one request of unknown length; or in pieces of
/// \p chunk_bytes. \return where the upload is finished
Result<std::string> upload_stream(Session& session, std::string location, Reader& body,
                                  std::uint64_t chunk_bytes);
/// Names what was sent.
Result<void> finish_upload(Session& session, const std::string& location,
                           const digest::Digest& digest);
/// Tells the registry to forget it. What it says is of no interest.
void cancel_upload(Session& session, const std::string& location);

}  // namespace suit::registry
