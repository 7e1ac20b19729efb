/// \file
/// The functions behind the commands; commands.cpp says which is which.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace suit::cli {

Result<int> build_image(Invocation& in);
Result<int> builder_prune(Invocation& in);

Result<int> image_list(Invocation& in);
Result<int> image_inspect(Invocation& in);
Result<int> image_history(Invocation& in);
Result<int> image_tag(Invocation& in);
Result<int> image_remove(Invocation& in);
Result<int> image_prune(Invocation& in);
Result<int> image_save(Invocation& in);
Result<int> image_load(Invocation& in);
Result<int> image_import(Invocation& in);

Result<int> container_run(Invocation& in);
Result<int> container_create(Invocation& in);
Result<int> container_start(Invocation& in);
Result<int> container_list(Invocation& in);
Result<int> container_inspect(Invocation& in);
Result<int> container_logs(Invocation& in);
Result<int> container_stop(Invocation& in);
Result<int> container_kill(Invocation& in);
Result<int> container_wait(Invocation& in);
Result<int> container_remove(Invocation& in);
Result<int> container_prune(Invocation& in);

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
Result<int> completion(Invocation& in);
Result<int> complete(Invocation& in);

// What several of them share.

/// Does \p work for every argument; what fails is reported, the others go on. 1 if any failed.
int for_each_argument(Invocation& in, const std::vector<std::string>& args,
                      const std::function<Result<void>(const std::string&)>& work);

/// Asks on the terminal; true for `y`. \p force answers it.
bool confirmed(Invocation& in, bool force, std::string_view warning);

/// Prints documents as `inspect` does: a JSON array, or \p format for each.
Result<void> print_documents(Invocation& in, const std::string& format,
                             const std::vector<oci::Json>& documents);

/// The directory that relative paths of flags are below.
Result<std::string> current_directory();

}  // namespace suit::cli
