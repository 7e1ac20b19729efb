/// \file
/// Diagnostics for developers. Libraries never write to stdout or stderr: they hand lines to a sink
/// that the command line installs, and to nobody until then.

#pragma once

#include <atomic>
#include <string_view>

#include <fmt/format.h>

namespace suit::log {

enum class Level { Debug, Info, Warn, Error, Off };

/// Receives one formatted line, without a newline. Called from any thread.
using Sink = void (*)(Level level, std::string_view line);

/// Installs \p sink for lines of \p least and above. Before the first call nothing is logged.
void set_sink(Sink sink, Level least);

bool enabled(Level level) noexcept;
void write(Level level, std::string_view line);

}  // namespace suit::log

/// `SUIT_LOG(Debug, "fsopen({})", type);` costs one relaxed load when the level is off.
#define SUIT_LOG(level, ...)                                                     \
  do {                                                                           \
    if (::suit::log::enabled(::suit::log::Level::level))                         \
      ::suit::log::write(::suit::log::Level::level, ::fmt::format(__VA_ARGS__)); \
  } while (false)
