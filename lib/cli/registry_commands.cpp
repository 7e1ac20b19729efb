// pull, push, login, logout.

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/images_from_afar.h"
#include "cli/source_file.h"
#include "cli/transfer_display.h"
#include "oci/platform.h"
#include "os/file.h"
#include "registry/document.h"
#include "registry/pull.h"
#include "registry/push.h"

namespace suit::cli {
namespace {

struct TransferFlags {
  bool all_tags = false, quiet = false, dry_run = false;
  std::optional<std::string> explain;
  std::string platform, compression = "gzip";
};

void declare_plan_flags(FlagSet& flags, TransferFlags& transfer) {
  flags.toggle('\0', "dry-run", transfer.dry_run, "Print the plan, move nothing")
      .optional_text("explain", transfer.explain, "text",
                     "Print which blobs move, from where, how many bytes: text or json");
}

Result<void> check_plan_flags(const TransferFlags& transfer) {
  if (transfer.explain && *transfer.explain != "text" && *transfer.explain != "json")
    return fail(0, fmt::format("invalid argument \"{}\" for \"--explain\" flag: it is text or json",
                               *transfer.explain));
  return {};
}

template <typename Plan>
void print_transfer_plan(Invocation& in, const TransferFlags& transfer, const Plan& plan) {
  in.console.text(transfer.explain == "json" ? registry::explain_json(plan).dump(2) + "\n"
                                             : registry::explain(plan));
}

Result<void> pull_one(Invocation& in, engine::Engine& engine, const registry::Access& access,
                      const naming::Reference& reference, const TransferFlags& transfer) {
  oci::Platform platform = oci::host_platform();
  if (!transfer.platform.empty()) {
    SUIT_LET(platform, oci::parse_platform(transfer.platform));
  }
  SUIT_LET(registry::Pull pull,
           registry::prepare_pull(access, engine.store(), reference, platform));
  if (transfer.explain || transfer.dry_run) print_transfer_plan(in, transfer, pull.plan);
  if (transfer.dry_run) return {};
  SUIT_TRY(in.console.flush());
  const std::string digest = pull.plan.named_digest.text();
  SUIT_LET(
      const registry::Pulled pulled,
      pull_with_progress(access, engine.store(), std::move(pull), Where::Stdout, transfer.quiet));
  if (!transfer.quiet)
    in.console.print("Digest: {}\nStatus: {} for {}\n", digest,
                     pulled.was_current ? "Image is up to date" : "Downloaded newer image",
                     reference.familiar());
  in.console.print("{}\n", reference.canonical());
  return {};
}

Result<void> pull_all_tags(Invocation& in, engine::Engine& engine, const registry::Access& access,
                           naming::Reference reference, const TransferFlags& transfer) {
  registry::Session session(access, registry::endpoint_of(access.config, reference.domain),
                            reference.path, registry::Action::Pull);
  SUIT_LET(const std::vector<std::string> tags, registry::fetch_tags(session));
  for (const std::string& tag : tags) {
    // A registry's word becomes a name of ours: it must be one.
    SUIT_LET(reference, naming::parse_reference(reference.repository() + ":" + tag));
    SUIT_TRY(pull_one(in, engine, access, reference, transfer));
  }
  return {};
}

Result<registry::PushOptions> push_options(const TransferFlags& transfer) {
  registry::PushOptions options;
  if (transfer.compression == "zstd")
    options.compression.format = layer::Compression::Zstd;
  else if (transfer.compression == "none" || transfer.compression == "uncompressed")
    options.compression.format = layer::Compression::None;
  else if (transfer.compression != "gzip")
    return fail(0, fmt::format("invalid compression \"{}\"", transfer.compression),
                "there are gzip, zstd and none");
  return options;
}

Result<void> push_one(Invocation& in, engine::Engine& engine, const registry::Access& access,
                      const naming::Reference& reference, const TransferFlags& transfer) {
  SUIT_LET(const registry::PushOptions options, push_options(transfer));
  const Result<store::Image> image = engine.store().find_image(reference.canonical());
  if (!image)
    return fail(ENOENT,
                fmt::format("An image does not exist locally with the tag: {}",
                            reference.familiar_repository()),
                fmt::format("`suit tag IMAGE {}` gives an image that name", reference.familiar()));
  if (transfer.explain || transfer.dry_run) {
    SUIT_LET(const registry::PushPlan plan,
             registry::prepare_push(access, engine.store(), *image, reference, options));
    print_transfer_plan(in, transfer, plan);
    if (transfer.dry_run) return {};
  }
  if (!transfer.quiet)
    in.console.print("The push refers to repository [{}]\n", reference.repository());
  SUIT_TRY(in.console.flush());
  os::FdWriter out(os::FdRef::borrow(STDOUT_FILENO));
  TransferDisplay display(out, TransferDisplay::Verb::Push,
                          transfer.quiet               ? TransferDisplay::Style::Quiet
                          : is_terminal(STDOUT_FILENO) ? TransferDisplay::Style::Terminal
                                                       : TransferDisplay::Style::Plain);
  SUIT_LET(const registry::Pushed pushed,
           registry::push(access, engine.store(), *image, reference, options, display.callback()));
  if (transfer.quiet)
    in.console.print("{}\n", reference.canonical());
  else
    in.console.print("{}: digest: {} size: {}\n", reference.tag, pushed.manifest.text(),
                     pushed.size_bytes);
  return {};
}

// A password from the terminal, not shown.
Result<std::string> ask_hidden(std::string_view prompt) {
  const Console console;
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0)
    return fail(0, "cannot perform an interactive login from a non TTY device",
                "use --password-stdin");
  console.complain(prompt);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string text;
  char c = '\0';
  while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && text.size() < 65536)
    text += c;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  console.complain("\n");
  return text;
}

struct LoginFlags {
  std::string username, password;
  bool from_stdin = false;
};

Result<registry::Login> read_login(const LoginFlags& flags) {
  registry::Login login;
  login.username = flags.username;
  login.password = flags.password;
  const Console console;
  if (!flags.password.empty())
    console.complain("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  if (!flags.password.empty() && flags.from_stdin)
    return fail(0, "--password and --password-stdin are mutually exclusive");
  if (flags.from_stdin) {
    if (flags.username.empty()) return fail(0, "Must provide --username with --password-stdin");
    constexpr std::size_t kLimit = 64U << 10;
    SUIT_LET(login.password, read_stdin("the password", kLimit));
    while (login.password.ends_with('\n') || login.password.ends_with('\r'))
      login.password.pop_back();
  }
  if (login.username.empty()) {
    if (!is_terminal(STDIN_FILENO))
      return fail(0, "cannot perform an interactive login from a non TTY device",
                  "use -u and --password-stdin");
    console.complain("Username: ");
    char c = '\0';
    while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && login.username.size() < 1024)
      login.username += c;
  }
  if (login.password.empty() && !flags.from_stdin) {
    SUIT_LET(login.password, ask_hidden("Password: "));
  }
  if (login.username.empty()) return fail(0, "username is empty");
  if (login.password.empty()) return fail(0, "password is empty");
  if (login.username.find(':') != std::string::npos) return fail(0, "a username has no colon");
  return login;
}

// `https://index.docker.io/v1/`, `localhost:5000/` and nothing are what people give to login.
std::string registry_name(const std::vector<std::string>& args) {
  if (args.empty()) return "docker.io";
  std::string name = args[0];
  if (const std::size_t mark = name.find("://"); mark != std::string::npos) name.erase(0, mark + 3);
  name = name.substr(0, name.find('/'));
  return name == "index.docker.io" || name == "registry-1.docker.io" ? "docker.io" : name;
}

}  // namespace

Result<int> image_pull(Invocation& in) {
  TransferFlags transfer;
  constexpr std::array<std::string_view, 1> kUnsupported = {"disable-content-trust"};
  FlagSet flags;
  flags.toggle('a', "all-tags", transfer.all_tags, "Download all tagged images in the repository")
      .add('\0', "platform", &transfer.platform, "string",
           "Take the image for this platform: linux/arm64")
      .toggle('q', "quiet", transfer.quiet, "Suppress verbose output")
      .unsupported(kUnsupported);
  declare_plan_flags(flags, transfer);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_plan_flags(transfer));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const registry::Access access, registry::Access::open(user_agent()));
  const std::string name = registry::apply_alias(access.config, args[0]);
  SUIT_LET(const naming::Reference reference, naming::parse_reference(name));
  if (transfer.all_tags && (!reference.tag_assumed || !reference.digest.empty()))
    return fail(0, "tag can't be used with --all-tags/-a");
  if (transfer.all_tags) {
    SUIT_TRY(pull_all_tags(in, engine, access, reference, transfer));
    return 0;
  }
  if (reference.tag_assumed && !transfer.quiet)
    in.console.print("Using default tag: {}\n", reference.tag);
  SUIT_TRY(pull_one(in, engine, access, reference, transfer));
  return 0;
}

Result<int> image_push(Invocation& in) {
  TransferFlags transfer;
  constexpr std::array<std::string_view, 2> kUnsupported = {"disable-content-trust", "platform"};
  FlagSet flags;
  flags.toggle('a', "all-tags", transfer.all_tags, "Push all tags of an image to the repository")
      .add('\0', "compression", &transfer.compression, "string",
           "For layers that are not compressed yet: gzip (default), zstd or none")
      .toggle('q', "quiet", transfer.quiet, "Suppress verbose output")
      .unsupported(kUnsupported);
  declare_plan_flags(flags, transfer);
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  SUIT_TRY(check_plan_flags(transfer));
  SUIT_LET(engine::Engine engine, in.open_engine());
  SUIT_LET(const registry::Access access, registry::Access::open(user_agent()));
  SUIT_LET(const naming::Reference reference, naming::parse_reference(args[0]));
  if (!reference.digest.empty()) return fail(0, "cannot push a digest reference");
  if (!transfer.all_tags) {
    if (reference.tag_assumed && !transfer.quiet)
      in.console.print("Using default tag: {}\n", reference.tag);
    SUIT_TRY(push_one(in, engine, access, reference, transfer));
    return 0;
  }
  if (!reference.tag_assumed) return fail(0, "tag can't be used with --all-tags/-a");
  std::size_t count = 0;
  for (const store::Image& image : engine.store().images())
    for (const std::string& text : image.names) {
      SUIT_LET(const naming::Reference name, naming::parse_reference(text));
      if (name.repository() != reference.repository()) continue;
      SUIT_TRY(push_one(in, engine, access, name, transfer));
      ++count;
    }
  if (count == 0)
    return fail(ENOENT, fmt::format("An image does not exist locally with the tag: {}",
                                    reference.familiar_repository()));
  return 0;
}

Result<int> registry_login(Invocation& in) {
  LoginFlags login_flags;
  FlagSet flags;
  flags
      .add('p', "password", &login_flags.password, "string",
           "Password: every user of this machine can see it")
      .toggle('\0', "password-stdin", login_flags.from_stdin, "Take the password from stdin")
      .add('u', "username", &login_flags.username, "string", "Username");
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  const std::string name = registry_name(args);
  SUIT_LET(const registry::Access access, registry::Access::open(user_agent()));
  SUIT_LET(const registry::Login login, read_login(login_flags));
  SUIT_LET(const registry::Login kept, registry::check_login(access, name, login));
  SUIT_LET(const registry::Stored stored, registry::store_login(access.logins, name, kept));
  if (stored.is_readable)
    in.console.complain(
        fmt::format("WARNING! Your credentials are stored unencrypted in '{}'.\n"
                    "Configure a credential helper to remove this warning.\n",
                    stored.where));
  in.console.print("Login Succeeded\n");
  return 0;
}

Result<int> registry_logout(Invocation& in) {
  FlagSet flags;
  SUIT_LET(const std::vector<std::string> args, in.parse(flags));
  const std::string name = registry_name(args);
  SUIT_LET(const bool found, registry::erase_login(registry::LoginFiles::from_environment(), name));
  if (found)
    in.console.print("Removing login credentials for {}\n", registry::login_key(name));
  else
    in.console.print("Not logged in to {}\n", registry::login_key(name));
  return 0;
}

}  // namespace suit::cli
