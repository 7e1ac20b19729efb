#include <cerrno>
#include <charconv>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "http/retry.h"
#include "registry/download_internal.h"
#include "store/partial.h"

namespace suit::registry {
namespace {

// What one blob's download works with.
struct Download {
  Session& session;
  const oci::Descriptor& blob;
  store::PartialBlob& partial;
  Coming* coming;
  const OnProgress& on_progress;
  const std::atomic<bool>& stop;
};

// `bytes 100-199/200`: where the answer's part begins.
std::optional<std::uint64_t> range_start(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  std::uint64_t start = 0;
  auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), start);
  if (error != std::errc() || end == header.data() + header.size() || *end != '-')
    return std::nullopt;
  return start;
}

// The length that the server promises must be the descriptor's, before a byte of it is stored.
Result<void> check_length(const http::Response& answer, const Download& work) {
  auto header = answer.header("Content-Length");
  if (!header) return {};
  std::uint64_t length = 0;
  std::from_chars(header->data(), header->data() + header->size(), length);
  std::uint64_t expected = work.blob.size_bytes - work.partial.size_bytes();
  if (length == expected) return {};
  return fail(0,
              fmt::format("the registry sends {} bytes, where {} are expected", length, expected));
}

Result<http::Response> ask(Download& work) {
  http::Request request;
  request.url = work.session.path("blobs/" + work.blob.digest.text());
  std::uint64_t have = work.partial.size_bytes();
  if (have > 0) request.headers.push_back(http::range_from(have));
  request.limits.body_bytes = work.blob.size_bytes + 1;  // one more, so that too much is seen
  SUIT_LET(http::Response answer, work.session.send(std::move(request)));
  if (answer.status() == 200 && have > 0) SUIT_TRY(work.partial.restart());
  if (answer.status() == 416) SUIT_TRY(work.partial.restart());
  if (answer.status() == 206 && range_start(answer.header("Content-Range").value_or("")) != have)
    return fail(0, "the registry sends another part than the one that was asked for");
  return answer;
}

// One go: as much as comes. Cut off is an error that may be worth another go.
Result<void> receive(Download& work) {
  SUIT_LET(http::Response answer, ask(work));
  if (answer.status() == 416) return fail(ECONNRESET, "the registry does not go on where we were");
  if (!answer.is_ok()) return std::unexpected(refused(answer, "fetch"));
  SUIT_TRY(check_length(answer, work));
  std::vector<std::byte> buffer(256U << 10);
  while (true) {
    if (work.stop) return fail(ECANCELED, "stopped");
    SUIT_LET(std::size_t got, answer.read(buffer));
    if (got == 0) return {};
    SUIT_TRY(work.partial.write(std::span(buffer).first(got)));
    if (work.coming) work.coming->advance(work.partial.size_bytes());
    work.on_progress(
        {work.blob.digest, Stage::Moving, work.partial.size_bytes(), work.blob.size_bytes});
  }
}

// As long as bytes come, we go on; a few goes without any are enough.
Result<void> receive_all_of_it(Download& work) {
  const http::RetryPolicy& policy = work.session.retries();
  for (int fruitless = 0; work.partial.size_bytes() < work.blob.size_bytes;) {
    std::uint64_t before = work.partial.size_bytes();
    auto got = receive(work);
    bool came = work.partial.size_bytes() > before;
    if (got && came) continue;
    if (got) got = fail(ECONNRESET, "nothing came");
    fruitless = came ? 1 : fruitless + 1;
    if (!http::is_worth_retrying(got.error()) || fruitless >= policy.attempts) return got;
    auto wait = http::delay_before_next(policy, fruitless, {}, 0.5);
    SUIT_LOG(Info, "blob {}: {}; going on at byte {}", work.blob.digest.text(),
             got.error().message(), work.partial.size_bytes());
    std::this_thread::sleep_for(came ? std::chrono::milliseconds(20) : *wait);
  }
  return {};
}

Result<void> fetch_into_store(Session& session, store::Store& store, const oci::Descriptor& blob,
                              Coming* coming, const OnProgress& on_progress,
                              const std::atomic<bool>& stop) {
  if (!store.has_blob(blob.digest)) {
    SUIT_LET(store::PartialBlob partial,
             store::PartialBlob::open(store, blob.digest, blob.size_bytes));
    if (!store.has_blob(blob.digest)) {
      if (coming) {
        SUIT_LET(os::Fd file, partial.open_reader());
        coming->start(std::move(file));
        coming->advance(partial.size_bytes());
      }
      Download work{session, blob, partial, coming, on_progress, stop};
      SUIT_TRY(receive_all_of_it(work));
      return partial.commit();
    }
  }
  if (!coming) return {};
  SUIT_LET(os::Fd file, store.open_blob(blob.digest));
  coming->start(std::move(file));
  coming->advance(blob.size_bytes);
  return {};
}

}  // namespace

Result<void> fetch_blob(Session& session, store::Store& store, const oci::Descriptor& blob,
                        Coming* coming, const OnProgress& on_progress,
                        const std::atomic<bool>& stop) {
  auto fetched = fetch_into_store(session, store, blob, coming, on_progress, stop);
  if (!fetched) fetched = wrap(std::move(fetched).error(), "blob " + blob.digest.text());
  if (fetched) on_progress({blob.digest, Stage::Moved, blob.size_bytes, blob.size_bytes});
  if (coming) coming->finish(fetched);
  return fetched;
}

}  // namespace suit::registry
