// manifest inspect, image ls-remote, image referrers: questions to a registry, nothing is stored.

#include <cerrno>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/images_from_afar.h"
#include "registry/document.h"

namespace suit::cli {
namespace {

using oci::Json;

Json descriptor_json(const oci::Descriptor& descriptor) {
  Json out = Json::object();
  out.set("mediaType", descriptor.media_type);
  out.set("digest", descriptor.digest.text());
  out.set("size", descriptor.size_bytes);
  if (descriptor.platform) {
    Json platform = Json::object();
    platform.set("architecture", descriptor.platform->architecture);
    platform.set("os", descriptor.platform->os);
    if (!descriptor.platform->variant.empty())
      platform.set("variant", descriptor.platform->variant);
    out.set("platform", std::move(platform));
  }
  return out;
}

// What `docker manifest inspect --verbose` says of one manifest.
Result<Json> verbose_entry(const naming::Reference& reference, const registry::Document& document,
                           const oci::Descriptor& descriptor) {
  SUIT_LET(Json manifest, oci::parse_json(document.text));
  Json out = Json::object();
  out.set("Ref", reference.canonical());
  out.set("Descriptor", descriptor_json(descriptor));
  out.set("Raw", document.text);
  out.set(document.media_type == oci::kDockerManifest ? "SchemaV2Manifest" : "OCIManifest",
          std::move(manifest));
  return out;
}

Result<Json> verbose_documents(registry::Session& session, const naming::Reference& reference,
                               const registry::Document& document) {
  SUIT_LET(const auto parsed, registry::parse_document(document));
  const auto* index = std::get_if<oci::Index>(&parsed);
  if (!index) {
    oci::Descriptor descriptor;
    descriptor.media_type = document.media_type;
    descriptor.digest = document.digest;
    descriptor.size_bytes = document.text.size();
    return verbose_entry(reference, document, descriptor);
  }
  Json all = Json::array();
  for (const oci::Descriptor& each : index->manifests) {
    SUIT_LET(const registry::Document child, registry::fetch_document(session, each));
    SUIT_LET(Json entry, verbose_entry(reference, child, each));
    all.push(std::move(entry));
  }
  return all;
}

}  // namespace

Result<int> manifest_inspect(Invocation& in) {
  bool insecure = false;
  bool verbose = false;
  bool raw = false;
  FlagSet flags;
  flags.toggle('\0', "insecure", insecure, "Allow communication with an insecure registry")
      .toggle('\0', "raw", raw, "Print the bytes that the digest is of")
      .toggle('v', "verbose", verbose, "Output additional info including layers and platform");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(registry::Access access, registry::Access::open(user_agent()));
  SUIT_LET(const naming::Reference reference,
           naming::parse_reference(registry::apply_alias(access.config, args[0])));
  if (insecure) access.config.insecure.push_back(reference.domain);
  registry::Session session(access, registry::endpoint_of(access.config, reference.domain),
                            reference.path, registry::Action::Pull);
  SUIT_LET(const registry::Document document, registry::fetch_document(session, reference));
  if (raw) {
    in.console.raw(document.text);
    return 0;
  }
  if (verbose) {
    SUIT_LET(const Json json, verbose_documents(session, reference, document));
    in.console.print("{}\n", json.dump(8));
    return 0;
  }
  SUIT_LET(const Json json, oci::parse_json(document.text));
  in.console.print("{}\n", json.dump(3));
  return 0;
}

Result<int> image_list_remote(Invocation& in) {
  std::string format;
  FlagSet flags;
  flags.add('\0', "format", &format, "string", "'json' for a list; otherwise one tag a line");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  if (!format.empty() && format != "json")
    return fail(0, fmt::format("invalid format \"{}\": there is json", format));
  SUIT_LET(const registry::Access access, registry::Access::open(user_agent()));
  SUIT_LET(const naming::Reference reference,
           naming::parse_reference(registry::apply_alias(access.config, args[0])));
  registry::Session session(access, registry::endpoint_of(access.config, reference.domain),
                            reference.path, registry::Action::Pull);
  SUIT_LET(const std::vector<std::string> tags, registry::fetch_tags(session));
  if (format == "json") {
    in.console.print("{}\n", Json(tags).dump());
    return 0;
  }
  for (const std::string& tag : tags)
    in.console.print("{}\n", tag);
  return 0;
}

Result<int> image_referrers(Invocation& in) {
  std::string type;
  FlagSet flags;
  flags.add('\0', "artifact-type", &type, "string", "Only those of this type");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_LET(const registry::Access access, registry::Access::open(user_agent()));
  SUIT_LET(const naming::Reference reference,
           naming::parse_reference(registry::apply_alias(access.config, args[0])));
  registry::Session session(access, registry::endpoint_of(access.config, reference.domain),
                            reference.path, registry::Action::Pull);
  digest::Digest subject = reference.digest;
  if (subject.empty()) {
    SUIT_LET(const registry::Document document, registry::fetch_document(session, reference));
    subject = document.digest;
  }
  SUIT_LET(const oci::Index index, registry::fetch_referrers(session, subject, type));
  in.console.print("{}\n", oci::to_json(index));
  return 0;
}

}  // namespace suit::cli
