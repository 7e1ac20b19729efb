#include "oci/platform.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/suggest.h"

namespace suit::oci {
namespace {

// Go's lists, as far as containers are made for them.
constexpr std::array<std::string_view, 9> kSystems = {
    "aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "solaris", "windows"};
constexpr std::array<std::string_view, 15> kArchitectures = {
    "386",    "amd64", "arm",     "arm64",   "loong64", "mips",    "mips64", "mips64le",
    "mipsle", "ppc64", "ppc64le", "riscv64", "s390x",   "sparc64", "wasm"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_word(c); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string system_name(std::string_view text) {
  std::string name = lower(text);
  return name == "macos" ? "darwin" : name;
}

// The names that people and uname(1) use, as Go's; the variant is left out where it is the default.
void set_architecture(Platform& platform, std::string_view architecture, std::string_view variant) {
  std::string arch = lower(architecture);
  std::string var = lower(variant);
  if (arch == "i386") {
    arch = "386";
    var.clear();
  } else if (arch == "x86_64" || arch == "x86-64" || arch == "amd64") {
    arch = "amd64";
    if (var == "v1") var.clear();
  } else if (arch == "aarch64" || arch == "arm64") {
    arch = "arm64";
    if (var == "8" || var == "v8") var.clear();
  } else if (arch == "armhf" || (arch == "arm" && (var.empty() || var == "7"))) {
    arch = "arm";
    var = "v7";
  } else if (arch == "armel") {
    arch = "arm";
    var = "v6";
  } else if (arch == "arm" && (var == "5" || var == "6" || var == "8")) {
    var.insert(0, "v");
  }
  platform.architecture = std::move(arch);
  platform.variant = std::move(var);
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_word(text[i])) return std::nullopt;
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view hex = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
    if (error != std::errc() || hex.size() != 2 || end != hex.data() + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text)
    out += is_word(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::unexpected<Error> refuse(std::string_view text, std::string_view reason) {
  return fail(0, fmt::format("invalid platform \"{}\": {}", text, reason),
              "write os[/arch[/variant]], such as linux/arm64");
}

// `windows(10.0.17763+win32k)`; \p text is the whole, for the error.
Result<void> read_system(Platform& platform, std::string_view part, std::string_view text) {
  const std::size_t open = part.find('(');
  const std::string_view name = part.substr(0, open);
  if (!is_word(name)) return refuse(text, fmt::format("\"{}\" is not an operating system", name));
  platform.os = system_name(name);
  if (open == std::string_view::npos) return {};
  if (!part.ends_with(')')) return refuse(text, "\")\" is missing");
  std::string_view inner = part.substr(open + 1, part.size() - open - 2);
  for (bool first = true; !inner.empty(); first = false) {
    if (!first) inner.remove_prefix(1);
    const std::size_t plus = std::min(inner.find('+'), inner.size());
    const std::optional<std::string> word = percent_decoded(inner.substr(0, plus));
    if (!word || (!first && word->empty())) return refuse(text, "version or feature is ill-formed");
    if (first)
      platform.os_version = *word;
    else
      platform.os_features.push_back(*word);
    inner.remove_prefix(plus);
  }
  return {};
}

// `v8.2` as 8 and 2; nothing for what is no such number.
struct Version {
  int major = 0, minor = 0;
};
std::optional<Version> version_of(const Platform& platform) {
  std::string_view text = platform.variant;
  if (text.empty()) {
    const bool arm64 = platform.architecture == "arm64";
    return Version{arm64 ? 8 : platform.architecture == "arm" ? 7 : 1, 0};
  }
  if (text.starts_with('v')) text.remove_prefix(1);
  Version version;
  const char* last = text.data() + text.size();
  std::from_chars_result read = std::from_chars(text.data(), last, version.major);
  if (read.ec == std::errc() && read.ptr != last && *read.ptr == '.')
    read = std::from_chars(read.ptr + 1, last, version.minor);
  if (read.ec != std::errc() || read.ptr != last) return std::nullopt;
  return version;
}

Platform normalised(const Platform& platform) {
  Platform out = platform;
  out.os = system_name(platform.os);
  set_architecture(out, platform.architecture, platform.variant);
  return out;
}

bool same_system(const Platform& a, const Platform& b) {
  return a.os == b.os &&
         (a.os_version.empty() || b.os_version.empty() || a.os_version == b.os_version);
}

}  // namespace

Result<Platform> parse_platform(std::string_view text) {
  std::array<std::string_view, 3> parts;
  std::size_t count = 0;
  for (std::string_view rest = text;; ++count) {
    if (count == parts.size()) return refuse(text, "more than three parts");
    parts[count] = rest.substr(0, rest.find('/'));
    if (parts[count].size() == rest.size()) break;
    rest.remove_prefix(parts[count].size() + 1);
  }
  Platform platform = host_platform();
  Platform guess;
  set_architecture(guess, parts[0], "");
  if (count == 0 && contains(kArchitectures, guess.architecture)) {
    set_architecture(platform, parts[0], "");
  } else {
    SUIT_TRY(read_system(platform, parts[0], text));
    if (count == 0 && !contains(kSystems, platform.os))
      return refuse(text, fmt::format("\"{}\" is neither an operating system nor an architecture{}",
                                      parts[0], did_you_mean(parts[0], kArchitectures)));
    for (std::size_t i = 1; i <= count; ++i) {
      if (!is_word(parts[i])) return refuse(text, fmt::format("\"{}\" is not a name", parts[i]));
    }
    if (count > 0) set_architecture(platform, parts[1], count > 1 ? parts[2] : "");
  }
  // As written: `arm` says no variant, `arm64/v8` says one.
  if (count < 2 && platform.architecture == "arm" && platform.variant == "v7")
    platform.variant.clear();
  if (count == 2 && platform.architecture == "arm64" && platform.variant.empty())
    platform.variant = "v8";
  return platform;
}

std::string to_text(const Platform& platform) {
  std::string out = platform.os;
  if (!platform.os_version.empty() || !platform.os_features.empty()) {
    std::vector<std::string> features = platform.os_features;
    std::sort(features.begin(), features.end());
    out += "(" + percent_encoded(platform.os_version);
    for (const std::string& feature : features)
      out += "+" + percent_encoded(feature);
    out += ")";
  }
  out += "/" + platform.architecture;
  if (!platform.variant.empty()) out += "/" + platform.variant;
  return out;
}

bool is_same(const Platform& a, const Platform& b) {
  const Platform x = normalised(a);
  const Platform y = normalised(b);
  if (!same_system(x, y) || x.architecture != y.architecture) return false;
  const auto one = version_of(x);
  const auto other = version_of(y);
  return one && other ? one->major == other->major && one->minor == other->minor
                      : x.variant == y.variant;
}

bool can_run(const Platform& host, const Platform& image) {
  if (is_same(host, image)) return true;
  const Platform ours = normalised(host);
  const Platform theirs = normalised(image);
  const auto have = version_of(ours);
  const auto need = version_of(theirs);
  if (!same_system(ours, theirs) || !have || !need) return false;
  if (ours.architecture == "amd64")
    return theirs.architecture == "386" ||
           (theirs.architecture == "amd64" && need->major >= 1 && need->major <= have->major);
  const bool arm32 = theirs.architecture == "arm" && need->major >= 5;
  if (ours.architecture == "arm") return arm32 && need->major <= have->major;
  if (ours.architecture != "arm64") return false;
  if (theirs.architecture != "arm64") return arm32 && need->major <= 8;
  if (need->major == have->major) return need->minor <= have->minor;
  // Armv9.n has all of Armv8.(n+5), and Armv8 ends at 8.9: Arm Architecture Reference Manual, A2.
  return have->major == 9 && need->major == 8 && need->minor <= std::min(have->minor + 5, 9);
}

}  // namespace suit::oci
