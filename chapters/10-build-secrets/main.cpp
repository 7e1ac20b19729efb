/// \file
/// Shows a secret to one command, and to nobody else.
///
///     10-build-secrets --secret id=NAME,src=FILE COMMAND [ARGUMENT...]
///
/// The command finds the value in the file that $SECRET_FILE names. What it prints is passed on
/// with the value masked.

#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "os/file.h"
#include "os/process.h"
#include "secrets/redactor.h"
#include "secrets/secret_files.h"
#include "secrets/secret_source.h"

namespace {

using suit::Result;
namespace os = suit::os;
namespace secrets = suit::secrets;

//> show
// The value in a file on no disk, which only this process and its children can see.
Result<std::string> show(secrets::SecretFiles& files, const secrets::SecretBytes& value) {
  constexpr mode_t kOnlyOwner = 0400;
  return files.add(value, kOnlyOwner, ::geteuid(), ::getegid());
}
//< show

//> watch
// Passes the command's output on, piece by piece as it comes, the value masked.
Result<void> watch(os::FdReader& output, secrets::Redactor& redactor) {
  std::vector<std::byte> piece(4096);
  while (true) {
    SUIT_LET(std::size_t count, output.read(piece));
    if (count == 0) break;
    std::string_view text(reinterpret_cast<const char*>(piece.data()), count);
    fmt::print("{}", redactor.feed(text));
    std::fflush(stdout);
  }
  fmt::print("{}", redactor.finish());
  std::fflush(stdout);
  return {};
}
//< watch

//> run
Result<int> run(const std::string& flag, const std::vector<std::string>& command) {
  SUIT_LET(secrets::SecretSource source,
           secrets::parse_secret_source(flag, secrets::process_environment));
  SUIT_LET(secrets::SecretBytes value, secrets::read_secret(source, secrets::process_environment));
  SUIT_LET(os::TempDir place, os::TempDir::create("/tmp", "secret-"));
  SUIT_LET(secrets::SecretFiles files, secrets::SecretFiles::create(place.path()));
  SUIT_LET(std::string path, show(files, value));
  SUIT_LET(os::Pipe pipe, os::Pipe::create());
  os::SpawnOptions options;
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "SECRET_FILE=" + path};
  options.stdout_ = pipe.write_end;
  SUIT_LET(os::Child child, os::Child::spawn(command, options));
  pipe.write_end.reset();  // the command's end of output is ours, too
  secrets::Redactor redactor(secrets::Redactor::Mask::Yes);
  redactor.add(source.id, value);
  os::FdReader output(std::move(pipe.read_end));
  SUIT_TRY(watch(output, redactor));
  SUIT_LET(os::WaitStatus status, child.wait());
  for (const std::string& id : redactor.printed())
    fmt::print(stderr, "it printed secret {}\n", id);
  return status.shell_code();
}
//< run

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3 || words[0] != "--secret" || !words[2].starts_with('/')) {
    fmt::print(stderr,
               "usage: 10-build-secrets --secret id=NAME,src=FILE /COMMAND [ARGUMENT...]\n");
    return 2;
  }
  auto code = run(words[1], {words.begin() + 2, words.end()});
  if (code) return *code;
  fmt::print(stderr, "{}\n", code.error().message());
  return 1;
}
