#include "cli/show.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time.h"
#include "cli/show_network.h"
#include "cli/text.h"
#include "cli/units.h"
#include "naming/reference.h"

namespace suit::cli {
namespace {

using oci::Json;

std::string local_time(const std::string& rfc3339) {
  // "2024-01-02T03:04:05.5Z" → "2024-01-02 03:04:05 +0000 UTC", Go's default form
  if (rfc3339.size() < 19 || !parse_rfc3339(rfc3339)) return rfc3339;
  return rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 8) + " +0000 UTC";
}

// As a shell would need it written: words with blanks in quotes.
// On one line, whatever the command holds; Docker quotes as Go's %q does.
std::string quoted(std::string_view text) {
  std::string line = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      line += {'\\', c};
    else if (c == '\n')
      line += "\\n";
    else if (c == '\t')
      line += "\\t";
    else if (c == '\r')
      line += "\\r";
    else if (byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  return line + "\"";
}

std::string command_line(const std::vector<std::string>& args) {
  std::string out;
  for (const std::string& arg : args) {
    if (!out.empty()) out += ' ';
    out +=
        arg.empty() || arg.find_first_of(" \t\n'\"") != std::string::npos ? "'" + arg + "'" : arg;
  }
  return out;
}

// `2B (virtual 72.8MB)`; Docker's columns are there without --size, too, and empty.
std::string size_text(const std::optional<ContainerSize>& size) {
  if (!size) return "";
  return fmt::format("{} (virtual {})", human_size(static_cast<double>(size->own_bytes)),
                     human_size(static_cast<double>(size->own_bytes + size->image_bytes)));
}

Json names_of(const std::vector<std::string>& canonical) {
  Json out = Json::array();
  for (const std::string& name : canonical) {
    out.push(familiar(name));
  }
  return out;
}

}  // namespace

std::string familiar(const std::string& name) {
  const auto reference = naming::parse_reference(name);
  return reference ? reference->familiar() : name;
}

std::string joined_labels(const std::map<std::string, std::string>& labels) {
  std::string out;
  for (const auto& [key, value] : labels)
    out += (out.empty() ? "" : ",") + key + "=" + value;
  return out;
}

Json label_object(const std::map<std::string, std::string>& labels) {
  Json out = Json::object();
  for (const auto& [key, value] : labels)
    out.append_unchecked(key, value);
  return out;
}

Json image_row(const store::Image& image, const std::string& name, const RowOptions& options) {
  std::string repository = "<none>";
  std::string tag = "<none>";
  if (const auto reference = naming::parse_reference(name); !name.empty() && reference) {
    repository = reference->familiar_repository();
    if (!reference->tag.empty()) tag = reference->tag;
  }
  Json row = Json::object();
  row.set("Containers", "N/A");
  row.set("CreatedAt", local_time(image.config.created));
  row.set("CreatedSince", human_age(image.config.created, options.now_ns));
  row.set("Digest", image.manifest_digest.text());
  row.set("ID", options.truncate ? std::string(image.id.short_hex()) : image.id.text());
  row.set("Repository", repository);
  row.set("SharedSize", "N/A");
  row.set("Size", human_size(static_cast<double>(image.size_bytes)));
  row.set("Tag", tag);
  row.set("UniqueSize", "N/A");
  row.set("VirtualSize", human_size(static_cast<double>(image.size_bytes)));
  return row;
}

std::string status_text(const engine::State& state, std::int64_t now_ns) {
  const auto since = [&](const std::string& time) {
    const auto then = parse_rfc3339(time);
    return human_duration(std::chrono::milliseconds(then ? (now_ns - *then) / 1'000'000 : 0));
  };
  switch (state.phase) {
    case engine::State::Phase::Created:
      return "Created";
    case engine::State::Phase::Running:
      return "Up " + since(state.started);
    case engine::State::Phase::Paused:
      return "Up " + since(state.started) + " (Paused)";
    case engine::State::Phase::Restarting:
      return fmt::format("Restarting ({}) {} ago", state.exit_code, since(state.finished));
    case engine::State::Phase::Dead:
      return "Dead";
    case engine::State::Phase::Exited:
      break;
  }
  return fmt::format("Exited ({}) {} ago", state.exit_code, since(state.finished));
}

std::string shown_image(const std::string& image, const std::string& image_id, bool truncate) {
  if (image.empty()) return "<no image>";
  if (!truncate) return image;
  // An id, as it was typed or whole, is shown short.
  if (image.size() >= 12 &&
      (image_id.starts_with(image) || image_id.starts_with("sha256:" + image)))
    return short_id(image_id);
  const auto reference = naming::parse_reference(image);
  if (!reference) return image;
  naming::Reference shown = *reference;
  shown.digest = digest::Digest();
  if (shown.tag_assumed) shown.tag.clear();
  return shown.familiar();
}

std::vector<std::string> mount_names(const engine::Record& record) {
  std::vector<std::string> names;
  for (const oci::SpecMount& mount : record.mounts)
    if (mount.type == "bind") names.push_back(mount.source);
  for (const engine::VolumeMount& volume : record.volumes)
    names.push_back(volume.name);
  return names;
}

Json container_row(const engine::Status& container, const RowOptions& options) {
  const engine::Record& record = container.record;
  const std::string command = command_line(record.args);
  std::string mounts;
  for (const std::string& name : mount_names(record))
    mounts += (mounts.empty() ? "" : ",") + (options.truncate ? ellipsis(name, 15) : name);
  Json row = Json::object();
  row.set("Command", quoted(options.truncate ? ellipsis(command, 20) : command));
  row.set("CreatedAt", local_time(record.created));
  row.set("ID", options.truncate ? short_id(record.id) : record.id);
  row.set("Image", shown_image(record.image, record.image_id.text(), options.truncate));
  row.set("Labels", joined_labels(record.labels));
  row.set("LocalVolumes", std::to_string(record.volumes.size()));
  row.set("Mounts", mounts);
  row.set("Names", record.name);
  row.set("Networks", fmt::format("{}", fmt::join(network_names(record), ",")));
  row.set("Ports", network::display_ports(shown_ports(container)));
  row.set("RunningFor", human_age(record.created, options.now_ns));
  row.set("Size", size_text(options.size));
  row.set("State", engine::name_of(container.state.phase));
  row.set("Status", status_text(container.state, options.now_ns));
  return row;
}

Json volume_row(const engine::Volume& volume) {
  Json row = Json::object();
  row.set("Driver", "local").set("Labels", joined_labels(volume.labels)).set("Links", "N/A");
  row.set("Mountpoint", volume.mountpoint).set("Name", volume.name).set("Scope", "local");
  row.set("Size", "N/A");
  return row;
}

Json inspect_volume(const engine::Volume& volume) {
  Json out = Json::object();
  out.set("CreatedAt", volume.created).set("Driver", "local");
  out.set("Labels", label_object(volume.labels)).set("Mountpoint", volume.mountpoint);
  out.set("Name", volume.name).set("Options", Json()).set("Scope", "local");
  return out;
}

Json inspect_image(const store::Image& image) {
  Json layers = Json::array();
  for (const digest::Digest& diff_id : image.config.diff_ids)
    layers.push(diff_id.text());
  Json rootfs = Json::object();
  rootfs.set("Type", "layers").set("Layers", std::move(layers));
  Json digests = Json::array();
  for (const std::string& name : image.names) {
    if (const auto reference = naming::parse_reference(name))
      digests.push(reference->familiar_repository() + "@" + image.manifest_digest.text());
  }
  Json out = Json::object();
  out.set("Id", image.id.text());
  out.set("RepoTags", names_of(image.names));
  out.set("RepoDigests", std::move(digests));
  out.set("Created", image.config.created);
  out.set("Author", image.config.author);
  out.set("Config", oci::to_json_value(image.config.config));
  out.set("Architecture", image.config.platform.architecture);
  if (!image.config.platform.variant.empty()) out.set("Variant", image.config.platform.variant);
  out.set("Os", image.config.platform.os);
  out.set("Size", image.size_bytes);
  out.set("RootFS", std::move(rootfs));
  return out;
}

}  // namespace suit::cli
