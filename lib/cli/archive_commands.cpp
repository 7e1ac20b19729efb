// save, load, import: images as files.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "build/changes.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "naming/reference.h"
#include "oci/platform.h"
#include "store/archive.h"

namespace suit::cli {
namespace {

// A second descriptor of ours for one that we were given and must not close.
Result<os::Fd> borrow(int descriptor) {
  os::Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return fail(errno, fmt::format("fcntl({}, F_DUPFD_CLOEXEC)", descriptor));
  return copy;
}

// How messages call what is read.
std::string input_name(const std::string& path) {
  return path.empty() || path == "-" ? "what came on stdin" : fmt::format("\"{}\"", path);
}

Result<bool> is_directory(const std::string& path) {
  struct stat info{};
  if (path.empty() || path == "-") return false;
  if (::stat(path.c_str(), &info) != 0) return fail(errno, fmt::format("open \"{}\"", path));
  return S_ISDIR(info.st_mode);
}

Result<os::Fd> open_input(const std::string& path) {
  if (!path.empty() && path != "-") return os::open_at(os::FdRef::cwd(), path, O_RDONLY);
  if (is_terminal(STDIN_FILENO))
    return fail(0, "an archive is expected on stdin, which is a terminal",
                "redirect a file: < image.tar, or name it");
  return borrow(STDIN_FILENO);
}

Result<store::SaveOptions> save_options(const std::string& format,
                                        std::optional<std::int64_t> level) {
  store::SaveOptions options;
  if (format == "gzip") options.compression.format = layer::Compression::Gzip;
  if (format == "zstd") options.compression.format = layer::Compression::Zstd;
  if (!format.empty() && format != "gzip" && format != "zstd" && format != "none")
    return fail(0, fmt::format("invalid argument \"{}\" for \"--compression\"", format),
                "there are gzip, zstd and none");
  if (level) {
    // Any number beyond an int is no level either.
    options.compression.level =
        static_cast<int>(std::clamp<std::int64_t>(*level, 0, std::numeric_limits<int>::max()));
    if (options.compression.format == layer::Compression::None)
      return fail(0, "--compression-level needs --compression gzip or zstd");
  }
  SUIT_TRY(layer::check(options.compression));
  return options;
}

}  // namespace

Result<int> image_save(Invocation& in) {
  std::string output;
  constexpr std::array<std::string_view, 1> kUnsupported = {"platform"};
  FlagSet flags;
  std::string format;
  std::optional<std::int64_t> level;
  flags.add('o', "output", &output, "string", "Write to a file, instead of STDOUT")
      .add('\0', "compression", &format, "string",
           "Compress layers that are not yet: gzip, zstd, none (default none)")
      .add('\0', "compression-level", &level, "int", "1 to 12 for gzip, 1 to 19 for zstd")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (output.empty() && is_terminal(STDOUT_FILENO))
    return fail(0, "cowardly refusing to save to a terminal",
                "use the -o flag or redirect: suit save -o image.tar " + args[0]);
  SUIT_LET(const store::SaveOptions options, save_options(format, level));
  SUIT_LET(engine::Engine engine, in.open_engine());
  for (const std::string& name : args) {
    // Brings the embedded image into the store, and tells of a wrong name before a file is made.
    SUIT_LET([[maybe_unused]] const store::Image image, engine.image(name));
  }
  const auto save = [&](Writer& out) {
    return store::save_archive(engine.store(), args, out, options);
  };
  if (!output.empty()) {
    SUIT_TRY(write_to_file(output, save));
    return 0;
  }
  SUIT_LET(const os::Fd out, borrow(STDOUT_FILENO));
  os::FdWriter writer(out);
  SUIT_TRY(save(writer));
  return 0;
}

Result<int> image_load(Invocation& in) {
  std::string input;
  bool quiet = false;
  std::string platform;
  FlagSet flags;
  flags
      .add('i', "input", &input, "string",
           "Read from tar archive file or OCI layout directory, instead of STDIN")
      .add('\0', "platform", &platform, "string",
           "Load only the given platform: os/arch or os/arch/variant")
      .toggle('q', "quiet", quiet, "Suppress the load output");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  store::LoadOptions options;
  if (!platform.empty()) {
    SUIT_LET(options.platform, oci::parse_platform(platform));
  }
  SUIT_LET(const bool directory, is_directory(input));
  SUIT_LET(engine::Engine engine, in.open_engine());
  Result<store::LoadReport> loaded = store::LoadReport();
  if (directory) {
    loaded = store::load_layout(engine.store(), input, options);
  } else {
    SUIT_LET(os::Fd file, open_input(input));
    os::FdReader reader(std::move(file));
    loaded = store::load_archive(engine.store(), reader, options);
  }
  if (!loaded) return wrap(std::move(loaded).error(), "load " + input_name(input));
  const store::LoadReport& report = *loaded;
  for (const std::string& note : report.notes)
    in.console.complain(fmt::format("suit: note: {}\n", note));
  for (const store::Image& image : report.images) {
    for (const std::string& name : image.names)
      in.console.print("Loaded image: {}\n", familiar(name));
    if (image.names.empty()) in.console.print("Loaded image ID: {}\n", image.id.text());
  }
  return 0;
}

Result<int> image_import(Invocation& in) {
  store::ImportOptions options;
  std::vector<std::string> changes;
  constexpr std::array<std::string_view, 1> kUnsupported = {"platform"};
  FlagSet flags;
  flags.add('c', "change", &changes, "list", "Apply Dockerfile instruction to the created image")
      .add('m', "message", &options.message, "string", "Set commit message for imported image")
      .unsupported(kUnsupported);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (args[0].starts_with("http://") || args[0].starts_with("https://"))
    return fail(0, fmt::format("import of {}: URLs are not supported yet", args[0]),
                fmt::format("curl -L {} | suit import - NAME", args[0]));
  if (args.size() > 1) {
    SUIT_LET(naming::Reference name, naming::parse_reference(args[1]));
    options.names.push_back(std::move(name));
  }
  oci::ImageConfig config;
  SUIT_TRY(build::apply_changes(config, changes));
  options.config = config.config;
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(os::Fd file, open_input(args[0]));
  os::FdReader reader(std::move(file));
  Result<store::Image> image = store::import_rootfs(engine.store(), reader, options);
  if (!image) return wrap(std::move(image).error(), input_name(args[0]));
  in.console.print("{}\n", image->id.text());
  return 0;
}

}  // namespace suit::cli
