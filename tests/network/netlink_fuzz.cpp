// Whatever bytes come from a netlink socket: no read beyond them, and an end.

#include <linux/rtnetlink.h>

#include <cstdlib>

#include "network/link.h"

namespace {
namespace network = suit::network;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view rest = text;
  while (auto reply = network::next_reply(rest)) {
    require(rest.size() < text.size());
    (void)network::error_of(*reply);
    for (const int type : {RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE}) {
      reply->type = static_cast<std::uint16_t>(type);
      if (auto link = network::parse_link(*reply)) require(link->name.size() <= size);
      if (auto one = network::parse_address(*reply))
        require(one->prefix.length <= one->prefix.bits() && !one->prefix.text().empty());
      if (auto route = network::parse_route(*reply)) require(route->length <= route->bits());
    }
  }
  network::for_each_attribute(text, [&](std::uint16_t, std::string_view value) {
    require(value.size() <= size);
    network::for_each_attribute(value, [](std::uint16_t, std::string_view) {});
  });
  return 0;
}
