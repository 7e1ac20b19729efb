// What is accepted is in bounds, and written again it is the same.

#include <cstdlib>

#include "network/networks.h"
#include "network/ports.h"

namespace {
namespace network = suit::network;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto ports = network::parse_publish(text)) {
    require(!ports->empty() && ports->size() <= 65536);
    for (const auto& one : *ports) {
      require(one.host_first <= one.host_last);
      require(one.host_ip.empty() || network::Address::parse(one.host_ip).has_value());
      require(network::parse_port(one.container.text()).value() == one.container);
    }
  }
  if (auto request = network::parse_network_request(text))
    require(text.empty() || text.find('=') == std::string_view::npos || !request->name.empty());
  if (auto brief = network::to_short_publish(text)) (void)network::parse_publish(*brief);
  if (auto prefix = network::Prefix::parse(text))
    require(network::Prefix::parse(prefix->text()).value() == *prefix);
  if (auto mac = network::parse_mac(text))
    require(network::parse_mac(network::to_text(*mac)).value() == *mac);
  if (auto config = network::parse_network(text))
    require(network::to_json(network::parse_network(network::to_json(*config)).value()) ==
            network::to_json(*config));
  return 0;
}
