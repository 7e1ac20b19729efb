#include "base/log.h"

namespace suit::log {
namespace {

std::atomic<Sink> g_sink = nullptr;
std::atomic<Level> g_least = Level::Off;

}  // namespace

void set_sink(Sink sink, Level least) {
  g_sink.store(sink, std::memory_order_relaxed);
  g_least.store(sink ? least : Level::Off, std::memory_order_relaxed);
}

bool enabled(Level level) noexcept { return level >= g_least.load(std::memory_order_relaxed); }

void write(Level level, std::string_view line) {
  if (Sink sink = g_sink.load(std::memory_order_relaxed)) sink(level, line);
}

}  // namespace suit::log
