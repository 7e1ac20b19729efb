// Right answers to the exercises of chapter 15, and answers that forget a rule.

#include <cstdio>
#include <set>
#include <string>

#include "network/plan.h"
#include "network/ports.h"

namespace {
namespace network = suit::network;

int publish(const std::string& text, bool forgets_lengths) {
  auto ports = network::parse_publish(text);
  if (!ports && forgets_lengths) ports = network::parse_publish(text.substr(text.rfind(':') + 1));
  if (!ports) return 1;
  for (const network::PortRequest& one : *ports)
    std::printf("%s %s %d %s\n", one.host_ip.empty() ? "-" : one.host_ip.c_str(),
                one.host_first == 0 ? "-" : std::to_string(one.host_first).c_str(),
                one.container.number,
                std::string(network::name_of(one.container.protocol)).c_str());
  return 0;
}

int lease(int argc, char** argv, bool forgets_gateway) {
  const auto subnet = network::Prefix::parse(argv[2]);
  const auto gateway = network::Address::parse(argv[3]);
  if (!subnet || !gateway) return 2;
  const std::set<std::string> taken(argv + 4, argv + argc);
  for (std::uint64_t at = 1; at + 1 < subnet->count(); ++at) {
    const network::Address address = subnet->address.plus(at);
    if ((address == *gateway && !forgets_gateway) || taken.contains(network::lease_name(address)))
      continue;
    std::printf("%s\n", network::lease_name(address).c_str());
    return 0;
  }
  std::printf("full\n");
  return 0;
}

int doorman(char** argv, bool forgets_translated) {
  const std::string from = argv[2], to = argv[3], state = argv[4];
  const bool translated = std::string(argv[5]) == "yes" && !forgets_translated;
  const bool to_ours = to.starts_with("br-") || to.starts_with("inner-");
  const bool dropped = (to_ours && state == "new" && !translated) || from.starts_with("inner-");
  std::printf("%s\n", from != to && dropped ? "drop" : "pass");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what.starts_with("publish") && argc == 3) return publish(argv[2], what == "publish-lengths");
  if (what.starts_with("lease") && argc > 3) return lease(argc, argv, what == "lease-gateway");
  if (what.starts_with("doorman") && argc == 6) return doorman(argv, what == "doorman-published");
  return 2;
}
