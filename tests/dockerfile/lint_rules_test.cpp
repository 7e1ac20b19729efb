// Our own rules: for each, a file that breaks it and one that only looks so.

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "../support/corpora.h"
#include "dockerfile/lint.h"

namespace suit::dockerfile {
namespace {

using corpora::Deviations;
using corpora::Tally;
using nlohmann::json;

LintOptions all_rules(std::string_view text) {
  LintOptions options;
  options.all_sets = true;
  options.all_stages = true;
  options.source = text;
  return options;
}

LintResult check(std::string_view text, const LintOptions& options) {
  ParseResult parsed = parse("Dockerfile", text);
  EXPECT_TRUE(parsed.ok()) << text;
  return lint(parsed.file, options);
}

// `line Rule` of the findings that are of `rule`, or of all.
std::string found(const LintResult& result, std::string_view rule = "") {
  std::string out;
  for (const LintWarning& one : result.warnings)
    if (rule.empty() || one.rule->name == rule)
      out +=
          fmt::format("{}{} {}", out.empty() ? "" : ", ", one.diagnostic.span.line, one.rule->name);
  return out;
}

struct Case {
  std::string_view rule;
  std::string_view text;  ///< behind `FROM debian:12\n`, unless it has a FROM itself
  std::size_t line;       ///< of the one finding; 0: there is none
};

const Case kCases[] = {
    {"SecretValue", "ENV A=AKIAIOSFODNN7EXAMPLE\n", 2},
    {"SecretValue", "RUN curl -H ghp_0123456789abcdefghijklmnopqrstuvwxyz x\n", 2},
    {"SecretValue", "RUN git clone https://me:pass@example.com/x.git\n", 2},
    {"SecretValue", "RUN git clone https://me:$PASS@example.com/x.git\n", 0},
    {"SecretValue", "RUN git clone https://me@example.com/x.git\n", 0},
    {"SecretValue", "COPY <<EOF /k\n-----BEGIN RSA PRIVATE KEY-----\nEOF\n", 2},
    {"SecretValue", "COPY <<EOF /k\n-----BEGIN CERTIFICATE-----\nEOF\n", 0},
    {"SecretValue", "LABEL t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sflKxwRJSMeKKF2QT4fwpMeJf3\n", 2},
    {"SecretValue", "ENV A=XAKIAIOSFODNN7EXAMPLE\n", 0},
    {"SecretDefault", "ARG DB_PASSWORD=hunter2\n", 2},
    {"SecretDefault", "ARG DB_PASSWORD\n", 0},
    {"SecretDefault", "ARG A=1\nENV DB_PASSWORD=$A\n", 0},
    {"RandomLookingValue", "ENV A=q8Zt3LmXw0aPrY7vKc5dNb2HsJ4f\n", 2},
    {"RandomLookingValue", "ENV A_SHA256=q8Zt3LmXw0aPrY7vKc5dNb2HsJ4f\n", 0},
    {"RandomLookingValue", "ENV A=a035c8c19219ba821ecea86b64e628f8d684696d\n", 0},
    {"RandomLookingValue", "ENV PATH=/opt/Conda3/bin:/usr/local/bin\n", 0},
    {"SecretFileCopied", "COPY .env /app/\n", 2},
    {"SecretFileCopied", "COPY keys/id_rsa.pub .env.example /app/\n", 0},
    {"SecretFileCopied", "COPY home/.aws/config /root/\n", 2},
    {"SecretFileCopied", "FROM a AS b\nFROM c\nCOPY --from=b .env /\n", 0},
    {"SecretRemovedLater", "COPY .npmrc /app/\nRUN npm ci && rm /app/.npmrc\n", 3},
    {"SecretRemovedLater", "COPY x /app/\nRUN rm /app/x\n", 0},
    {"SecretCopiedOut", "RUN --mount=type=secret,id=k cp /run/secrets/k /root/.netrc\n", 2},
    {"SecretCopiedOut", "RUN --mount=type=secret,id=k cat /run/secrets/k > /etc/k\n", 2},
    {"SecretCopiedOut", "RUN --mount=type=secret,id=k cat /run/secrets/k > /dev/null\n", 0},
    {"SecretCopiedOut",
     "RUN --mount=type=secret,id=k --mount=type=tmpfs,target=/t cp /run/secrets/k /t/k\n", 0},
    {"SecretPrinted", "RUN --mount=type=secret,id=k,env=K set -x && make\n", 2},
    {"SecretPrinted", "RUN --mount=type=secret,id=k,env=K printenv\n", 2},
    {"SecretPrinted", "RUN --mount=type=secret,id=k set -x && make\n", 0},
    {"SecretPrinted", "RUN --mount=type=secret,id=k,env=K env A=1 make\n", 0},
    {"SecretUnderCache",
     "RUN --mount=type=cache,target=/root --mount=type=secret,id=k,target=/root/.netrc x\n", 2},
    {"SecretUnderCache",
     "RUN --mount=type=cache,target=/root/.c --mount=type=secret,id=k,target=/root/.netrc x\n", 0},

    {"SourceBeforeDependencies", "COPY . .\nRUN pip install -r requirements.txt\n", 2},
    {"SourceBeforeDependencies", "COPY . .\nRUN --mount=type=cache,target=/c npm ci\n", 2},
    {"SourceBeforeDependencies", "COPY . /app\nRUN python3 -m pip install -r r.txt\n", 2},
    {"SourceBeforeDependencies",
     "COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n", 0},
    {"SourceBeforeDependencies", "COPY . .\nRUN pip install .\n", 0},
    {"ManifestAfterSource", "COPY . .\nCOPY requirements.txt .\nRUN pip install -r x\n", 3},
    {"ManifestAfterSource", "COPY package.json .\nCOPY . .\n", 0},
    {"VirtualEnvCopied", "COPY venv /app/venv\n", 2},
    {"VirtualEnvCopied", "COPY src/environment /app/\n", 0},

    {"UntaggedBase", "FROM debian\n", 1},
    {"UntaggedBase", "FROM localhost:5000/a\n", 1},
    {"UntaggedBase", "FROM debian@sha256:00\n", 0},
    {"UntaggedBase", "FROM a:1 AS b\nFROM b\n", 0},
    {"UntaggedBase", "FROM scratch\n", 0},
    {"UntaggedBase", "ARG V=12\nFROM debian:$V\n", 0},
    {"LatestBase", "FROM debian:latest\n", 1},
    {"LatestBase", "FROM debian:latest@sha256:00\n", 0},
    {"UnpinnedPackage", "RUN apt-get install -y curl\n", 2},
    {"UnpinnedPackage", "RUN apt-get install -y -t bookworm curl=1 ./a.deb $P\n", 0},
    {"UnpinnedPackage", "RUN pip install numpy\n", 2},
    {"UnpinnedPackage", "RUN pip install 'numpy>=1' -r a.txt -e . git+https://x/y a.whl\n", 0},
    {"UnpinnedPackage", "RUN pip --no-cache-dir install --index-url https://x numpy==1\n", 0},
    {"UnpinnedPackage", "RUN npm install express\n", 2},
    {"UnpinnedPackage", "RUN npm install && npm install @a/b@1 ./x\n", 0},
    {"UnpinnedPackage", "RUN apk add --virtual .build gcc\n", 2},
    {"UnpinnedPackage", "RUN apk add --virtual .build gcc=1 'g++~=2'\n", 0},
    {"UnpinnedPackage", "RUN yum install -y vim\n", 2},
    {"UnpinnedPackage", "RUN dnf install -y vim-9.0 @core\n", 0},
    {"UnpinnedPackage", "RUN zypper install -n vim\n", 2},
    {"UnpinnedPackage", "RUN gem install rails\n", 2},
    {"UnpinnedPackage", "RUN gem install rails:7 && gem install -v 1 x\n", 0},
    {"UnpinnedPackage", "RUN go install x.org/y\n", 2},
    {"UnpinnedPackage", "RUN go install x.org/y@v1\n", 0},
    {"UnpinnedPackage", "RUN conda install -y -c conda-forge numpy\n", 2},
    {"UnpinnedPackage", "RUN echo apt-get install curl\n", 0},
    {"InteractiveInstall", "RUN apt-get install curl\n", 2},
    {"InteractiveInstall", "RUN apt-get -qqy install curl && apt-get install --yes x\n", 0},
    {"InteractiveInstall", "RUN yes | apt-get install curl\n", 0},
    {"InteractiveInstall", "RUN zypper install vim\n", 2},
    {"RecommendedPackages", "RUN apt-get install -y curl\n", 2},
    {"RecommendedPackages", "RUN apt-get install -o APT::Install-Recommends=0 curl\n", 0},
    {"PackageCacheKept", "RUN apt-get update && apt-get install -y curl\n", 2},
    {"PackageCacheKept", "RUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n", 0},
    {"PackageCacheKept", "RUN --mount=type=cache,target=/var/lib/apt apt-get install -y x\n", 0},
    {"PackageCacheKept", "RUN apk add x=1\n", 2},
    {"PackageCacheKept", "RUN apk --no-cache add x=1\n", 0},
    {"PackageCacheKept", "RUN pip install x==1\n", 2},
    {"PackageCacheKept", "ENV PIP_NO_CACHE_DIR=1\nRUN pip install x==1\n", 0},
    {"PackageCacheKept", "RUN --mount=type=cache,target=/root/.cache/pip pip install x==1\n", 0},
    {"PackageCacheKept", "RUN dnf install -y x-1\n", 2},
    {"PackageCacheKept", "RUN dnf install -y x-1 && dnf clean all\n", 0},
    {"PackageCacheKept", "RUN yarn install\n", 2},
    {"PackageCacheKept", "RUN yarn install && yarn cache clean\n", 0},
    {"UseAptGet", "RUN apt update\n", 2},
    {"UseAptGet", "RUN apt-get update\n", 0},
    {"DistUpgrade", "RUN zypper -n dist-upgrade\n", 2},
    {"PointlessCommand", "RUN service nginx start\n", 2},
    {"NoSudo", "RUN true && sudo make install\n", 2},
    {"UseWorkdir", "RUN cd /app && make\n", 2},
    {"UseWorkdir", "RUN make && (cd sub && make)\n", 0},
    {"LastUserRoot", "USER app\nUSER root\n", 3},
    {"LastUserRoot", "USER root\nUSER 1000\n", 0},
    {"LastUserRoot", "FROM a:1\nUSER root\nFROM b:1\n", 0},
    {"NamedUser", "USER app:app\n", 2},
    {"NamedUser", "USER 1000\n", 0},
    {"SparseUserId", "RUN useradd -u 1234567 me\n", 2},
    {"SparseUserId", "RUN useradd -l -u 1234567 me && useradd -u 1000 you\n", 0},
    {"UseCopy", "ADD a.txt /\n", 2},
    {"UseCopy", "ADD a.tar.gz https://x/y /\n", 0},
    {"CopyIntoDirectory", "COPY a b /c\n", 2},
    {"CopyIntoDirectory", "COPY a b /c/\n", 0},
    {"UnknownCopySource", "COPY --from=biuld /a /\n", 2},
    {"UnknownCopySource", "FROM a:1 AS build\nFROM b:1\nCOPY --from=build /a /\n", 0},
    {"UnknownCopySource", "COPY --from=busybox:1 /a /\n", 0},
    {"RelativeCopyDestination", "COPY a b\n", 2},
    {"RelativeCopyDestination", "WORKDIR /app\nCOPY a b\n", 0},
    {"WholeFilesystemCopy", "FROM a:1 AS b\nFROM scratch\nCOPY --from=b / /\n", 3},
    {"ExtractWithAdd", "COPY x.tar.gz /tmp/\nRUN tar -xzf /tmp/x.tar.gz\n", 3},
    {"ExtractWithAdd", "COPY x.tar.gz /tmp/\nRUN tar -czf /tmp/y.tar.gz /etc\n", 0},
    {"NoisyDownload", "RUN wget https://x\n", 2},
    {"NoisyDownload", "RUN wget -qO- https://x && wget --progress=dot:giga https://y\n", 0},
    {"WgetAndCurl", "RUN wget -q x\nRUN curl y\n", 3},
    {"WgetAndCurl", "FROM a:1\nRUN wget -q x\nFROM b:1\nRUN curl y\n", 0},
    {"UseShell", "RUN ln -sf /bin/bash /bin/sh\n", 2},
    {"PipeWithoutPipefail", "RUN curl x | sh\n", 2},
    {"PipeWithoutPipefail", "RUN set -o pipefail && curl x | sh\n", 0},
    {"PipeWithoutPipefail", "SHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN a | b\n", 0},
    {"PipeWithoutPipefail", "RUN a || b\n", 0},
    {"ConsecutiveRun", "RUN a\nRUN b\n", 3},
    {"ConsecutiveRun", "RUN a\n# changes often\nRUN b\n", 0},
    {"SelfReferringEnv", "ENV A=1 B=$A\n", 2},
    {"SelfReferringEnv", "ENV A=1\nENV A=2 B=$A\n", 0},
    {"LabelKey", "LABEL com.docker.x=1\n", 2},
    {"LabelKey", "LABEL My_Label=1\n", 2},
    {"LabelKey", "LABEL org.example.my-label=1\n", 0},
    {"LabelValue", "LABEL org.opencontainers.image.created=yesterday\n", 2},
    {"LabelValue", "LABEL org.opencontainers.image.created=2026-01-02T03:04:05Z\n", 0},
    {"LabelValue", "LABEL org.opencontainers.image.url=example\n", 2},
};

TEST(LintRules, FindWhatTheyAreFor) {
  for (const Case& one : kCases) {
    std::string text(one.text);
    if (text.find("FROM ") == std::string::npos) text = "FROM debian:12\n" + text;
    std::string expected = one.line == 0 ? "" : fmt::format("{} {}", one.line, one.rule);
    EXPECT_EQ(found(check(text, all_rules(text)), one.rule), expected) << one.rule << "\n" << text;
  }
}

TEST(LintRules, HaveATestEach) {
  // Asked for elsewhere in this file, or not of a file alone.
  std::set<std::string_view> tested = {
      "SecretFileInContext", "SecretBuildArg",     "MissingDockerignore", "UntrustedRegistry",
      "BaseWithoutDigest",   "MissingHealthcheck", "InlineIgnore"};
  for (const Case& one : kCases)
    tested.insert(one.rule);
  for (const LintRule& rule : lint_rules())
    EXPECT_TRUE(rule.set == LintSet::BuildKit || tested.contains(rule.name)) << rule.name;
}

TEST(LintRules, SayWhyAndWhatToDo) {
  std::set<std::string_view> names;
  for (const LintRule& rule : lint_rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.description.empty() || rule.why.empty() || rule.fix.empty()) << rule.name;
    EXPECT_EQ(rule.why.find("://"), std::string_view::npos) << rule.name;
    EXPECT_EQ(find_lint_rule(rule.name), &rule);
  }
  EXPECT_EQ(find_lint_rule("DL3008")->name, "UnpinnedPackage");
  EXPECT_EQ(find_lint_rule("DL30"), nullptr);
  EXPECT_EQ(suggest_lint_rule("UsCopy"), " (did you mean UseCopy?)");
}

TEST(LintRules, StaySilentUnlessAsked) {
  LintOptions options;
  EXPECT_EQ(found(check("FROM debian\nRUN sudo apt install x | y\n", options)), "");
}

TEST(LintRules, LookIntoHereDocuments) {
  std::string text = "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\n  sudo make\nEOF\n";
  LintResult result = check(text, all_rules(text));
  EXPECT_EQ(found(result, "NoSudo"), "5 NoSudo");
  EXPECT_EQ(result.warnings.back().diagnostic.span.column, 3U);
  EXPECT_EQ(text.substr(result.warnings.back().diagnostic.span.offset, 4), "sudo");
  std::string python = "FROM debian:12\nRUN <<EOF python3\nsudo = 1\nEOF\n";
  EXPECT_EQ(found(check(python, all_rules(python))), "");
}

TEST(LintRules, PointIntoContinuedLines) {
  std::string text = "FROM debian:12\nRUN true && \\\n  # why\n  sudo make\n";
  LintResult result = check(text, all_rules(text));
  ASSERT_EQ(found(result, "NoSudo"), "4 NoSudo");
  EXPECT_EQ(result.warnings[0].diagnostic.span.column, 3U);
}

TEST(LintRules, AreSilencedByComments) {
  struct Row {
    std::string_view comment, expected;
  };
  for (Row row :
       {Row{"# hadolint ignore=DL3004", "3 UseAptGet"}, Row{"# hadolint ignore=DL3004,DL3027", ""},
        Row{"# hadolint ignore = DL3004 , DL3027 because", ""},
        Row{"# suit lint ignore=NoSudo", "3 UseAptGet"}, Row{"# suit lint ignore=all", ""},
        Row{"# check=skip=UseAptGet", "3 NoSudo"},
        Row{"# hadolint ignored=DL3004", "3 NoSudo, 3 UseAptGet"}}) {
    std::string text = fmt::format("FROM debian:12\n{}\nRUN sudo apt update\n", row.comment);
    EXPECT_EQ(found(check(text, all_rules(text))), row.expected) << row.comment;
  }
  std::string text =
      "# hadolint global ignore=DL3004\nFROM debian:12\nRUN true\nUSER 1\nRUN sudo x\n";
  EXPECT_EQ(found(check(text, all_rules(text))), "");
}

TEST(LintRules, AreChosenByName) {
  std::string text = "FROM debian\nRUN sudo apt update\n";
  LintOptions options = all_rules(text);
  options.only = {"nosudo", "MissingHealthcheck"};
  EXPECT_EQ(found(check(text, options)), "1 MissingHealthcheck, 2 NoSudo");
  options.only.clear();
  options.skip = {"DL3004", "DL3006"};
  EXPECT_EQ(found(check(text, options)), "2 UseAptGet");
}

TEST(LintRules, AskWhatTheBuildKnows) {
  std::string text = "FROM example.com/a:1\nCOPY . /app/\n";
  LintOptions options = all_rules(text);
  options.context = {true, false, {".env", ".git", "main.py", "venv"}};
  options.trusted_registries = {"docker.io"};
  options.resolve.build_args = {{"API_TOKEN", "x"}, {"VERSION", "1"}};
  EXPECT_EQ(found(check(text, options)),
            "0 SecretBuildArg, 1 UntrustedRegistry, 2 SecretFileInContext, 2 MissingDockerignore");
  auto ignore = IgnoreMatcher::create({".env"});
  options.ignore = &*ignore;
  options.context.has_ignore_file = true;
  options.trusted_registries.emplace_back("example.com");
  options.resolve.build_args.clear();
  EXPECT_EQ(found(check(text, options)), "");
  options.only = {"BaseWithoutDigest", "InlineIgnore"};
  EXPECT_EQ(found(check("# suit lint ignore=all\n" + text, options)), "");
  EXPECT_EQ(found(check("# suit lint ignore=NoSudo\n" + text, options)),
            "1 InlineIgnore, 2 BaseWithoutDigest");
}

TEST(LintRules, StopAtAThousandFindings) {
  std::string text = "FROM debian:12\n";
  for (int i = 0; i < 3000; ++i)
    text += "USER 1\nRUN sudo x\n";
  LintResult result = check(text, all_rules(text));
  EXPECT_EQ(result.warnings.size(), kMaxLintWarnings);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].message, "too many findings");
}

struct Fix {
  std::string_view before, after;
};
const Fix kFixes[] = {
    {"FROM a:1\nrun x\nRUN y\n", "FROM a:1\nRUN x\nRUN y\n"},
    {"FROM a:1 as Build\n", "FROM a:1 AS build\n"},
    {"FROM a:1\nRUN x \\\n\n  y \\\n\n\n  z\n", "FROM a:1\nRUN x \\\n  y \\\n  z\n"},
    {"FROM a:1\nENV a b c\nENV d e\n", "FROM a:1\nENV a=\"b c\"\nENV d=e\n"},
    {"FROM a:1\nENV a \"b\"\n", "FROM a:1\nENV a \"b\"\n"},
    {"FROM a:1\nMAINTAINER me <me@x.org>\n",
     "FROM a:1\nLABEL org.opencontainers.image.authors=\"me <me@x.org>\"\n"},
    {"FROM --platform=$TARGETPLATFORM a:1\n", "FROM a:1\n"},
    {"FROM a:1\nEXPOSE 80/TCP\n", "FROM a:1\nEXPOSE 80/tcp\n"},
    {"FROM a:1\nCMD python  app.py\n", "FROM a:1\nCMD [\"python\", \"app.py\"]\n"},
    {"FROM a:1\nCMD a && b\n", "FROM a:1\nCMD a && b\n"},
    {"FROM a:1\nCMD A=1 b\n", "FROM a:1\nCMD A=1 b\n"},
    {"FROM a:1\nRUN apt install x=1\n",
     "FROM a:1\nRUN apt-get install --no-install-recommends -y x=1\n"},
    {"FROM a:1\nRUN apk add x=1 && \\\n  pip install y==1\n",
     "FROM a:1\nRUN apk add --no-cache x=1 && \\\n  pip install --no-cache-dir y==1\n"},
    {"FROM a:1\nADD x /\n", "FROM a:1\nCOPY x /\n"},
    {"FROM a:1\nCOPY x y /z\n", "FROM a:1\nCOPY x y /z/\n"},
    {"FROM a:1\nCOPY [\"x\", \"y\", \"/z\"]\n", "FROM a:1\nCOPY [\"x\", \"y\", \"/z\"]\n"},
    {"FROM a:1\nRUN wget https://x\n", "FROM a:1\nRUN wget --progress=dot:giga https://x\n"},
    {"FROM a:1\nRUN <<EOF\napt-get install -y x=1\nEOF\n",
     "FROM a:1\nRUN <<EOF\napt-get install --no-install-recommends -y x=1\nEOF\n"},
    {"FROM a:1\nRUN [\"apt-get\", \"install\", \"x\"]\n",
     "FROM a:1\nRUN [\"apt-get\", \"install\", \"x\"]\n"},
};

// As `--fix` does it: until nothing is left to mend.
std::string fixed(std::string text) {
  for (int pass = 0; pass < 10; ++pass) {
    std::vector<Edits> groups;
    for (LintWarning& one : check(text, all_rules(text)).warnings) {
      EXPECT_TRUE(one.edits.empty() || one.rule->fixable == Fixable::Yes ||
                  one.rule->name == "SparseUserId")
          << one.rule->name;
      groups.push_back(std::move(one.edits));
    }
    Edited edited = apply_edits(text, groups);
    if (edited.applied == 0) return text;
    text = edited.text;
  }
  ADD_FAILURE() << "does not come to an end: " << text;
  return text;
}

TEST(LintFixes, MendWhatNeedsNoThinking) {
  for (const Fix& one : kFixes)
    EXPECT_EQ(fixed(std::string(one.before)), one.after);
}

TEST(LintFixes, AreMadeTogetherOrNotAtAll) {
  Edited edited = apply_edits("abcdef", {{{0, 1, "X"}, {2, 1, "Y"}},
                                         {{2, 2, "Z"}, {5, 1, "W"}},
                                         {{6, 0, "!"}},
                                         {{7, 0, "?"}},
                                         {{5, 9, ""}}});
  EXPECT_EQ(edited.text, "XbYdef!");
  EXPECT_EQ(edited.applied, 2U);
}

TEST(LintCorpora, KnowsHadolintsCodes) {
  SUIT_NEEDS_CORPORA();
  const Deviations deviations = {
      {"DL3011", "an error of the parser: invalid containerPort"},
      {"DL3023", "an error of the parser: circular dependency detected on stage"},
      {"DL3043", "an error of the parser: X isn't allowed as an ONBUILD trigger"},
      {"DL3061", "an error of the parser: no build stage in current context"},
      {"DL3049", "which labels must be there only a schema says, and there is none"},
      {"DL3050", "which labels may be there only a schema says"},
      {"DL3054", "that a label is an SPDX licence only a schema says, and the list is long"},
      {"DL3055", "that a label is a git hash only a schema says"},
      {"DL3056", "that a label is a semantic version only a schema says"},
      {"DL3058", "that a label is an e-mail address only a schema says"},
      {"Shellcheck", "needs a parser of the shell, of which this has none"},
  };
  Tally tally("lint-hadolint-names/rules.json");
  for (const json& row : corpora::cases("lint-hadolint-names/rules.json")) {
    std::string name = row["name"].get<std::string>();
    bool known = find_lint_rule(name) != nullptr;
    EXPECT_NE(known, deviations.contains(name)) << name;
    if (deviations.contains(name))
      tally.deviate();
    else
      tally.count(known);
  }
}

TEST(LintCorpora, KnowsSecretNames) {
  SUIT_NEEDS_CORPORA();
  std::ifstream in(std::string(SUIT_CORPORA) + "/secrets/lint-arg-env.json");
  json table = json::parse(in, nullptr, false);
  ASSERT_TRUE(table.is_object());
  Tally tally("secrets/lint-arg-env.json");
  for (const char* part : {"upstream", "own"})
    for (const auto& [name, secret] : table[part].items())
      for (const char* keyword : {"ARG", "ENV"}) {
        std::string text = fmt::format("FROM scratch\n{} {}=$x\n", keyword, name);
        bool ok = !found(check(text, {}), "SecretsUsedInArgOrEnv").empty() == secret.get<bool>();
        for (const char* skip : {"SecretsUsedInArgOrEnv", "all"}) {
          text = fmt::format("FROM scratch\n# check=skip={}\n{} {}=$x\n", skip, keyword, name);
          ok = ok && found(check(text, {}), "SecretsUsedInArgOrEnv").empty();
        }
        EXPECT_TRUE(ok) << keyword << " " << name;
        tally.count(ok);
      }
}

}  // namespace
}  // namespace suit::dockerfile
