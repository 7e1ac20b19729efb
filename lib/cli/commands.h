/// \file
/// The functions behind the commands; commands.cpp says which is which.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "cli/command.h"
#include "dockerfile/stage.h"

namespace suit::cli {

Result<int> build_image(Invocation& in);
Result<int> builder_prune(Invocation& in);

Result<int> lint_files(Invocation& in);
Result<int> dockerfile_ast(Invocation& in);
Result<int> dockerfile_graph(Invocation& in);
Result<int> dockerfile_expand(Invocation& in);
Result<int> dockerfile_format(Invocation& in);

Result<int> image_list(Invocation& in);
Result<int> image_inspect(Invocation& in);
Result<int> image_history(Invocation& in);
Result<int> image_tag(Invocation& in);
Result<int> image_remove(Invocation& in);
Result<int> image_prune(Invocation& in);
Result<int> image_save(Invocation& in);
Result<int> image_load(Invocation& in);
Result<int> image_import(Invocation& in);
Result<int> image_pull(Invocation& in);
Result<int> image_push(Invocation& in);
Result<int> image_list_remote(Invocation& in);
Result<int> image_referrers(Invocation& in);
Result<int> manifest_inspect(Invocation& in);
Result<int> registry_login(Invocation& in);
Result<int> registry_logout(Invocation& in);
Result<int> image_layers(Invocation& in);
Result<int> image_diff(Invocation& in);
Result<int> image_tree(Invocation& in);

Result<int> container_run(Invocation& in);
Result<int> container_create(Invocation& in);
Result<int> container_exec(Invocation& in);
Result<int> container_attach(Invocation& in);
/// Says so, in Docker's words, when a terminal is needed as our stdin and it is none.
bool lacks_terminal(Invocation& in, bool is_needed);
Result<int> container_start(Invocation& in);
Result<int> container_list(Invocation& in);
Result<int> container_inspect(Invocation& in);
Result<int> container_logs(Invocation& in);
Result<int> container_stop(Invocation& in);
Result<int> container_kill(Invocation& in);
Result<int> container_wait(Invocation& in);
Result<int> container_remove(Invocation& in);
Result<int> container_prune(Invocation& in);
Result<int> container_port(Invocation& in);
Result<int> container_restart(Invocation& in);
Result<int> container_pause(Invocation& in);
Result<int> container_unpause(Invocation& in);
Result<int> container_rename(Invocation& in);
Result<int> container_update(Invocation& in);
Result<int> container_top(Invocation& in);
Result<int> container_stats(Invocation& in);
Result<int> container_copy(Invocation& in);
Result<int> container_diff(Invocation& in);
Result<int> container_export(Invocation& in);
Result<int> container_commit(Invocation& in);

Result<int> volume_create(Invocation& in);
Result<int> volume_list(Invocation& in);
Result<int> volume_inspect(Invocation& in);
Result<int> volume_remove(Invocation& in);
Result<int> volume_prune(Invocation& in);

Result<int> network_connect(Invocation& in);
Result<int> network_create(Invocation& in);
Result<int> network_disconnect(Invocation& in);
Result<int> network_explain(Invocation& in);
Result<int> network_inspect(Invocation& in);
Result<int> network_list(Invocation& in);
Result<int> network_prune(Invocation& in);
Result<int> network_remove(Invocation& in);

Result<int> show_events(Invocation& in);

Result<int> gpu_probe(Invocation& in);
Result<int> gpu_doctor(Invocation& in);
Result<int> cdi_generate(Invocation& in);
Result<int> cdi_list(Invocation& in);
Result<int> cdi_validate(Invocation& in);
Result<int> cdi_inject(Invocation& in);
Result<int> cdi_hook(Invocation& in);

Result<int> name_explain(Invocation& in);
Result<int> name_registries(Invocation& in);

Result<int> show_version(Invocation& in);
Result<int> show_info(Invocation& in);
Result<int> inspect_any(Invocation& in);
Result<int> check_system(Invocation& in);
Result<int> system_df(Invocation& in);
Result<int> system_prune(Invocation& in);
Result<int> completion(Invocation& in);
Result<int> complete(Invocation& in);

// What several of them share.

/// Does \p work for every argument; what fails is reported, the others go on. 1 if any failed.
int for_each_argument(Invocation& in, const std::vector<std::string>& args,
                      const std::function<Result<void>(const std::string&)>& work);

/// Removes the containers that do not run and that \p wanted names; 1 if one could not be removed.
int prune_containers(Invocation& in, engine::Engine& engine,
                     const std::function<bool(const engine::Status&)>& wanted,
                     std::size_t& removed);

/// Asks on the terminal; true for `y`. \p force answers it.
/// Removes the networks that nobody uses and \p wanted is for; prints what went.
Result<void> prune_networks(Invocation& in, const engine::Engine& engine,
                            const std::function<bool(const network::NetworkConfig&)>& wanted);
bool confirmed(Invocation& in, bool force, std::string_view warning);

/// Prints documents as `inspect` does: a JSON array, or \p format for each.
Result<void> print_documents(Invocation& in, const std::string& format,
                             const std::vector<oci::Json>& documents);

/// `suit build --check`: BuildKit's checks and nothing else. \param file empty: PATH/Dockerfile
Result<int> check_build(Invocation& in, const std::string& context, const std::string& file,
                        const dockerfile::ResolveOptions& resolve);
/// Writes a file through \p save, beside \p path and renamed: what fails leaves the old file.
Result<void> write_to_file(const std::string& path,
                           const std::function<Result<void>(Writer&)>& save);

/// The directory that relative paths of flags are below.
Result<std::string> current_directory();

}  // namespace suit::cli
