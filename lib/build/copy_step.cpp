// COPY, ADD and WORKDIR: what a step reads, and how it is written into the image.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "build/plan_internal.h"
#include "build/solver_internal.h"
#include "dockerfile/glob.h"
#include "layer/compress.h"
#include "os/file.h"

namespace suit::build {

namespace {

constexpr std::size_t kTarBlock = 512;

/// Whether \p block is a tar header: its checksum holds. \source POSIX pax, ustar
bool is_tar_header(const std::array<std::byte, kTarBlock>& block) {
  constexpr std::size_t kChecksumAt = 148;
  constexpr std::size_t kChecksumEnd = 156;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool checksum = i >= kChecksumAt && i < kChecksumEnd;
    sum += checksum ? std::uint64_t{' '} : std::to_integer<std::uint64_t>(block[i]);
  }
  std::uint64_t stored = 0;
  bool digits = false;
  for (std::size_t i = kChecksumAt; i < kChecksumEnd; ++i) {
    const char c = std::to_integer<char>(block[i]);
    if (c >= '0' && c <= '7') {
      stored = stored * 8 + static_cast<std::uint64_t>(c - '0');
      digits = true;
    } else if (digits) {
      break;
    }
  }
  return digits && stored == sum;
}

/// Whether the file is a tar, compressed or not, by what is in it: ADD does not look at names.
Result<bool> is_archive(const os::Root& root, const std::string& path) {
  SUIT_LET(os::Fd fd, root.open_in(path, O_RDONLY | O_NONBLOCK));
  os::FdReader file(std::move(fd));
  Result<std::unique_ptr<Reader>> plain = layer::decompress(file);
  if (!plain) return false;
  std::array<std::byte, kTarBlock> block{};
  const Result<std::size_t> count = read_full(**plain, block);
  return count && *count == block.size() && is_tar_header(block);
}

/// Unpacks beside the image first, so that owner, mode and symlink rules are those of every copy.
Result<void> unpack(Session& session, const os::Root& source, const FileEntry& archive,
                    const os::Root& destination, CopyOptions options) {
  SUIT_LET(store::SnapshotWriter staging, session.store.begin_snapshot());
  SUIT_LET(os::Fd directory,
           os::open_at(os::FdRef::cwd(), staging.upper(), O_RDONLY | O_DIRECTORY));
  SUIT_LET(os::Fd fd, source.open_in(archive.source, O_RDONLY | O_NONBLOCK));
  os::FdReader file(std::move(fd));
  SUIT_LET(const std::unique_ptr<Reader> plain, layer::decompress(file));
  layer::ApplyOptions apply;
  apply.overlay_whiteouts = false;
  apply.squash_owners = options.squash_owners;
  Result<layer::ApplyStats> applied = layer::apply(*plain, directory, apply);
  if (!applied)
    return wrap(std::move(applied).error(), fmt::format("unpack \"{}\"", archive.source));
  const os::Root unpacked(std::move(directory));
  SUIT_LET(const std::vector<Match> matches, select_files(unpacked, "/", {}));
  if (!options.destination.ends_with('/')) options.destination += '/';
  return copy_into(unpacked, matches, destination, options);
}

std::unexpected<Error> missing(const Session& session, const Step& step, const CopyOp& op,
                               const dockerfile::Word& source) {
  const Place place{.source = session.source,
                    .span = source.span.line == 0 ? step.span : source.span};
  const std::string what = op.unpack ? "ADD" : "COPY";
  if (!op.from) {
    return place.fail(
        fmt::format("{} source \"{}\": not found in the build context", what, source.text),
        session.context.explain_missing(source.text));
  }
  const auto mounted = session.sources.find(*op.from);
  const std::string near =
      mounted == session.sources.end() ? "" : nearest_path(mounted->second->root, source.text);
  return place.fail(fmt::format("{} source \"{}\": not found in {}", what, source.text,
                                session.graph.steps[*op.from].name),
                    near.empty() ? "" : fmt::format("did you mean \"/{}\"?", near));
}

}  // namespace

Result<CopyInputs> select_copy(Session& session, const Step& step, const CopyOp& op) {
  CopyInputs inputs;
  const os::Root* root = &session.context.root();
  SelectOptions options;
  if (op.from) {
    SUIT_LET(root, source_root(session, *op.from));
  } else {
    options.ignore = session.context.ignore();
    options.index = &session.context.index();
    options.as_root = true;
    options.refuse_special = true;
  }
  dockerfile::IgnoreMatcher exclude;
  if (!op.excludes.empty()) {
    SUIT_LET(exclude, dockerfile::IgnoreMatcher::create(op.excludes));
    options.exclude = &exclude;
  }
  for (const dockerfile::Word& source : op.sources) {
    SUIT_LET(std::vector<Match> found, select_files(*root, source.text, options));
    if (found.empty() && !dockerfile::has_wildcards(source.text)) {
      const bool excluded = options.exclude != nullptr;
      if (!excluded || !root->stat(source.text)) return missing(session, step, op, source);
    }
    std::ranges::move(found, std::back_inserter(inputs.matches));
  }
  SUIT_TRY(hash_selection(*root, inputs.matches, options.index));
  inputs.tree = tree_text(inputs.matches);
  return inputs;
}

Result<void> execute_copy(Session& session, const CopyOp& op, CopyInputs& inputs,
                          const MountedRoot& mounted) {
  CopyOptions options;
  options.destination = op.destination;
  options.several = inputs.matches.size() + op.inline_files.size() > 1;
  options.squash_owners = session.facts.in_user_namespace;
  if (!op.chown.empty()) {
    SUIT_LET(options.owner, resolve_owner(mounted.root, op.chown));
  }
  if (!op.chmod.empty()) {
    SUIT_LET(options.mode, ModeChange::parse(op.chmod));
  }
  const os::Root* source = &session.context.root();
  if (op.from) {
    SUIT_LET(source, source_root(session, *op.from));
  }
  std::vector<Match> plain;
  for (Match& match : inputs.matches) {
    bool archive = false;
    if (op.unpack && !match.is_directory) {
      SUIT_LET(archive, is_archive(*source, match.entries.front().source));
    }
    if (archive) {
      SUIT_TRY(unpack(session, *source, match.entries.front(), mounted.root, options));
    } else {
      plain.push_back(std::move(match));
    }
  }
  SUIT_TRY(copy_into(*source, plain, mounted.root, options));
  return write_into(op.inline_files, mounted.root, options);
}

Result<void> execute_workdir(Session& session, const WorkdirOp& op, const MountedRoot& mounted) {
  CopyOptions options;
  options.destination = op.path;
  options.squash_owners = session.facts.in_user_namespace;
  if (!op.user.empty()) {
    SUIT_LET(options.owner, resolve_owner(mounted.root, op.user));
  }
  return make_directories(mounted.root, op.path, options);
}

}  // namespace suit::build
