/// \file
/// NVIDIA_REQUIRE_*: what an image demands of the driver, and whether this host has it.
///
///     NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla,driver>=535,driver<536
///
/// Blanks mean or, commas mean and; several variables must all hold.
/// \source NVIDIA container toolkit internal/requirements, libnvidia-container src/cli/dsl.c. They
/// differ on unknown properties (skipped here) and on the case of brands (ignored here).

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gpu/probe.h"

namespace suit::gpu {

/// \param properties of the host: `cuda`, `driver`, `arch`, `brand`; one that is absent is unknown,
/// and what is asked of it counts as fulfilled
/// \errors 0 for an expression that is none
Result<bool> fulfils(std::string_view requirement,
                     const std::map<std::string, std::string>& properties);

/// What can be told of \p host without asking the driver.
std::map<std::string, std::string> properties_of(const Host& host);

/// All NVIDIA_REQUIRE_* of \p env, unless NVIDIA_DISABLE_REQUIRE says no.
/// \errors 0: `unsatisfied condition: cuda>=12.9 (cuda=12.4, …)`
Result<void> check_requirements(const std::vector<std::string>& env, const Host& host);

/// Numbers between dots compared as numbers: -1, 0, 1; missing ones are 0.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace suit::gpu
