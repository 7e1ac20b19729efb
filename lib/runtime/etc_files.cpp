#include "runtime/etc_files.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "os/file.h"

namespace suit::runtime {
namespace {

constexpr std::size_t kHostFileBytes = 1U << 20;

// A blank or line end would start another entry.
bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '#' || c == 0x7f;
  });
}

Result<std::string> hosts_text(const EtcFiles& files) {
  std::string text;
  if (files.shares_host_network) {
    auto host = os::read_file("/etc/hosts", kHostFileBytes);
    if (host) text = *std::move(host);
  }
  if (text.empty())
    text =
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "ff00::0\tip6-mcastprefix\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n";
  if (!text.ends_with('\n')) text += '\n';
  for (const auto& [name, address] : files.hosts) {
    if (!is_word(name) || !is_word(address))
      return fail(0, fmt::format("add host \"{}:{}\": not a name and an address", name, address));
    text += fmt::format("{}\t{}\n", address, name);
  }
  if (!files.address.empty()) text += fmt::format("{}\t{}\n", files.address, files.hostname);
  return text;
}

bool is_loopback_server(std::string_view line) {
  constexpr std::string_view kKey = "nameserver";
  if (!line.starts_with(kKey)) return false;
  line.remove_prefix(kKey.size());
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  return line.starts_with("127.") || line == "::1";
}

bool starts_with_key(std::string_view line, std::string_view key) {
  return line.starts_with(key) && line.size() > key.size() &&
         (line[key.size()] == ' ' || line[key.size()] == '\t');
}

// The host's lines that nothing else takes the place of.
bool is_kept(std::string_view line, const EtcFiles& files) {
  if (starts_with_key(line, "nameserver"))
    return files.dns.empty() && (files.shares_host_network || !is_loopback_server(line));
  if (starts_with_key(line, "search") || starts_with_key(line, "domain"))
    return files.dns_search.empty();
  if (starts_with_key(line, "options")) return files.dns_options.empty();
  return true;
}

Result<std::string> words_line(std::string_view key, const std::vector<std::string>& words) {
  std::string line(key);
  for (const std::string& word : words) {
    if (!is_word(word)) return fail(0, fmt::format("dns {} \"{}\": not a word", key, word));
    line += " " + word;
  }
  return line + "\n";
}

Result<std::string> resolv_text(const EtcFiles& files) {
  std::string text;
  for (const std::string& server : files.dns) {
    if (!is_word(server)) return fail(0, fmt::format("dns \"{}\": not an address", server));
    text += fmt::format("nameserver {}\n", server);
  }
  bool none_searched = files.dns_search.size() == 1 && files.dns_search[0] == ".";
  if (!files.dns_search.empty() && !none_searched) {
    SUIT_LET(std::string line, words_line("search", files.dns_search));
    text += line;
  }
  if (!files.dns_options.empty()) {
    SUIT_LET(std::string line, words_line("options", files.dns_options));
    text += line;
  }
  auto host = os::read_file("/etc/resolv.conf", kHostFileBytes);
  if (!host) return text;
  std::string_view rest = *host;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (is_kept(line, files)) text.append(line).append("\n");
  }
  return text;
}

}  // namespace

Result<std::vector<oci::SpecMount>> write_etc_files(const std::string& directory,
                                                    const EtcFiles& files) {
  if (!files.hostname.empty() && !is_word(files.hostname))
    return fail(0, fmt::format("hostname \"{}\" is not a name", files.hostname));
  SUIT_LET(std::string hosts, hosts_text(files));
  SUIT_LET(std::string resolv, resolv_text(files));
  struct File {
    std::string_view name;
    std::string text;
  };
  const std::array<File, 3> all = {{{"hosts", std::move(hosts)},
                                    {"hostname", files.hostname + "\n"},
                                    {"resolv.conf", std::move(resolv)}}};
  std::vector<oci::SpecMount> mounts;
  for (const File& file : all) {
    std::string path = fmt::format("{}/{}", directory, file.name);
    SUIT_TRY(os::replace_file(path, file.text, 0644));
    mounts.push_back({fmt::format("/etc/{}", file.name), "bind", path, {"rbind", "rprivate"}});
  }
  return mounts;
}

}  // namespace suit::runtime
