/// \file
/// Chapter 12: a GPU in a container is files.
///
///     12-gpu edits ROOT DIR DEVICE...    what a CDI file adds to an empty container
///     12-gpu names LIBRARY...            how the loader asks for a library, and how files call it
///     12-gpu who ROOT [IMAGE]            whose side it is on
///
/// \see tutorials/12-gpu.md

#include <fcntl.h>

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/result.h"
#include "gpu/cdi_apply.h"
#include "gpu/cdi_registry.h"
#include "gpu/doctor.h"
#include "gpu/elf.h"
#include "os/file.h"

namespace {
using suit::Result;
namespace gpu = suit::gpu;
namespace os = suit::os;

//> edits
Result<void> show_edits(const std::vector<std::string>& words) {
  SUIT_LET(const os::Root host, os::Root::open(words[1]));
  const gpu::CdiRegistry files = gpu::CdiRegistry::load(host, {words[2]});
  const std::vector<std::string> devices(words.begin() + 3, words.end());
  SUIT_LET(const gpu::ContainerEdits edits, files.edits_for(devices));
  suit::oci::Json config = suit::oci::Json::object();
  SUIT_TRY(gpu::apply_edits(config, edits, host));
  fmt::print("{}\n", config.dump(1));
  return {};
}
//< edits
//> names
Result<void> show_names(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    SUIT_LET(const os::Fd file, os::open_at(os::FdRef::cwd(), words[i], O_RDONLY));
    SUIT_LET(const gpu::ElfFacts facts, gpu::read_elf(file));
    fmt::print("file {}\nasked for as {}\n", words[i].substr(words[i].rfind('/') + 1),
               facts.soname);
  }
  return {};
}
//< names
//> who
Result<void> show_side(const std::vector<std::string>& words) {
  SUIT_LET(const os::Root host, os::Root::open(words[1]));
  SUIT_LET(const os::Root image, os::Root::open(words.size() > 2 ? words[2] : words[1]));
  gpu::DoctorInput input;
  input.host = &host;
  if (words.size() > 2) input.image = &image;
  for (const gpu::Check& check : gpu::diagnose(input).checks)
    if (check.verdict == gpu::Verdict::Fail)
      fmt::print("{} {}: {}\n", check.id, check.side == gpu::Side::Host ? "host" : "image",
                 check.evidence.back());
  return {};
}
//< who

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string verb = words.empty() ? "" : words[0];
  Result<void> done = suit::fail(0,
                                 "usage: 12-gpu edits ROOT DIR DEVICE... | names LIBRARY... | "
                                 "who ROOT [IMAGE]");
  if (verb == "edits" && words.size() >= 4) done = show_edits(words);
  if (verb == "names" && words.size() >= 2) done = show_names(words);
  if (verb == "who" && words.size() >= 2) done = show_side(words);
  if (!done) fmt::print(stderr, "12-gpu: {}\n", done.error().message());
  return done ? 0 : 1;
}
