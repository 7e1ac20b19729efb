/// \file
/// What libseccomp makes of a filter, as runc drives it: the oracle of our compiler.

#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "oci/seccomp.h"

namespace suit::test {

/// Whether the tests were built with libseccomp, for a machine whose tables we have.
bool has_libseccomp();
/// Whether its table, older than ours, has the call.
bool libseccomp_knows(const std::string& name);
/// The program, or empty with a failure of the test.
std::vector<sock_filter> libseccomp_program(const oci::Seccomp& seccomp);

}  // namespace suit::test
