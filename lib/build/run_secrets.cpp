// RUN --mount=type=secret: from the build's sources to one step, and never into a layer, a key or a
// message of ours.

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"
#include "build/run_internal.h"
#include "hash/sha256.h"
#include "oci/image.h"

namespace suit::build {

Result<const secrets::SecretBytes*> SecretStore::find(const std::string& id) {
  const auto known = values_.find(id);
  if (known != values_.end()) return &known->second;
  const secrets::SecretSource* from = source(id);
  if (from == nullptr) return nullptr;
  SUIT_LET(secrets::SecretBytes value, secrets::read_secret(*from, environment_));
  return &values_.emplace(id, std::move(value)).first->second;
}

// Given twice, the last one counts, as with any flag.
const secrets::SecretSource* SecretStore::source(const std::string& id) const {
  const auto found = std::find_if(sources_.rbegin(), sources_.rend(),
                                  [&](const auto& one) { return one.id == id; });
  return found == sources_.rend() ? nullptr : &*found;
}

std::vector<std::string> SecretStore::ids() const {
  std::vector<std::string> ids;
  for (const secrets::SecretSource& one : sources_)
    ids.push_back(one.id);
  return ids;
}

Result<void> add_secret(Session& session, const RunMount& mount,
                        const dockerfile::SecretMount& secret, const os::LeasedDir& work,
                        RunMounts& out) {
  SUIT_LET(const secrets::SecretBytes* value, session.secrets.find(secret.id));
  if (value == nullptr && secret.required) {
    return fail(0,
                fmt::format("secret {}: not found{}", secret.id,
                            did_you_mean(secret.id, session.secrets.ids())),
                fmt::format("give it to the build: --secret id={},src=FILE", secret.id));
  }
  // BuildKit's rule: without a value there is no file, but there is an empty variable.
  if (!secret.env.empty()) {
    out.env.push_back(fmt::format("{}={}", secret.env, value == nullptr ? "" : value->reveal()));
  }
  if (value == nullptr || mount.target.empty()) return {};
  if (!out.secrets) {
    const std::string dir = work.path() + "/secrets";
    SUIT_TRY(os::make_dirs(dir, 0700));
    SUIT_LET(out.secrets, secrets::SecretFiles::create(dir));
  }
  const std::uint32_t mode = secret.owner.mode.value_or(0400);
  SUIT_LET(std::string path, out.secrets->add(*value, mode, secret.owner.uid.value_or(0),
                                              secret.owner.gid.value_or(0)));
  oci::SpecMount spec{.destination = mount.target,
                      .type = "bind",
                      .source = std::move(path),
                      .options = {"bind", "ro", "nosuid", "nodev"}};
  if ((mode & 0111U) == 0) spec.options.emplace_back("noexec");
  out.mounts.push_back(std::move(spec));
  return {};
}

secrets::Redactor make_redactor(Session& session, const RunOp& op, int vertex) {
  secrets::Redactor redactor(session.redact ? secrets::Redactor::Mask::Yes
                                            : secrets::Redactor::Mask::No);
  for (const RunMount& mount : op.mounts) {
    const auto* secret = std::get_if<dockerfile::SecretMount>(&mount.options);
    if (secret == nullptr) continue;
    const Result<const secrets::SecretBytes*> value = session.secrets.find(secret->id);
    if (!value || *value == nullptr || redactor.add(secret->id, **value)) continue;
    if (session.redact)
      session.report.send(Event::Kind::Warning, vertex,
                          fmt::format("secret \"{}\" is shorter than {} bytes: it cannot be told "
                                      "from other output, and is not masked",
                                      secret->id, secrets::Redactor::kShortestBytes));
  }
  return redactor;
}

}  // namespace suit::build
