#include "network/ports.h"

#include "../support/corpora.h"

namespace suit::network {
namespace {

std::string host_text(const PortRequest& request) {
  if (request.host_first == request.host_last)
    return request.host_first == 0 ? "" : std::to_string(request.host_first);
  return std::to_string(request.host_first) + "-" + std::to_string(request.host_last);
}

bool matches(const PortRequest& got, const nlohmann::json& want) {
  // "0" is a port that the kernel chooses, as no port is.
  const auto host = want["host_port"].get<std::string>();
  return got.host_ip == want["host_ip"] && host_text(got) == (host == "0" ? "" : host) &&
         std::to_string(got.container.number) == want["container_port"].get<std::string>() &&
         name_of(got.container.protocol) == want["protocol"].get<std::string>();
}

bool is_answered(const nlohmann::json& row) {
  const auto got = parse_publish(row["input"].get<std::string>());
  if (row.contains("expected_error"))
    return !got && got.error().message() == row["expected_error"].get<std::string>();
  const auto& want = row["expected"];
  if (!got || got->size() != row.value("expected_count", want.size())) return false;
  if (row.contains("expected_count"))
    return matches(got->front(), want.front()) && matches(got->back(), want.back());
  for (std::size_t i = 0; i < want.size(); ++i)
    if (!matches((*got)[i], want[i])) return false;
  return true;
}

TEST(PortsCorpora, PublishedPortsAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/publish.json");
  for (const auto& row : corpora::cases("docker-cli/publish.json")) {
    const bool ok = is_answered(row);
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(PortsCorpora, TheLongFormBecomesTheShortOne) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/publish-convert.json");
  for (const auto& row : corpora::cases("docker-cli/publish-convert.json")) {
    std::vector<std::string> got;
    bool failed = false;
    for (const auto& input : row["input"]) {
      const auto one = to_short_publish(input.get<std::string>());
      failed = failed || !one;
      if (one) got.push_back(*one);
    }
    const bool ok = row.contains("expected_error") ? failed : !failed && row["expected"] == got;
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(PortsCorpora, TheColumnOfPsIsDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/display-ports.json");
  for (const auto& row : corpora::cases("docker-cli/display-ports.json")) {
    std::vector<PublishedPort> ports;
    for (const auto& one : row["ports"]) {
      const auto port = parse_port(std::to_string(one["container_port"].get<int>()) + "/" +
                                   one["protocol"].get<std::string>());
      ASSERT_TRUE(port);
      ports.push_back({one["host_ip"], one["host_port"].get<std::uint16_t>(), *port});
    }
    const std::string got = display_ports(ports);
    const bool ok = got == row["expected"].get<std::string>();
    EXPECT_TRUE(ok) << row.dump() << "\n" << got;
    tally.count(ok);
  }
}

TEST(PortsCorpora, NetworkRequestsAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/network.json");
  for (const auto& row : corpora::cases("docker-cli/network.json")) {
    const auto got = parse_network_request(row["input"].get<std::string>());
    bool ok = false;
    if (row.contains("expected_error")) {
      ok = !got && got.error().message().find(row["expected_error"].get<std::string>()) == 0;
    } else if (got) {
      const auto& want = row["expected"][0];
      NetworkRequest request;
      request.name = want["Target"];
      request.aliases = want.value("Aliases", std::vector<std::string>());
      request.ip = want.value("IPv4Address", "");
      request.ip6 = want.value("IPv6Address", "");
      request.mac = want.value("MacAddress", "");
      request.link_local_ips = want.value("LinkLocalIPs", std::vector<std::string>());
      request.driver_options = want.value("DriverOpts", std::map<std::string, std::string>());
      request.gateway_priority = want.value("GwPriority", 0);
      ok = *got == request;
    }
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(Port, IsReadWithAndWithoutItsProtocol) {
  EXPECT_EQ(parse_port("80").value().text(), "80/tcp");
  EXPECT_EQ(parse_port("53/UDP").value().text(), "53/udp");
  EXPECT_EQ(parse_port("80/foo").error().message(), "invalid proto: foo");
  for (const char* wrong : {"", "x", "65536", "-1", "80 /tcp"})
    EXPECT_FALSE(parse_port(wrong)) << wrong;
}

}  // namespace
}  // namespace suit::network
