// cp, diff, export, commit.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "build/changes.h"
#include "cli/commands.h"
#include "cli/units.h"
#include "engine/commit.h"
#include "engine/copy.h"
#include "naming/reference.h"
#include "os/file.h"

namespace suit::cli {
namespace {

// One side of a `cp`.
struct CopySide {
  std::string container;  // empty: the host
  std::string path;
};

// `name:path`, unless it starts like a path: `./a:b` is a file.
CopySide split_side(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (text.starts_with('/') || text.starts_with('.') || colon == std::string::npos)
    return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<std::string> absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  SUIT_LET(const std::string cwd, current_directory());
  return cwd + "/" + path;
}

// The descriptor of a stream that must not be a terminal.
Result<os::Fd> archive_stream(int descriptor, std::string_view what) {
  if (is_terminal(descriptor))
    return fail(0, fmt::format("cowardly refusing to {} a terminal", what), "redirect it");
  os::Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return fail(errno, fmt::format("fcntl({}, F_DUPFD_CLOEXEC)", descriptor));
  return copy;
}

void tell_copied(Invocation& in, bool quiet, std::uint64_t size, const std::string& to) {
  if (quiet) return;
  in.console.complain(
      fmt::format("Successfully copied {} to {}\n", human_size(static_cast<double>(size), 3), to));
}

Result<void> copy_out(Invocation& in, engine::Engine& engine, const CopySide& from,
                      const CopySide& to, const engine::CopyOptions& options, bool quiet) {
  SUIT_LET(const engine::Status container, engine.find(from.container));
  if (to.path == "-") {
    SUIT_LET(const os::Fd out, archive_stream(STDOUT_FILENO, "write an archive to"));
    os::FdWriter writer(out);
    return engine::copy_to_tar(engine, container, from.path, options, writer);
  }
  SUIT_LET(const std::string path, absolute(to.path));
  SUIT_LET(const std::uint64_t size,
           engine::copy_to_host(engine, container, from.path, path, options));
  tell_copied(in, quiet, size, to.path);
  return {};
}

Result<void> copy_in(Invocation& in, engine::Engine& engine, const CopySide& from,
                     const CopySide& to, const engine::CopyOptions& options, bool quiet) {
  SUIT_LET(const engine::Status container, engine.find(to.container));
  if (from.path == "-") {
    SUIT_LET(os::Fd archive, archive_stream(STDIN_FILENO, "read an archive from"));
    os::FdReader reader(std::move(archive));
    return engine::copy_from_tar(engine, container, reader, to.path);
  }
  SUIT_LET(const std::string path, absolute(from.path));
  SUIT_LET(const std::uint64_t size,
           engine::copy_to_container(engine, container, path, to.path, options));
  tell_copied(in, quiet, size, to.container + ":" + to.path);
  return {};
}

}  // namespace

Result<int> container_copy(Invocation& in) {
  engine::CopyOptions options;
  bool quiet = false;
  FlagSet flags;
  flags.toggle('a', "archive", options.keep_owner, "Archive mode (copy all uid/gid information)")
      .toggle('L', "follow-link", options.follow_link, "Always follow symbol link in SRC_PATH")
      .toggle('q', "quiet", quiet, "Suppress progress output during copy");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (args[0].empty()) return fail(0, "source can not be empty");
  if (args[1].empty()) return fail(0, "destination can not be empty");
  const CopySide from = split_side(args[0]);
  const CopySide to = split_side(args[1]);
  if (!from.container.empty() && !to.container.empty())
    return fail(0, "copying between containers is not supported",
                "copy to the host first, or pipe: suit cp A:/x - | suit cp - B:/y");
  if (from.container.empty() && to.container.empty())
    return fail(0, "must specify at least one container source", "write it CONTAINER:PATH");
  if ((from.container.empty() ? to : from).path.empty())
    return fail(0, "a path in the container is missing", "write it CONTAINER:PATH");
  SUIT_LET(engine::Engine engine, in.open_engine());
  const Result<void> done = from.container.empty() ? copy_in(in, engine, from, to, options, quiet)
                                                   : copy_out(in, engine, from, to, options, quiet);
  SUIT_TRY(Result<void>(done));
  return 0;
}

Result<int> container_diff(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  SUIT_LET(std::vector<layer::Change> changes, engine::changes_of(engine, container));
  std::sort(changes.begin(), changes.end(),
            [](const layer::Change& a, const layer::Change& b) { return a.path < b.path; });
  for (const layer::Change& change : changes) {
    const char kind = change.kind == layer::Change::Kind::Add      ? 'A'
                      : change.kind == layer::Change::Kind::Delete ? 'D'
                                                                   : 'C';
    in.console.print("{} /{}\n", kind, change.path);
  }
  return 0;
}

Result<int> container_export(Invocation& in) {
  std::string output;
  FlagSet flags;
  flags.add('o', "output", &output, "string", "Write to a file, instead of STDOUT");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  const auto write = [&](Writer& out) { return engine::export_root(engine, container, out); };
  if (!output.empty()) {
    SUIT_TRY(write_to_file(output, write));
    return 0;
  }
  SUIT_LET(const os::Fd out, archive_stream(STDOUT_FILENO, "write an archive to"));
  os::FdWriter writer(out);
  SUIT_TRY(write(writer));
  return 0;
}

Result<int> container_commit(Invocation& in) {
  engine::CommitOptions options;
  std::vector<std::string> changes;
  bool no_pause = false;
  FlagSet flags;
  flags.add('a', "author", &options.author, "string", "Author (e.g., \"Ada <ada@example.org>\")")
      .add('c', "change", &changes, "list", "Apply Dockerfile instruction to the created image")
      .add('m', "message", &options.message, "string", "Commit message")
      .toggle('\0', "no-pause", no_pause, "Disable pausing the container during commit")
      .toggle('p', "pause", options.pause, "Pause container during commit (default true)");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (no_pause) options.pause = false;
  if (args.size() > 1) {
    SUIT_LET(naming::Reference name, naming::parse_reference(args[1]));
    options.names.push_back(std::move(name));
  }
  options.adjust = [&](oci::ImageConfig& config) { return build::apply_changes(config, changes); };
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const engine::Status container, engine.find(args[0]));
  SUIT_LET(const store::Image image, engine::commit(engine, container, options));
  in.console.print("{}\n", image.id.text());
  return 0;
}

}  // namespace suit::cli
