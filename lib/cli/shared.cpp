// What several commands do alike.

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/template.h"

namespace suit::cli {

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

Result<std::string> current_directory() {
  std::array<char, PATH_MAX> path{};
  if (!::getcwd(path.data(), path.size())) return fail(errno, "getcwd()");
  return std::string(path.data());
}

}  // namespace suit::cli
