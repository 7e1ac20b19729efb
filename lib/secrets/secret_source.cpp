#include "secrets/secret_source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "base/split.h"
#include "base/suggest.h"
#include "os/file.h"

namespace suit::secrets {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// The fields of one flag, as they were written.
struct Fields {
  std::string type, id, file, variable;
};

Result<void> read_field(std::string_view field, Fields& into) {
  std::size_t equals = field.find('=');
  if (equals == std::string_view::npos)
    return fail(0, fmt::format("invalid field '{}' must be a key=value pair", field));
  std::string key = lower(field.substr(0, equals));
  std::string value(field.substr(equals + 1));
  if (key == "type") {
    if (value != "file" && value != "env")
      return fail(0, fmt::format("unsupported secret type \"{}\"", value),
                  "there are file and env");
    into.type = value;
  } else if (key == "id") {
    into.id = value;
  } else if (key == "source" || key == "src") {
    into.file = value;
  } else if (key == "env") {
    into.variable = value;
  } else {
    const std::vector<std::string> keys = {"type", "id", "src", "source", "env"};
    return fail(0,
                fmt::format("unexpected key '{}' in '{}'{}", key, field, did_you_mean(key, keys)));
  }
  return {};
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = ::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Result<SecretSource> parse_secret_source(std::string_view text, const Environment& environment) {
  auto fields = csv_fields(text);
  if (!fields) return fail(0, fmt::format("failed to parse csv secret: {}", fields.error()));
  Fields read;
  for (const std::string& field : *fields)
    SUIT_TRY(read_field(field, read));
  if (read.id.empty()) return fail(0, "secret missing ID", "name it: --secret id=NAME,src=FILE");
  if (read.type == "env" && read.variable.empty()) std::swap(read.variable, read.file);
  if (read.type != "file" && read.variable.empty() && read.file.empty() && environment(read.id))
    read.variable = read.id;
  SecretSource source{read.id, SecretSource::Kind::Environment, read.variable};
  if (!read.variable.empty()) return source;
  source.kind = SecretSource::Kind::File;
  source.place = read.file.empty() ? read.id : read.file;
  struct stat info{};
  if (::stat(source.place.c_str(), &info) == 0) return source;
  return fail(errno, fmt::format("failed to stat {}", source.place),
              fmt::format("the value of secret \"{}\" is read from that file", read.id));
}

Result<SecretBytes> read_secret(const SecretSource& source, const Environment& environment) {
  if (source.kind == SecretSource::Kind::Environment) {
    std::optional<std::string> value = environment(source.place);
    if (!value)
      return fail(ENOENT, fmt::format("secret \"{}\": the environment variable {} is not set",
                                      source.id, source.place));
    auto secret = SecretBytes::copy_of(*value);
    ::explicit_bzero(value->data(), value->size());
    if (!secret) return wrap(std::move(secret).error(), fmt::format("secret \"{}\"", source.id));
    return secret;
  }
  auto secret = [&]() -> Result<SecretBytes> {
    SUIT_LET(os::Fd file, os::open_at(os::FdRef::cwd(), source.place, O_RDONLY));
    return SecretBytes::read_from(file);
  }();
  if (!secret)
    return wrap(std::move(secret).error(),
                fmt::format("secret \"{}\" from \"{}\"", source.id, source.place));
  return secret;
}

}  // namespace suit::secrets
