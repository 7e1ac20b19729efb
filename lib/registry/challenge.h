/// \file
/// What a registry says when it does not know who asks: `WWW-Authenticate`, and the answers of the
/// token service it names. Pure readers of hostile text.
/// \source RFC 9110 section 11.6.1; distribution/docs, token authentication

#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace suit::registry {

/// One way to authenticate.
struct Challenge {
  std::string scheme;                                           ///< lower case: `bearer`, `basic`
  std::vector<std::pair<std::string, std::string>> parameters;  ///< names in lower case

  std::string_view get(std::string_view name) const;
};

/// All challenges of a header. Commas and spaces within quotes, unquoted values, and several
/// challenges in one header are understood.
/// \errors 0 when it is no list of challenges
Result<std::vector<Challenge>> parse_challenges(std::string_view header);

/// What a token service answers.
struct Token {
  std::string text;
  std::string refresh;                                    ///< an identity token; may be empty
  std::chrono::seconds lives = std::chrono::seconds(60);  ///< what the protocol assumes if unsaid
};

/// \errors 0 when it is no JSON object, or there is no token in it
Result<Token> parse_token(std::string_view body);

/// The errors of an answer's body in one line: `MANIFEST_UNKNOWN: manifest unknown`; what is no
/// such JSON gives an empty text. Control characters are taken out, and it is cut at 400 bytes.
std::string describe_errors(std::string_view body);

}  // namespace suit::registry
