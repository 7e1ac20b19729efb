#include "cli/mounts.h"

#include "../support/corpora.h"

namespace suit::cli {
namespace {

using nlohmann::json;

const std::string kCwd = "/work/dir";

std::string options_of(const oci::SpecMount& mount) {
  std::string out;
  for (const std::string& option : mount.options)
    out += (out.empty() ? "" : ",") + option;
  return out;
}

TEST(Mounts, BindsBecomeTheRuntimesMounts) {
  const auto mount = to_spec_mount(parse_volume("./a:/b:ro").value(), kCwd).value();
  EXPECT_EQ(mount.type, "bind");
  EXPECT_EQ(mount.source, "/work/dir/./a");
  EXPECT_EQ(mount.destination, "/b");
  EXPECT_EQ(options_of(mount), "rbind,ro,rprivate");
  const auto slave = parse_mount("type=bind,src=/a,dst=/b,bind-propagation=rslave", kCwd).value();
  EXPECT_EQ(options_of(to_spec_mount(slave, kCwd).value()), "rbind,rw,rslave");
}

TEST(Mounts, TmpfsKeepsSizeAndMode) {
  const auto request = parse_mount("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777", kCwd).value();
  EXPECT_EQ(options_of(to_spec_mount(request, kCwd).value()),
            "nosuid,nodev,noexec,size=1048576,mode=1777");
}

TEST(Mounts, VolumesAreAskedForByName) {
  const auto named = to_volume_request(parse_volume("data:/d:ro,nocopy").value()).value();
  EXPECT_EQ(named.name, "data");
  EXPECT_EQ(named.destination, "/d");
  EXPECT_TRUE(named.read_only && named.no_copy);
  EXPECT_EQ(to_volume_request(parse_volume("/d").value()).value().name, "");
  EXPECT_EQ(to_volume_request(parse_volume("sub/dir:/d").value()).error().hint(),
            "to show a directory of the host, give its absolute path, or ./sub/dir");
  EXPECT_FALSE(
      to_volume_request(parse_mount("type=volume,src=vv,dst=/d,volume-driver=nfs", kCwd).value()));
}

TEST(Mounts, WhatWeDoNotHaveIsRefusedByName) {
  EXPECT_EQ(to_spec_mount(parse_mount("type=npipe,src=a,dst=/data", kCwd).value(), kCwd)
                .error()
                .message(),
            "mount of type npipe at /data is not supported yet");
  EXPECT_EQ(to_spec_mount(parse_volume("/a:b").value(), kCwd).error().message(),
            "invalid mount path: 'b' must be an absolute path");
  EXPECT_EQ(to_spec_mount(parse_volume("~/a:/b").value(), kCwd).error().hint(),
            "only a shell replaces ~; write \"$HOME\"");
  EXPECT_EQ(parse_volume("/a:/b:rw,slvae").error().message(),
            "invalid spec: /a:/b:rw,slvae: unknown option 'slvae'");
}

// Whether every member that the table names has the value it gives.
bool same(const MountRequest& request, const json& expected) {
  auto text = [&](const char* key, const std::string& ours) {
    std::string wanted = expected.value(key, ours);
    if (const std::size_t at = wanted.find("{{cwd}}"); at != std::string::npos)
      wanted.replace(at, 7, kCwd);
    return wanted == ours;
  };
  auto flag = [&](const char* key, bool ours) { return expected.value(key, ours) == ours; };
  return text("type", request.type) && text("source", request.source) &&
         text("target", request.target) && text("propagation", request.propagation) &&
         flag("readonly", request.read_only) && flag("nocopy", request.no_copy) &&
         flag("volume_nocopy", request.no_copy) && flag("bind_create_src", request.create_source) &&
         text("image_subpath", request.subpath) &&
         flag("non_recursive", request.recursive == "disabled") &&
         flag("readonly_non_recursive", request.recursive == "writable") &&
         flag("readonly_force_recursive", request.recursive == "readonly") &&
         expected.value("tmpfs_size", request.tmpfs_size_bytes.value_or(0)) ==
             request.tmpfs_size_bytes.value_or(0) &&
         expected.value("tmpfs_mode", request.tmpfs_mode.value_or(0)) ==
             request.tmpfs_mode.value_or(0);
}

bool same_volume(const MountRequest& request, const json& expected) {
  std::map<std::string, std::string> labels, options;
  std::string driver;
  const json& volume = expected["VolumeOptions"];
  if (volume.contains("Labels")) labels = volume["Labels"].get<decltype(labels)>();
  if (volume.contains("DriverConfig")) {
    const json& config = volume["DriverConfig"];
    driver = config.value("Name", "");
    if (config.contains("Options")) options = config["Options"].get<decltype(options)>();
  }
  return request.labels == labels && request.driver == driver &&
         request.driver_options == options &&
         request.target == expected["Target"].get<std::string>();
}

TEST(MountsCorpora, MountFlagIsDockers) {
  SUIT_NEEDS_CORPORA();
  corpora::Tally tally("docker-cli/mount.json");
  for (const json& row : corpora::cases("docker-cli/mount.json")) {
    const Result<MountRequest> request = parse_mount(row["input"].get<std::string>(), kCwd);
    bool ok = false;
    if (row.contains("expected_error")) {
      ok = !request && request.error().message() == row["expected_error"].get<std::string>();
    } else if (request) {
      ok = row.contains("expected") ? same(*request, row["expected"])
                                    : same_volume(*request, row["expected_mount"]);
    }
    EXPECT_TRUE(ok) << row.dump() << "\n" << (request ? "accepted" : request.error().message());
    tally.count(ok);
  }
}

TEST(MountsCorpora, VolumeFlagIsDockers) {
  SUIT_NEEDS_CORPORA();
  const corpora::Deviations deviations = {
      {"volume-017", "the daemon refuses an unknown option later; we refuse it at once"}};
  corpora::Tally tally("docker-cli/volume.json");
  for (const json& row : corpora::cases("docker-cli/volume.json")) {
    if (deviations.contains(row["name"].get<std::string>())) {
      tally.deviate();
      continue;
    }
    const Result<MountRequest> request = parse_volume(row["input"].get<std::string>());
    const std::string wanted =
        row.value("expected_error", row.value("expected_error_contains", ""));
    const bool ok = row.contains("expected")
                        ? request && same(*request, row["expected"])
                        : !request && request.error().message().find(wanted) != std::string::npos;
    EXPECT_TRUE(ok) << row.dump() << "\n" << (request ? "accepted" : request.error().message());
    tally.count(ok);
  }
}

}  // namespace
}  // namespace suit::cli
