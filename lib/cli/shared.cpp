// What several commands do alike.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/template.h"
#include "os/file.h"

namespace suit::cli {
namespace {

// Writes to a file, and remembers when that was what failed.
class OutputFile final : public Writer {
 public:
  explicit OutputFile(os::FdRef fd) : file_(fd) {}
  Result<void> write(std::span<const std::byte> bytes) override {
    Result<void> written = file_.write(bytes);
    if (!written) failed_ = written.error();
    return written;
  }
  const std::optional<Error>& failed() const { return failed_; }

 private:
  os::FdWriter file_;
  std::optional<Error> failed_;
};

}  // namespace

int for_each_argument(Invocation& in, const std::vector<std::string>& args,
                      const std::function<Result<void>(const std::string&)>& work) {
  int code = 0;
  for (const std::string& arg : args) {
    const Result<void> done = work(arg);
    if (done) continue;
    // What was printed before comes before.
    if (!in.console.flush()) code = 1;
    in.console.complain(render_error(done.error()));
    code = 1;
  }
  return code;
}

bool confirmed(Invocation& in, bool force, std::string_view warning) {
  if (force) return true;
  in.console.print("WARNING! {}\nAre you sure you want to continue? [y/N] ", warning);
  if (!in.console.flush()) return false;
  char answer = '\0';
  return ::read(STDIN_FILENO, &answer, 1) == 1 && (answer == 'y' || answer == 'Y');
}

Result<void> print_documents(Invocation& in, const std::string& format,
                             const std::vector<oci::Json>& documents) {
  if (format.empty() || format == "json") {
    oci::Json all = oci::Json::array();
    for (const oci::Json& document : documents)
      all.push(document);
    in.console.print("{}\n", all.dump(format.empty() ? 4 : -1));
    return {};
  }
  SUIT_LET(const Template line, Template::parse(format));
  for (const oci::Json& document : documents) {
    SUIT_LET(const std::string text, line.render(document));
    in.console.print("{}\n", text);
  }
  return {};
}

Result<void> write_to_file(const std::string& path,
                           const std::function<Result<void>(Writer&)>& save) {
  struct stat info{};
  // A pipe or device is written to, not replaced.
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    if (S_ISDIR(info.st_mode)) return fail(EISDIR, fmt::format("write \"{}\"", path));
    SUIT_LET(const os::Fd file, os::open_at(os::FdRef::cwd(), path, O_WRONLY));
    os::FdWriter writer(file);
    return save(writer);
  }
  const std::string temporary = path + ".tmp-" + os::random_hex(4);
  // The name that people gave is the one that messages name, whatever we write to on the way.
  const auto name_it = [&](Error error) {
    return Error(error.code(), fmt::format("write \"{}\"", path));
  };
  Result<os::Fd> file = os::open_at(os::FdRef::cwd(), temporary, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!file) return std::unexpected(name_it(std::move(file).error()));
  OutputFile output(*file);
  Result<void> done = save(output);
  if (output.failed()) done = std::unexpected(name_it(*output.failed()));
  if (done) {
    done = file->close();
    if (done) done = os::rename(temporary, path);
    if (!done) done = std::unexpected(name_it(std::move(done).error()));
  }
  if (!done) ::unlink(temporary.c_str());
  return done;
}

Result<std::string> current_directory() {
  std::array<char, PATH_MAX> path{};
  if (!::getcwd(path.data(), path.size()))
    return fail(errno, "getcwd()", "the directory that you are in was removed: cd to another");
  return std::string(path.data());
}

}  // namespace suit::cli
