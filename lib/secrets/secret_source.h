/// \file
/// `--secret id=…`: where a build's secret comes from.
///
///     --secret id=mypass,src=file.txt    the file's bytes
///     --secret id=mypass,env=MYPASS      the variable's value
///     --secret id=mypass                 the variable mypass if there is one, else the file mypass
///
/// \source moby/buildkit cmd/buildctl/build/secret.go

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "secrets/secret_bytes.h"

namespace suit::secrets {

/// Where a value is, not the value.
struct SecretSource {
  enum class Kind { File, Environment };
  std::string id;
  Kind kind = Kind::File;
  std::string place;  ///< path, or name of the variable
};

/// The value of an environment variable, or none.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// This process's own.
std::optional<std::string> process_environment(const std::string& name);

/// \param text comma-separated `key=value`, fields in double quotes as in CSV
/// \errors 0 in BuildKit's words; ENOENT and the like for a file that is not there
Result<SecretSource> parse_secret_source(std::string_view text, const Environment& environment);

/// \errors ENOENT for a variable or file that is not there, EFBIG above `kMaxSecretBytes`
Result<SecretBytes> read_secret(const SecretSource& source, const Environment& environment);

}  // namespace suit::secrets
