// Reading Dockerfiles and asking .dockerignore. Inputs are generated, the same every time.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "dockerfile/expand.h"
#include "dockerfile/ignore.h"
#include "dockerfile/parse.h"

namespace suit::dockerfile {
namespace {

// Stages as people write them: some 600 bytes each, with continuations, mounts and a here-document.
std::string make_file(int stages) {
  std::string out = "# syntax=docker/dockerfile:1\nARG VERSION=1.2.3\n";
  for (int i = 0; i < stages; ++i)
    out += fmt::format(
        "\n# stage{0} compiles part {0}\n"
        "FROM --platform=$BUILDPLATFORM golang:${{VERSION}} AS stage{0}\n"
        "WORKDIR /src/part{0}\nENV CGO_ENABLED=0 GOFLAGS=\"-trimpath -mod=vendor\"\n"
        "COPY --link --chown=1000:1000 go.mod go.sum ./\n"
        "RUN --mount=type=cache,target=/go/pkg/mod,sharing=locked \\\n"
        "    --mount=type=secret,id=netrc,target=/root/.netrc \\\n"
        "    go mod download && \\\n    # verified below\n    go mod verify\n"
        "COPY <<-'EOF' /etc/part{0}.conf\n\tname = part{0}\n\tlevel = info\n\tEOF\n"
        "EXPOSE 80{1:02} 443/udp\nHEALTHCHECK --interval=30s CMD [\"/part{0}\", \"--check\"]\n"
        "ENTRYPOINT [\"/part{0}\"]\n",
        i, i % 100);
  return out;
}

void BM_ParseLines(benchmark::State& state) {
  std::string text = make_file(static_cast<int>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_lines(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_ParseLines)->Arg(1)->Arg(100);

void BM_Parse(benchmark::State& state) {
  std::string text = make_file(static_cast<int>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(parse("Dockerfile", text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_Parse)->Arg(1)->Arg(10)->Arg(100);

void BM_Resolve(benchmark::State& state) {
  ParseResult parsed = parse("Dockerfile", make_file(static_cast<int>(state.range(0))));
  for (auto _ : state)
    benchmark::DoNotOptimize(resolve(parsed.file, {}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Resolve)->Arg(10)->Arg(100);

void BM_Expand(benchmark::State& state) {
  Lookup lookup = [](std::string_view) { return std::optional<std::string>("linux/arm64/v8"); };
  std::string_view word = "tool-${VERSION:-1}-${PLATFORM//\\//-}${VARIANT:+-${VARIANT#*/}}.tar.gz";
  for (auto _ : state)
    benchmark::DoNotOptimize(expand(word, '\\', lookup));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Expand);

// One path against the ignore file of an ordinary project.
void BM_IgnoreMatch(benchmark::State& state) {
  auto matcher = IgnoreMatcher::create({".git", "node_modules", "**/*.pyc", "**/__pycache__",
                                        "build/**", "*.md", "!README.md", "**/test-[0-9]*"});
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i)
    paths.push_back(fmt::format("src/package{}/module{}/file{}.py", i % 10, i % 100, i));
  for (auto _ : state)
    for (const std::string& path : paths)
      benchmark::DoNotOptimize(matcher->matches(path));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(paths.size()));
}
BENCHMARK(BM_IgnoreMatch);

}  // namespace
}  // namespace suit::dockerfile
