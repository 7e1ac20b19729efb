#include "cli/transfer_display.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/units.h"

namespace suit::cli {
namespace {

using registry::BlobProgress;

constexpr std::size_t kBarWidth = 50;

}  // namespace

std::string progress_bar(std::uint64_t done, std::uint64_t total) {
  const double part =
      total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(part * kBarWidth);
  std::string bar = std::string(filled, '=') + ">";
  bar.resize(std::max(bar.size(), kBarWidth), ' ');
  return fmt::format("[{}]  {}/{}", bar.substr(0, kBarWidth), human_size(static_cast<double>(done)),
                     human_size(static_cast<double>(total)));
}

std::string TransferDisplay::text_of(const BlobProgress& progress) const {
  const bool pull = verb_ == Verb::Pull;
  switch (progress.stage) {
    case registry::Stage::Waiting:
      return pull ? "Pulling fs layer" : "Preparing";
    case registry::Stage::Moving:
      return fmt::format("{} {}", pull ? "Downloading" : "Pushing",
                         progress_bar(progress.bytes, progress.total));
    case registry::Stage::Moved:
      return pull ? "Download complete" : "Pushed";
    case registry::Stage::Unpacking:
      return "Extracting";
    case registry::Stage::Done:
      return pull ? "Pull complete" : "Pushed";
    case registry::Stage::Exists:
      return pull ? "Already exists" : "Layer already exists";
    case registry::Stage::Mounted:
      return "Mounted";
  }
  return "";
}

void TransferDisplay::on(const BlobProgress& progress) {
  if (style_ == Style::Quiet) return;
  const std::lock_guard lock(mutex_);
  auto line = std::ranges::find(lines_, progress.digest,
                                [](const Line& each) { return each.progress.digest; });
  const bool is_new = line == lines_.end();
  if (is_new) line = lines_.insert(lines_.end(), Line{progress, false});
  const bool changed = is_new || line->progress.stage != progress.stage;
  const bool existed = line->progress.stage == registry::Stage::Exists;
  // What was there already is not "complete" in the end: nothing of it was pulled.
  if (existed && !is_new) return;
  line->progress = progress;
  if (style_ == Style::Plain) {
    if (changed && progress.stage != registry::Stage::Moving)
      (void)out_.write(
          bytes_of(fmt::format("{}: {}\n", progress.digest.short_hex(), text_of(progress))));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (!changed && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  draw(static_cast<std::size_t>(line - lines_.begin()));
}

// Up to its line, the line anew, and back below the last one.
void TransferDisplay::draw(std::size_t index) {
  const Line& line = lines_[index];
  std::string text;
  const std::string shown =
      fmt::format("{}: {}", line.progress.digest.short_hex(), text_of(line.progress));
  if (index >= drawn_) {
    text = shown + "\n";
    drawn_ = index + 1;
  } else {
    const std::size_t up = drawn_ - index;
    text = fmt::format("\x1b[{}A\r\x1b[2K{}\x1b[{}B\r", up, shown, up);
  }
  (void)out_.write(bytes_of(text));
}

}  // namespace suit::cli
