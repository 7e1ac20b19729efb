/// \file
/// What the ways of computing SHA-256 share.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "digest/digest.h"

namespace suit::hash {

/// The digest whose 32 bytes are \p raw.
digest::Digest digest_of(std::span<const unsigned char, 32> raw);

}  // namespace suit::hash
