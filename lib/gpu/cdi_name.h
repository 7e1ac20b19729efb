/// \file
/// The names of CDI devices, `nvidia.com/gpu=0`, and the annotations that carry them.
/// \source CDI specification 1.1, "Kind", "Fully qualified name"

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace suit::gpu {

/// `vendor/class=name`, cut, not yet checked.
struct QualifiedName {
  std::string vendor;  ///< \shape `nvidia.com`
  std::string class_;  ///< \shape `gpu`
  std::string name;    ///< \shape `0`, `GPU-…`, `all`
  std::string kind() const { return vendor + "/" + class_; }
  std::string text() const { return kind() + "=" + name; }
};

/// The three parts, if there are three; whether they are well formed is another question.
std::optional<QualifiedName> split_qualified(std::string_view text);

/// \errors 0 with the rule that is broken and the part that breaks it
Result<QualifiedName> parse_qualified(std::string_view text);

// One part each; the error says which rule it breaks.
Result<void> check_vendor(std::string_view vendor);
Result<void> check_class(std::string_view class_name);
Result<void> check_device_name(std::string_view name);

/// `cdi.k8s.io/<plugin>_<device>`, how Kubernetes passes device names to an engine.
/// \errors 0 for a name part that is empty, longer than 63 or not of `[A-Za-z0-9_.-]`
Result<std::string> annotation_key(std::string_view plugin, std::string_view device_id);

/// The device names in the values of `cdi.k8s.io/` annotations; others are passed over.
/// \errors 0 naming the annotation and what in it is no device name
Result<std::vector<std::string>> devices_in_annotations(
    const std::map<std::string, std::string>& annotations);

}  // namespace suit::gpu
