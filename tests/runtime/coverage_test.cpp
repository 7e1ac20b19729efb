// The table runtime-validation: each program of OCI's own validation suite, and what here checks
// the same requirement. A name that is no test of this program is an error, so the table cannot
// rot.

#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "oci/json.h"
#include "os/file.h"

namespace suit::test {
namespace {

// Tests, or cases of the table oci-runtime-vectors after `vector:`.
const std::map<std::string, std::vector<std::string>> kChecks = {
    {"config_updates_without_affect", {"Lifecycle.IgnoresChangesOfTheConfigAfterCreate"}},
    {"create", {"Lifecycle.RefusesWhatDoesNotExist", "Lifecycle.KeepsAnIdForOneContainer"}},
    {"default", {"vector:default-devices", "vector:default-symlinks", "vector:caps-default"}},
    {"delete",
     {"Lifecycle.RunsTheProgramAtStartAndNotBefore", "Lifecycle.RefusesWhatDoesNotExist"}},
    {"delete_resources", {"Launch.LeavesNothingBehind"}},
    {"hooks", {"Lifecycle.RunsHooksOfAllKindsInTheirNamespaces", "vector:hooks-order"}},
    {"hooks_stdin", {"vector:hook-state-on-stdin"}},
    {"hostname", {"vector:hostname", "vector:hostname-changed"}},
    {"kill", {"Lifecycle.RunsTheProgramAtStartAndNotBefore", "Lifecycle.RefusesWhatDoesNotExist"}},
    {"kill_no_effect", {"Lifecycle.RunsTheProgramAtStartAndNotBefore"}},
    {"killsig", {"Lifecycle.SendsTheSignalThatWasAskedFor"}},
    {"linux_devices", {"vector:device-added", "vector:device-fifo"}},
    {"linux_masked_paths", {"vector:masked-file", "vector:masked-directory"}},
    {"linux_ns_itype", {"Features.JoinNamespacesByPath"}},
    {"linux_ns_nopath", {"Launch.GivesEachNamespaceItsOwn"}},
    {"linux_ns_path", {"Features.JoinNamespacesByPath", "Features.JoinAPidNamespaceAndComeBack"}},
    {"linux_ns_path_type", {"Features.JoinNamespacesByPath"}},
    {"linux_process_apparmor_profile", {"Features.RefuseALabelThatTheHostCannotSet"}},
    {"linux_readonly_paths", {"vector:readonly-path-file", "vector:readonly-path-directory"}},
    {"linux_rootfs_propagation", {"Features.SpreadMountsOfTheRootAsAsked"}},
    {"linux_seccomp", {"vector:seccomp-errno"}},
    {"linux_sysctl", {"vector:sysctl-net"}},
    {"linux_uid_mappings", {"vector:userns-mapping"}},
    {"misc_props", {"vector:unknown-property-is-ignored", "vector:version-not-semver"}},
    {"mounts", {"vector:mounts-in-order"}},
    {"pidfile", {"Lifecycle.RunsTheProgramAtStartAndNotBefore"}},
    {"poststart", {"Lifecycle.RunsHooksOfAllKindsInTheirNamespaces"}},
    {"poststart_fail", {"Lifecycle.StopsTheContainerWhenAStartHookFails"}},
    {"poststop", {"Lifecycle.RunsHooksOfAllKindsInTheirNamespaces"}},
    {"poststop_fail", {"Lifecycle.RunsHooksOfAllKindsInTheirNamespaces"}},
    {"prestart", {"Lifecycle.RunsHooksOfAllKindsInTheirNamespaces"}},
    {"prestart_fail", {"Lifecycle.LeavesNothingWhenAHookFails"}},
    {"process", {"vector:cwd", "vector:env"}},
    {"process_capabilities", {"vector:caps-bounding-only"}},
    {"process_oom_score_adj", {"vector:oom-score-adj"}},
    {"process_rlimits", {"vector:rlimit-RLIMIT_NOFILE"}},
    {"process_rlimits_fail", {"vector:rlimit-unknown-type"}},
    {"process_user", {"vector:user-uid-gid", "vector:user-umask"}},
    {"root_readonly_true", {"vector:root-readonly"}},
    {"start", {"Lifecycle.RunsTheProgramAtStartAndNotBefore", "Lifecycle.RefusesWhatDoesNotExist"}},
    {"state", {"Lifecycle.RunsTheProgramAtStartAndNotBefore", "Lifecycle.RefusesWhatDoesNotExist"}},
};

// What is checked elsewhere, or cannot be here.
const std::map<std::string, std::string> kElsewhere = {
    {"delete_only_create_resources",
     "the cgroup tests: an absolute cgroupsPath of somebody else's"},
    {"linux_mount_label", "needs SELinux; the plan's call is in PlanFeatures.HaveTheirCalls"},
    {"process_capabilities_fail", "without root: Plan.SuggestsNamesThatAreNear"},
};

std::set<std::string> tests_here() {
  std::set<std::string> names;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i)
    for (int k = 0; k < all.GetTestSuite(i)->total_test_count(); ++k)
      names.insert(std::string(all.GetTestSuite(i)->name()) + "." +
                   all.GetTestSuite(i)->GetTestInfo(k)->name());
  auto text = os::read_file(SUIT_CORPORA "/oci-runtime-vectors/vectors.json");
  auto table = text ? oci::parse_json(*text) : Result<oci::Json>(fail(0, "no table"));
  if (!table) return names;
  for (const oci::Json& test : *table->find("cases")->as_array())
    names.insert("vector:" + test.string_or("name"));
  return names;
}

TEST(RuntimeValidation, HasACheckForEachProgram) {
  auto text = os::read_file(SUIT_CORPORA "/runtime-validation/programs.json");
  if (!text) GTEST_SKIP() << "needs the table runtime-validation (SUIT_CORPORA)";
  auto table = oci::parse_json(*text);
  ASSERT_TRUE(table) << table.error().message();
  std::set<std::string> tests = tests_here();
  int covered = 0, total = 0;
  for (const oci::Json& program : *table->find("cases")->as_array()) {
    std::string name = program.string_or("name");
    ++total;
    // One file of limits, one test: theirs are the cgroup tests.
    if (kElsewhere.contains(name) || name.starts_with("linux_cgroups_")) continue;
    auto found = kChecks.find(name);
    ASSERT_NE(found, kChecks.end()) << name << " has no check";
    for (const std::string& test : found->second)
      EXPECT_TRUE(tests.contains(test)) << name << ": there is no " << test;
    ++covered;
  }
  std::printf("runtime-validation: %d of %d programs have their checks in this program\n", covered,
              total);
}

}  // namespace
}  // namespace suit::test
