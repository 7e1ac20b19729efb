#include "cli/run_values.h"

#include "../support/corpora.h"
#include "cli/processes.h"
#include "cli/units.h"

namespace suit::cli {
namespace {

TEST(RunValuesCorpora, ExtraHostsAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/add-host.json");
  for (const auto& row : corpora::cases("docker-cli/add-host.json")) {
    const auto input = row["input"].get<std::string>();
    const auto host = read_extra_host(input);
    bool ok = false;
    if (row.contains("expected_error"))
      ok = !host && host.error().message() == row["expected_error"].get<std::string>();
    else
      ok =
          host && *host == (row["expected"].is_null() ? input : row["expected"].get<std::string>());
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(RunValuesCorpora, AddressesAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/ip-address.json");
  for (const auto& row : corpora::cases("docker-cli/ip-address.json")) {
    const auto address = read_address(row["input"].get<std::string>());
    const bool ok = row.contains("expected_error")
                        ? !address && address.error().message() == row["expected_error"]
                        : address && *address == row["expected"].get<std::string>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(RunValuesCorpora, SearchDomainsAreDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/dns-search.json");
  for (const auto& row : corpora::cases("docker-cli/dns-search.json")) {
    const bool ok =
        read_search_domain(row["input"].get<std::string>()).has_value() == row["valid"].get<bool>();
    EXPECT_TRUE(ok) << row.dump();
    tally.count(ok);
  }
}

TEST(LogOptions, AreBoundedWhateverIsAsked) {
  const auto plain = read_log_options("", {}).value();
  EXPECT_EQ(plain.driver, "json-file");
  EXPECT_EQ(plain.max_size_bytes * plain.max_files, 100'000'000U);
  const auto sized = read_log_options("json-file", {"max-size=10k"}).value();
  EXPECT_EQ(sized.max_size_bytes, 10'000U);
  EXPECT_EQ(sized.max_files, 1U);
  EXPECT_EQ(read_log_options("", {"max-size=1m", "max-file=3"}).value().max_files, 3U);
  EXPECT_EQ(read_log_options("none", {"max-size=1m"}).error().message(),
            "invalid logging opts for driver none");
  EXPECT_EQ(read_log_options("", {"max-sise=1m"}).error().message(),
            "unknown log opt 'max-sise' for json-file log driver (did you mean \"max-size\"?)");
  for (const char* wrong : {"max-size=1", "max-size=", "max-file=0", "max-file=x", "compress=true"})
    EXPECT_FALSE(read_log_options("", {wrong})) << wrong;
  EXPECT_FALSE(read_log_options("syslog", {}));
}

TEST(When, IsReadInAllForms) {
  constexpr std::int64_t kNow = 1'700'000'000'000'000'000;
  EXPECT_EQ(parse_when("1600000000", kNow).value(), 1'600'000'000'000'000'000);
  EXPECT_EQ(parse_when("1600000000.5", kNow).value(), 1'600'000'000'500'000'000);
  EXPECT_EQ(parse_when("10m", kNow).value(), kNow - 600'000'000'000);
  EXPECT_EQ(parse_when("1h30m", kNow).value(), kNow - 5'400'000'000'000);
  EXPECT_EQ(parse_when("2020-09-13T12:26:40Z", kNow).value(), 1'600'000'000'000'000'000);
  EXPECT_TRUE(parse_when("2020-09-13", kNow));
  for (const char* wrong : {"", "yesterday", "10x", "1h 30m", "-5m", "2020-13-01", "99999999999"})
    EXPECT_FALSE(parse_when(wrong, kNow)) << wrong;
}

TEST(Durations, AreGos) {
  EXPECT_EQ(parse_duration("1.5s").value(), std::chrono::milliseconds(1500));
  EXPECT_EQ(parse_duration("2ms").value(), std::chrono::milliseconds(2));
  EXPECT_EQ(parse_duration("0").value(), std::chrono::nanoseconds(0));
  EXPECT_FALSE(parse_duration("5"));
  EXPECT_FALSE(parse_duration("s"));
}

TEST(ProcessColumns, AreThoseOfPs) {
  EXPECT_EQ(process_columns({}).value().size(), 8U);
  EXPECT_EQ(process_columns({"-o", "pid,comm"}).value(), (std::vector<std::string>{"pid", "comm"}));
  EXPECT_EQ(process_columns({"aux"}).value().front(), "user");
  EXPECT_EQ(process_columns({"-o", "pidd"}).error().message(),
            "top: column \"pidd\" is not supported yet (did you mean \"pid\"?)");
  EXPECT_FALSE(process_columns({"-Z"}));
  const std::string table = process_table({"pid", "stat"}, {::getpid(), 0});
  EXPECT_EQ(table.find("PID"), 0U);
  EXPECT_NE(table.find(std::to_string(::getpid())), std::string::npos);
}

}  // namespace
}  // namespace suit::cli
