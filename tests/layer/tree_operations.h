/// \file
/// The operations on trees that the shared tables speak of.

#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace suit::layer::test {

/// Applies the operations of a table to the directory \p root.
void operate(const std::string& root, const nlohmann::json& operations);

/// The tar of a table's `layer_entries`; `{{host}}` in a name becomes \p host.
std::string tar_of_entries(const nlohmann::json& entries, const std::string& host = "");

}  // namespace suit::layer::test
