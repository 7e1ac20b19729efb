// Reading image names: what people type, ten at a time, and names that are refused.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "naming/explain.h"
#include "naming/reference.h"

namespace suit::naming {
namespace {

const std::string kHex(64, 'a');

// One of each shape in use: Docker Hub's short names are the most frequent.
std::vector<std::string> typed_names() {
  return {"python",
          "python:3.12-slim",
          "user/app:1.0",
          "docker.io/library/debian:bookworm",
          "ghcr.io/owner/app:2024-05-01",
          "localhost:5000/app",
          "eu.gcr.io/my-project/app:v1",
          "europe-west4-docker.pkg.dev/my-project/models/train:1.0",
          "quay.io/organisation/app:1.0",
          "registry.gitlab.com/group/project/app:main"};
}

template <typename Parse>
void parse_all(benchmark::State& state, const std::vector<std::string>& names, Parse parse) {
  for (auto _ : state)
    for (const std::string& name : names)
      benchmark::DoNotOptimize(parse(name));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(names.size()));
}

void BM_ParseReference(benchmark::State& state) {
  parse_all(state, typed_names(), parse_reference);
}
BENCHMARK(BM_ParseReference);

void BM_ParseReferenceWithDigest(benchmark::State& state) {
  std::vector<std::string> names = typed_names();
  for (std::string& name : names)
    name += "@sha256:" + kHex;
  parse_all(state, names, parse_reference);
}
BENCHMARK(BM_ParseReferenceWithDigest);

// The way of an error: message, hint and excerpt are made.
void BM_RefuseReference(benchmark::State& state) {
  parse_all(state, {"a//b", "Foo", "https://github.com/a/b", "a:b:c", "user/app-"},
            parse_reference);
}
BENCHMARK(BM_RefuseReference);

void BM_Canonical(benchmark::State& state) {
  const Reference name = parse_reference("europe-west4-docker.pkg.dev/p/models/train:1.0").value();
  for (auto _ : state)
    benchmark::DoNotOptimize(name.canonical());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Canonical);

void BM_Explain(benchmark::State& state) { parse_all(state, typed_names(), explain); }
BENCHMARK(BM_Explain);

}  // namespace
}  // namespace suit::naming
