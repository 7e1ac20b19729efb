// From what users type to the full form, and back. The rules, in their order:
//
//   1. 64 lower-case hex digits are an id, never a name.
//   2. What stands before the first slash is a registry only if no Docker Hub user can be called
//   so:
//      it is `localhost`, or has a dot, a colon or an upper-case letter. Otherwise: docker.io.
//   3. On docker.io, a name without a slash is an official image: `library/` is put before it.
//   4. Without tag and digest, the tag is `latest`; where one name is asked for, not in filters.
//
// The parts are views into the user's text until the grammar has accepted them (grammar.cpp): a
// good name costs the copies of its parts, and nothing else.

#include "naming/reference.h"

#include <algorithm>

#include <fmt/format.h>

#include "naming/grammar.h"

namespace suit::naming {
namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDefaultDomain = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::string_view kDefaultTag = "latest";
constexpr std::size_t kPathLimit = 255;
constexpr std::size_t kShownBytes = 60;  // either side of the caret

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool has_upper(std::string_view text) { return std::any_of(text.begin(), text.end(), is_upper); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// One column a byte, whatever the bytes: so that the caret stands under the right one.
std::string excerpt(std::string_view text, std::size_t offset) {
  const std::size_t begin = offset > kShownBytes ? offset - kShownBytes : 0;
  std::string shown(text.substr(begin, 2 * kShownBytes));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return fmt::format("    {}\n    {}^\n", shown, std::string(offset - begin, ' '));
}

Error refusal(std::string message, std::string_view text, const Problem& problem) {
  return Error(0, std::move(message))
      .with_hint(fmt::format("{}; the form is [registry[:port]/]name[:tag][@digest], such as "
                             "python:3.12",
                             problem.reason))
      .with_excerpt(excerpt(text, problem.offset));
}

Error too_long() {
  return Error(0, fmt::format("repository name must not be more than {} characters", kPathLimit));
}

// What a user typed, told apart by rules 2 and 3.
struct UserName {
  std::string_view domain = kDefaultDomain;
  std::string_view rest;    ///< path, tag and digest
  std::size_t written = 0;  ///< bytes of the registry in the text; 0 when it was left out
  bool official = false;    ///< `library/` belongs before `rest`
};

// Rule 2, for what stands before the first slash.
bool reads_as_registry(std::string_view first) {
  return first == "localhost" || std::any_of(first.begin(), first.end(), [](char c) {
           return c == '.' || c == ':' || is_upper(c);
         });
}

UserName split_domain(std::string_view text) {
  UserName name{.rest = text};
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && reads_as_registry(text.substr(0, slash))) {
    const std::string_view first = text.substr(0, slash);
    name.domain = first == kLegacyDefaultDomain ? kDefaultDomain : first;
    name.rest = text.substr(slash + 1);
    name.written = slash;
  }
  name.official = name.domain == kDefaultDomain && name.rest.find('/') == std::string_view::npos;
  return name;
}

std::optional<Parts> split_user_name(std::string_view text, const UserName& name) {
  if (name.written == 0 || name.domain == kDefaultDomain || is_domain(name.domain))
    return split_rest(name.domain, name.rest);
  return split_rest({}, text);  // `foo_bar.com/x`: no registry is called so, a repository may be
}

Error name_refusal(std::string_view text, const UserName& name) {
  const std::string_view remote = name.rest.substr(0, name.rest.find(':'));
  const auto upper = std::find_if(remote.begin(), remote.end(), is_upper);
  if (upper != remote.end()) {
    const auto offset = static_cast<std::size_t>(&*upper - text.data());
    return refusal(fmt::format("invalid reference format: repository name ({}{}) must be lowercase",
                               name.official ? kOfficialPrefix : "", remote),
                   text, {offset, "a repository's name is lower-case"});
  }
  if (text.empty()) return refusal("invalid reference format", text, {0, "a name is missing"});
  // The strict grammar may accept what the rules above have read otherwise: then the end is at
  // fault.
  const std::optional<Problem> problem = find_problem(text);
  return refusal("invalid reference format", text,
                 problem ? *problem : Problem{text.size(), "a name is missing"});
}

// The last judgement: the digest's own rules, and the length.
Result<Reference> make_reference(std::string_view text, const Parts& parts, bool official) {
  const std::size_t length = parts.path.size() + (official ? kOfficialPrefix.size() : 0);
  if (length > kPathLimit) return std::unexpected(too_long());
  Result<Reference> made{Reference{}};  // one value, filled in place: no part is copied twice
  if (!parts.digest.empty()) {
    Result<digest::Digest> digest = digest::Digest::parse(parts.digest);
    if (!digest)
      return std::unexpected(
          std::move(digest).error().with_excerpt(excerpt(text, text.size() - parts.digest.size())));
    made->digest = *std::move(digest);
  }
  made->domain = parts.domain;
  made->path.reserve(length);
  if (official) made->path = kOfficialPrefix;
  made->path += parts.path;
  made->tag = parts.tag;
  return made;
}

}  // namespace

Result<Reference> parse_strict(std::string_view text) {
  if (text.empty()) return fail(0, "repository name must have at least one component");
  if (const std::optional<Parts> parts = split_reference(text))
    return make_reference(text, *parts, false);
  return std::unexpected(refusal(split_reference(lower(text))
                                     ? "invalid reference format: repository name must be lowercase"
                                     : "invalid reference format",
                                 text, *find_problem(text)));
}

Result<Reference> parse_name(std::string_view text) {
  if (is_identifier(text))
    return fail(0,
                fmt::format("invalid repository name ({}), cannot specify 64-byte hexadecimal "
                            "strings",
                            text),
                "64 hex digits are an image's id");
  const UserName name = split_domain(text);
  const std::optional<Parts> parts = split_user_name(text, name);
  if (!parts || (!parts->digest.empty() && has_upper(name.rest.substr(0, name.rest.find(':')))))
    return std::unexpected(name_refusal(text, name));
  return make_reference(text, *parts, name.official);
}

Result<Reference> parse_reference(std::string_view text) {
  Result<Reference> reference = parse_name(text);
  if (reference && reference->tag.empty() && reference->digest.empty()) {
    reference->tag = kDefaultTag;
    reference->tag_assumed = true;
  }
  return reference;
}

std::string Reference::canonical() const {
  std::string text = domain.empty() ? path : repository();
  if (!tag.empty()) text.append(":").append(tag);
  if (!digest.empty()) text.append("@").append(digest.text());
  return text;
}

std::string Reference::familiar_repository() const {
  if (domain.empty()) return path;
  if (domain != kDefaultDomain) return repository();
  const std::string_view rest = path;
  // `docker.io/a.b/c` without its registry would be another image's name.
  if (rest.find('/') != std::string_view::npos && reads_as_registry(rest.substr(0, rest.find('/'))))
    return repository();
  if (!rest.starts_with(kOfficialPrefix)) return path;
  const std::string_view name = rest.substr(kOfficialPrefix.size());
  return name.find('/') == std::string_view::npos ? std::string(name) : path;
}

std::string Reference::familiar() const {
  std::string text = familiar_repository();
  if (!tag.empty()) text.append(":").append(tag);
  if (!digest.empty()) text.append("@").append(digest.text());
  return text;
}

}  // namespace suit::naming
