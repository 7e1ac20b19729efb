#include "cli/images_from_afar.h"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "cli/report.h"
#include "cli/transfer_display.h"
#include "cli/version.h"
#include "naming/id.h"
#include "oci/platform.h"
#include "os/file.h"
#include "store/archive.h"

namespace suit::cli {

Result<PullPolicy> parse_pull_policy(const std::string& text) {
  if (text.empty() || text == "missing") return PullPolicy::Missing;
  if (text == "always") return PullPolicy::Always;
  if (text == "never") return PullPolicy::Never;
  return fail(
      0,
      fmt::format("invalid pull option: '{}': must be one of \"always\", \"missing\" or \"never\"",
                  text));
}

std::string user_agent() { return fmt::format("suit/{}", kVersion); }

std::string assumptions(const std::string& typed, const naming::Reference& reference) {
  std::string out;
  if (!typed.starts_with(reference.domain)) out = fmt::format("registry {}", reference.domain);
  if (reference.tag_assumed)
    out += fmt::format("{}tag {}", out.empty() ? "" : " and ", reference.tag);
  return out.empty()
             ? ""
             : out + (out.find(" and ") == std::string::npos ? " was assumed" : " were assumed");
}

Result<registry::Pulled> pull_with_progress(const registry::Access& /*access*/, store::Store& store,
                                            registry::Pull pull, Where where, bool quiet) {
  const int descriptor = where == Where::Stdout ? STDOUT_FILENO : STDERR_FILENO;
  os::FdWriter out(os::FdRef::borrow(descriptor));
  const auto style = quiet                     ? TransferDisplay::Style::Quiet
                     : is_terminal(descriptor) ? TransferDisplay::Style::Terminal
                                               : TransferDisplay::Style::Plain;
  TransferDisplay display(out, TransferDisplay::Verb::Pull, style);
  const naming::Reference& name = pull.plan.reference;
  if (!quiet)
    SUIT_TRY(out.write(bytes_of(fmt::format(
        "{}: Pulling from {}\n", name.digest.empty() ? name.tag : name.digest.text(), name.path))));
  return registry::execute(std::move(pull), store, display.callback());
}

Result<std::string> ensure_image(engine::Engine& engine, const std::string& typed,
                                 PullPolicy policy, bool quiet) {
  Result<store::Image> found = engine.image(typed);
  const bool missing = !found && found.error().code() == ENOENT;
  if (policy == PullPolicy::Never || (policy == PullPolicy::Missing && !missing)) return typed;
  const std::string_view prefix = naming::id_prefix(typed);
  if (typed.starts_with("sha256:") || prefix.size() == 64) return typed;
  if (policy == PullPolicy::Always && found && !prefix.empty() &&
      found->id.hex().starts_with(prefix))
    return typed;
  SUIT_LET(const registry::Access access, registry::Access::open(user_agent()));
  const std::string name = registry::apply_alias(access.config, typed);
  SUIT_LET(const naming::Reference reference, naming::parse_reference(name));
  // What comes with the installation is in no registry.
  if (reference.canonical() == store::kEmbeddedBaseName ||
      (name != typed && policy == PullPolicy::Missing && engine.image(name)))
    return name;
  const Console console;
  if (!quiet && missing) {
    const std::string assumed = assumptions(typed, reference);
    console.complain(fmt::format("Unable to find image '{}' locally\n", reference.familiar()));
    if (!assumed.empty())
      console.complain(fmt::format("using {} ({})\n", reference.canonical(), assumed));
  }
  auto pull = registry::prepare_pull(access, engine.store(), reference, oci::host_platform());
  Result<registry::Pulled> pulled =
      pull ? pull_with_progress(access, engine.store(), std::move(*pull), Where::Stderr, quiet)
           : Result<registry::Pulled>(std::unexpected(std::move(pull).error()));
  if (!pulled && missing)
    return std::unexpected(Error(ENOENT, fmt::format("{}; and it could not be pulled: {}",
                                                     found.error().what(), pulled.error().what()))
                               .with_hint(found.error().hint().empty() ? pulled.error().hint()
                                                                       : found.error().hint()));
  if (!pulled) return std::unexpected(std::move(pulled).error());
  if (!quiet)
    console.complain(
        fmt::format("Status: {} for {}\n",
                    pulled->was_current ? "Image is up to date" : "Downloaded newer image",
                    reference.familiar()));
  // By an index's digest the image is found by its manifest's.
  if (!reference.digest.empty())
    return reference.repository() + "@" + pulled->image.manifest_digest.text();
  return name;
}

}  // namespace suit::cli
