#include "engine/commit.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "base/time.h"
#include "engine/freeze.h"
#include "engine/supervise_internal.h"

namespace suit::engine {
namespace {

// Reads the upper directory of a container that nobody starts meanwhile, unless it lives already.
template <typename Work>
auto while_unstarted(Engine& engine, const Status& container, Work&& work) -> decltype(work()) {
  if (container.state.lives()) return work();
  SUIT_LET(Held held, engine.hold(container));
  auto result = work();
  engine.release(std::move(held));
  return result;
}

// Processes that stand still until the end of the scope.
class Stillness {
 public:
  explicit Stillness(const State& state) : state_(state) {}
  Result<void> begin() {
    SUIT_TRY(freeze(state_));
    frozen_ = true;
    return {};
  }
  Stillness(const Stillness&) = delete;
  Stillness& operator=(const Stillness&) = delete;
  ~Stillness() {
    if (!frozen_) return;
    if (auto thawed = thaw(state_); !thawed) SUIT_LOG(Warn, "{}", thawed.error().message());
  }

 private:
  const State& state_;
  bool frozen_ = false;
};

Result<layer::DiffOptions> diff_options() {
  SUIT_LET(runtime::HostFacts facts, runtime::probe_host());
  layer::DiffOptions options;
  if (facts.in_user_namespace) options.xattr = layer::OverlayXattr::User;
  return options;
}

Result<std::vector<layer::Change>> plan(Engine& engine, const Record& record,
                                        const layer::DiffOptions& options) {
  SUIT_LET(std::vector<std::string> lower, lower_dirs(engine.store(), record));
  return layer::plan_diff(engine.container_dir(record.id) + "/upper", lower, options);
}

Result<oci::Descriptor> write_layer(Engine& engine, const Record& record) {
  SUIT_LET(layer::DiffOptions options, diff_options());
  SUIT_LET(std::vector<layer::Change> changes, plan(engine, record, options));
  SUIT_LET(store::BlobWriter blob, engine.store().begin_blob());
  SUIT_TRY(
      layer::write_changes(engine.container_dir(record.id) + "/upper", changes, options, blob));
  oci::Descriptor layer;
  layer.media_type = oci::kMediaLayerTar;
  layer.size_bytes = blob.size_bytes();
  SUIT_LET(layer.digest, blob.commit());
  return layer;
}

// What the container was started with becomes what its image starts with.
void take_over(oci::ContainerConfig& config, const Record& record) {
  config.entrypoint = record.entrypoint;
  config.cmd = record.cmd;
  config.env = record.env;
  config.user = record.user;
  config.working_dir = record.working_dir == "/" ? "" : record.working_dir;
  config.labels = record.labels;
  if (record.stop_signal != "SIGTERM") config.stop_signal = record.stop_signal;
  config.exposed_ports.insert(record.exposed_ports.begin(), record.exposed_ports.end());
  for (const VolumeMount& volume : record.volumes)
    if (volume.anonymous) config.volumes.insert(volume.destination);
}

}  // namespace

Result<std::vector<layer::Change>> changes_of(Engine& engine, const Status& container) {
  SUIT_LET(layer::DiffOptions options, diff_options());
  return while_unstarted(engine, container,
                         [&] { return plan(engine, container.record, options); });
}

Result<store::Image> commit(Engine& engine, const Status& container, const CommitOptions& options) {
  const Record& record = container.record;
  SUIT_LET([[maybe_unused]] os::Lock in_use, engine.store().use());
  SUIT_LET(store::Image base, engine.store().find_image(record.image_id.text()));
  oci::ImageConfig config = base.config;
  take_over(config.config, record);
  if (options.adjust) SUIT_TRY(options.adjust(config));

  Stillness stillness(container.state);
  // Without a cgroup there is nothing to stop it with: its files are taken as they come.
  if (options.pause && container.state.phase == State::Phase::Running &&
      !container.state.cgroups().empty())
    SUIT_TRY(stillness.begin());
  SUIT_LET(oci::Descriptor layer,
           while_unstarted(engine, container, [&] { return write_layer(engine, record); }));

  config.created = to_rfc3339(now_ns());
  if (!options.author.empty()) config.author = options.author;
  config.diff_ids.push_back(layer.digest);
  oci::History step;
  step.created = config.created;
  step.created_by = fmt::format("{}", fmt::join(record.args, " "));
  step.author = options.author;
  step.comment = options.message;
  config.history.push_back(std::move(step));
  std::vector<oci::Descriptor> layers = base.manifest.layers;
  layers.push_back(std::move(layer));
  SUIT_LET(store::Image image, engine.store().put_image(config, std::move(layers), options.names));
  engine.tell(record, "commit", {{"comment", options.message}, {"imageID", image.id.text()}});
  return image;
}

}  // namespace suit::engine
