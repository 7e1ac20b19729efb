// Secrets where they do not belong.
//
// Three ways to see one: by the name of its variable, by the shape of its value, by the name of its
// file. Shapes are the prefixes that issuers chose so that scanners can find them; a value without
// one counts only when it looks random, and then as a warning.

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "dockerfile/lint_families_internal.h"
#include "dockerfile/text_internal.h"
#include "dockerfile/values_internal.h"

namespace suit::dockerfile {
namespace {

// Parts between underscores that say what a variable holds.
bool has_part(std::string_view name, std::span<const std::string_view> parts) {
  std::string rest = text::lower(name) + "_";
  for (std::size_t at = 0; at < rest.size();) {
    std::size_t end = rest.find('_', at);
    if (std::ranges::find(parts, std::string_view(rest).substr(at, end - at)) != parts.end())
      return true;
    at = end + 1;
  }
  return false;
}

bool is_token_char(char c) {
  return text::is_letter(c) || text::is_digit(c) || c == '_' || c == '-';
}

/// An issuer's prefix, and how many characters of a token must follow.
struct Shape {
  std::string_view prefix;
  std::size_t least;
  std::string_view what;
};
constexpr std::array kShapes = std::to_array<Shape>({
    {"AKIA", 16, "an AWS access key"},
    {"ASIA", 16, "an AWS access key"},
    {"ghp_", 36, "a GitHub token"},
    {"gho_", 36, "a GitHub token"},
    {"ghu_", 36, "a GitHub token"},
    {"ghs_", 36, "a GitHub token"},
    {"ghr_", 36, "a GitHub token"},
    {"github_pat_", 22, "a GitHub token"},
    {"glpat-", 20, "a GitLab token"},
    {"xoxa-", 10, "a Slack token"},
    {"xoxb-", 10, "a Slack token"},
    {"xoxp-", 10, "a Slack token"},
    {"xoxr-", 10, "a Slack token"},
    {"xoxs-", 10, "a Slack token"},
    {"sk_live_", 16, "a Stripe key"},
    {"rk_live_", 16, "a Stripe key"},
    {"AIza", 35, "a Google API key"},
    {"npm_", 36, "an npm token"},
});

std::size_t token_length(std::string_view text) {
  auto end = std::ranges::find_if_not(text, is_token_char);
  return static_cast<std::size_t>(end - text.begin());
}

// `eyJ….eyJ….…`: two JSON objects in base64 and a signature.
std::size_t jwt_length(std::string_view text) {
  if (!text.starts_with("eyJ")) return 0;
  std::size_t head = token_length(text);
  std::string_view rest = text.substr(head);
  if (head < 10 || !rest.starts_with(".eyJ")) return 0;
  return head + 1 + token_length(rest.substr(1));
}

/// What a stretch of a text is, if it is a secret.
struct Found {
  std::string_view what;
  std::size_t offset = 0;
  std::size_t length = 0;
};

std::optional<Found> token_at(std::string_view text, std::size_t at) {
  std::string_view rest = text.substr(at);
  for (const Shape& shape : kShapes) {
    if (!rest.starts_with(shape.prefix)) continue;
    std::size_t length = token_length(rest.substr(shape.prefix.size()));
    if (length >= shape.least) return Found{shape.what, at, shape.prefix.size() + length};
  }
  if (std::size_t length = jwt_length(rest)) return Found{"a JSON web token", at, length};
  return std::nullopt;
}

// `scheme://user:password@host`; a variable or an empty password is none.
std::optional<Found> password_in_url(std::string_view text, std::size_t mark) {
  std::size_t begin = mark + 3;
  std::size_t end = begin;
  std::size_t colon = 0;
  while (end < text.size() && text[end] != '@' && text[end] != '/' && !text::is_blank(text[end]) &&
         text[end] != '"' && text[end] != '\'') {
    if (text[end] == ':' && colon == 0) colon = end;
    ++end;
  }
  if (end >= text.size() || text[end] != '@' || colon == 0 || colon + 1 == end) return std::nullopt;
  std::string_view password = text.substr(colon + 1, end - colon - 1);
  if (password.find('$') != std::string_view::npos || password.starts_with('<'))
    return std::nullopt;
  return Found{"a password in a URL", colon + 1, password.size()};
}

std::optional<Found> find_secret(std::string_view text) {
  std::size_t key = text.find("-----BEGIN ");
  if (key != std::string_view::npos &&
      text.substr(key, 60).find("PRIVATE KEY") != std::string_view::npos)
    return Found{"a private key", key, std::string_view("-----BEGIN ").size()};
  bool inside = false;  // of a word: a prefix counts only at its beginning
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!inside)
      if (auto found = token_at(text, at)) return found;
    if (text.substr(at).starts_with("://"))
      if (auto found = password_in_url(text, at)) return found;
    inside = is_token_char(text[at]);
  }
  return std::nullopt;
}

// Bits a character: English has about four over its own letters, base64 of random bytes near six.
double entropy(std::string_view value) {
  std::array<int, 256> counts{};
  for (char c : value)
    ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (int count : counts) {
    if (count == 0) continue;
    double share = count / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

bool looks_random(std::string_view value) {
  if (value.size() < 24 || value.size() > 512) return false;
  bool lower = false;
  bool upper = false;
  bool digit = false;
  for (char c : value) {
    if (!text::is_letter(c) && !text::is_digit(c) && c != '+' && c != '/' && c != '=' && c != '_' &&
        c != '-')
      return false;
    lower |= c >= 'a' && c <= 'z';
    upper |= c >= 'A' && c <= 'Z';
    digit |= text::is_digit(c);
  }
  // Paths and hashes fall out: the former have no such mix, the latter one case of letters.
  return lower && upper && digit && value.front() != '/' && entropy(value) >= 4.0;
}

bool names_a_hash(std::string_view name) {
  constexpr std::array<std::string_view, 9> kHashes = {
      "sha", "sha1", "sha256", "sha512", "checksum", "digest", "hash", "commit", "integrity"};
  return has_part(name, kHashes);
}

constexpr std::string_view kSecretMounts = "/run/secrets/";
// Each is compared with each: nobody writes more, and a hostile file shall not gain by it.
constexpr std::size_t kMostMounts = 200;
constexpr std::size_t kMostWritten = 200;

bool mentions_secret(const ShellWord& word) {
  return word.text.find(kSecretMounts) != std::string::npos;
}

// Files that no image keeps.
bool is_thrown_away(std::string_view path, const std::vector<Mount>& mounts) {
  return path.starts_with("/dev/") || path.starts_with(kSecretMounts) || is_covered(mounts, path);
}

// Where `cp`, `mv` and their like write to: behind the sources, or what `dd of=` names.
std::string_view written_to(const ShellCommand& command) {
  constexpr std::array<std::string_view, 4> kCopiers = {"cp", "mv", "install", "ln"};
  std::vector<const ShellWord*> operands = command.operands({"-m", "-o", "-g"});
  if (std::ranges::find(kCopiers, command.name()) != kCopiers.end() && operands.size() > 1 &&
      std::any_of(operands.begin(), operands.end() - 1,
                  [](const ShellWord* word) { return mentions_secret(*word); }))
    return command.name() == "ln" ? std::string_view() : operands.back()->text;
  return {};
}

}  // namespace

bool looks_secret(std::string_view name) {
  constexpr std::array<std::string_view, 10> kSecret = {
      "apikey",   "auth",  "credential", "credentials", "key",
      "password", "pword", "passwd",     "secret",      "token"};
  constexpr std::array<std::string_view, 3> kHarmless = {"public", "file", "version"};
  return has_part(name, kSecret) && !has_part(name, kHarmless);
}

bool is_secret_file(std::string_view path) {
  constexpr std::array<std::string_view, 14> kNames = {
      ".env",       ".npmrc", ".pypirc", ".netrc",   "_netrc",     ".git-credentials",
      ".htpasswd",  "id_rsa", "id_dsa",  "id_ecdsa", "id_ed25519", "credentials.json",
      "kubeconfig", ".pgpass"};
  constexpr std::array<std::string_view, 4> kFolders = {".aws", ".ssh", ".kube", ".gnupg"};
  constexpr std::array<std::string_view, 5> kEndings = {".pem", ".key", ".p12", ".pfx", ".jks"};
  // Templates are there to be copied.
  constexpr std::array<std::string_view, 4> kTemplates = {".example", ".sample", ".template",
                                                          ".dist"};
  std::string_view name = base_name(path);
  auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  if (std::ranges::any_of(kTemplates, ends) || name.ends_with(".pub")) return false;
  if (std::ranges::find(kNames, name) != kNames.end() || name.starts_with(".env.")) return true;
  if (path.ends_with(".docker/config.json")) return true;
  if (std::ranges::any_of(kEndings, ends)) return name.find("pub") == std::string_view::npos;
  std::string folders = "/" + std::string(path) + "/";
  return std::ranges::any_of(kFolders, [&](std::string_view folder) {
    return folders.find("/" + std::string(folder) + "/") != std::string::npos;
  });
}

void SecretRules::check_file() {
  for (const auto& [name, value] : scene_.options.resolve.build_args)
    if (looks_secret(name))
      scene_.report.warn(
          "SecretBuildArg",
          fmt::format("--build-arg {} stays in the image's history", text::clip(name)),
          "give it with --secret, and mount it in the RUN that needs it");
}

void SecretRules::visit(const Instruction& one, const StageState& state,
                        const std::vector<Script>& scripts) {
  check_values(one);
  check_copy(one, state);
  if (std::holds_alternative<Run>(one.body)) check_run(one, state, scripts);
}

void SecretRules::check_values(const Instruction& one) {
  if (const Env* env = std::get_if<Env>(&one.body)) {
    for (const KeyValue& pair : env->pairs)
      check_value(one, pair.key.text, pair.value.text, pair.value.span);
  } else if (const Arg* arg = std::get_if<Arg>(&one.body)) {
    for (const ArgDefinition& definition : arg->args)
      check_value(one, definition.key.text, definition.value.value_or(""), definition.key.span);
  } else if (const Run* run = std::get_if<Run>(&one.body)) {
    for (const Heredoc& heredoc : run->heredocs)
      if (check_patterns(one, heredoc.content, one.span)) return;
    check_patterns(one, one.text, one.span);
  } else {
    if (const Copy* copy = std::get_if<Copy>(&one.body))
      for (const InlineFile& file : copy->inline_files)
        if (check_patterns(one, file.content, one.span)) return;
    check_patterns(one, one.text, one.span);
  }
}

void SecretRules::check_value(const Instruction& one, const std::string& name,
                              const std::string& value, const SourceSpan& span) {
  std::string_view bare = value;
  if (bare.size() > 1 && (bare.front() == '"' || bare.front() == '\'') &&
      bare.back() == bare.front())
    bare = bare.substr(1, bare.size() - 2);
  if (check_patterns(one, bare, span) || bare.empty() || has_variable(bare)) return;
  if (looks_secret(name))
    scene_.report.warn("SecretDefault", one, span,
                       fmt::format("the value of {} stands in the file", text::clip(name)),
                       "remove it, and mount the secret: RUN --mount=type=secret");
  else if (looks_random(bare) && !names_a_hash(name))
    scene_.report.warn("RandomLookingValue", one, span,
                       fmt::format("the value of {} looks like a key", text::clip(name)),
                       "if it is one, mount it: RUN --mount=type=secret");
}

// The finding names what it is and never repeats it.
bool SecretRules::check_patterns(const Instruction& one, std::string_view text,
                                 const SourceSpan& span) {
  std::optional<Found> found = find_secret(text);
  if (!found) return false;
  SourceSpan place = text.data() == one.text.data() ? one.at(found->offset, found->length) : span;
  scene_.report.warn("SecretValue", one, place, fmt::format("{} stands in the file", found->what),
                     "revoke it, and mount its successor: RUN --mount=type=secret");
  return true;
}

void SecretRules::check_copy(const Instruction& one, const StageState& state) {
  const std::vector<Word>* sources = context_sources(one);
  if (sources == nullptr) return;
  for (const Word& source : *sources) {
    std::string path = expanded(source.text, scene_.file.escape, state.scope);
    if (is_remote(path)) continue;
    if (is_whole_context(path)) {
      check_context(one, source.span);
    } else if (is_secret_file(path)) {
      if (written_.size() < kMostWritten) written_.emplace_back(base_name(path));
      scene_.report.warn(
          "SecretFileCopied", one, source.span,
          fmt::format("{} stays in this layer for everybody who has the image", text::clip(path)),
          fmt::format("mount it where it is needed: RUN --mount=type=secret,id={0}",
                      text::clip(base_name(path))));
    }
  }
}

void SecretRules::check_context(const Instruction& one, const SourceSpan& span) {
  for (const std::string& name : scene_.options.context.names) {
    if (!is_secret_file(name)) continue;
    if (scene_.options.ignore != nullptr && scene_.options.ignore->matches(name)) continue;
    if (written_.size() < kMostWritten) written_.push_back(name);
    scene_.report.warn("SecretFileInContext", one, span,
                       fmt::format("the whole context is copied, {} included", text::clip(name)),
                       fmt::format("name {} in .dockerignore", text::clip(name)));
  }
}

void SecretRules::check_run(const Instruction& one, const StageState& state,
                            const std::vector<Script>& scripts) {
  const Run& run = std::get<Run>(one.body);
  std::vector<Mount> mounts = mounts_of(run, scene_.file.escape, state.scope);
  check_mounts(one, run, mounts);
  bool in_environment = std::ranges::any_of(mounts, [](const Mount& mount) {
    const SecretMount* secret = std::get_if<SecretMount>(&mount);
    return secret != nullptr && !secret->env.empty();
  });
  for (const Script& script : scripts)
    for (const ShellCommand& command : script.commands)
      check_command(script, command, mounts, in_environment);
}

void SecretRules::check_command(const Script& script, const ShellCommand& command,
                                const std::vector<Mount>& mounts, bool in_environment) {
  const Instruction& one = *script.instruction;
  const ShellWord& program = command.words.front();
  std::string_view name = command.name();
  bool reads = std::ranges::any_of(command.words, mentions_secret);
  std::string_view target = written_to(command);
  if (target.empty() && reads && !command.targets.empty()) target = command.targets.front().text;
  if (!target.empty() && !is_thrown_away(target, mounts))
    scene_.report.warn("SecretCopiedOut", one, script.at(program),
                       fmt::format("the secret stays in the image, in {}", text::clip(target)),
                       "mount it there: --mount=type=secret,id=NAME,target=PATH");
  bool prints = name == "printenv" || (name == "env" && command.operands().empty()) ||
                (name == "set" && command.has({"-x"})) || (name == "export" && command.has({"-p"}));
  if (prints && in_environment && (name == "set" || command.targets.empty()))
    scene_.report.warn("SecretPrinted", one, script.at(program),
                       fmt::format("{} prints the secret that is in the environment", name),
                       "mount it as a file, without env=");
  if (name != "rm" && name != "shred" && name != "unlink") return;
  for (const ShellWord* word : command.operands())
    if (std::ranges::find(written_, base_name(word->text)) != written_.end())
      scene_.report.warn("SecretRemovedLater", one, script.at(*word),
                         fmt::format("{} is hidden by this, not removed: the layer below has it",
                                     text::clip(word->text)),
                         "mount it in the step that needs it, and never copy it");
}

void SecretRules::check_mounts(const Instruction& one, const Run& run,
                               const std::vector<Mount>& mounts) {
  if (mounts.size() > kMostMounts) return;
  for (const Mount& mount : mounts) {
    const SecretMount* secret = std::get_if<SecretMount>(&mount);
    if (secret == nullptr || secret->target.empty()) continue;
    for (const Mount& other : mounts) {
      const CacheMount* cache = std::get_if<CacheMount>(&other);
      if (cache == nullptr || !is_covered({other}, secret->target)) continue;
      auto flag = std::ranges::find_if(run.mounts, [&](const MountFlag& each) {
        return each.text.find(secret->target) != std::string::npos;
      });
      scene_.report.warn("SecretUnderCache", one, flag == run.mounts.end() ? one.span : flag->span,
                         fmt::format("secret {} is mounted below the cache {}",
                                     text::clip(secret->id), text::clip(cache->target)));
    }
  }
}

}  // namespace suit::dockerfile
