/// \file
/// Finding secrets in a program's output, and masking them when asked to.
///
/// Looks for each value as it is, for its lines, and for its usual encodings (hex, base64 at its
/// three alignments, percent-encoding). A value that is cut between two writes is found too: the
/// end of a text that may be the beginning of a value is held back until it is clear.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "secrets/secret_bytes.h"

namespace suit::secrets {

class Redactor {
 public:
  enum class Mask { No, Yes };
  explicit Redactor(Mask mask) : mask_(mask) {}

  /// Shorter values are too common to be looked for; `add` says false.
  static constexpr std::size_t kShortestBytes = 6;
  bool add(const std::string& id, const SecretBytes& secret);
  bool empty() const { return needles_.empty(); }

  /// What can be shown now of all that was given: masked, values are `[secret ID]`.
  std::string feed(std::string_view bytes);
  /// What was held back.
  std::string finish();
  /// Ids of the secrets that were seen, in the order of appearance.
  const std::vector<std::string>& printed() const { return printed_; }

 private:
  struct Needle {
    std::size_t secret = 0;  ///< index into `ids_`
    SecretBytes bytes;
  };
  void add_needle(std::size_t secret, std::string_view bytes);
  std::size_t held_back() const;
  std::string take(std::size_t end);

  Mask mask_;
  std::vector<std::string> ids_;
  std::vector<Needle> needles_;
  std::vector<std::string> printed_;
  std::string pending_;
};

}  // namespace suit::secrets
