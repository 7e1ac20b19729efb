/// \file
/// SHA-256 of many messages at once: two streams interleaved on one processor core.
///
/// One stream leaves most of the processor idle: each of the 32 `sha256rnds2` of a block waits for
/// the one before. A second, independent message fills the gaps. For one long stream there is no
/// second message, and `Sha256` is right.
/// \source FIPS 180-4; Intel SHA Extensions

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "digest/digest.h"

namespace suit::hash {

/// The digest of each message, in order. Two streams where the processor has SHA instructions, else
/// one after the other by OpenSSL. Thread-safe.
std::vector<digest::Digest> sha256_many(std::span<const std::span<const std::byte>> messages);

/// Whether `sha256_many` runs two streams here.
bool has_two_streams();

}  // namespace suit::hash
