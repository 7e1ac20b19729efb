#!/bin/sh
# Every test there is, on a fresh Debian 12:
#
#   sh tests/run.sh
#
# Installs what the tests need, builds twice (build/ci: optimised, with assertions; build/asan: the
# unit tests under the sanitizers), runs all of it, and compares the tests that were skipped with
# tests/expected-skips.txt: a skip that is not expected there is a failure.
set -eu
cd "$(dirname "$0")/.."
. .ci/debian.sh
jobs=${SUIT_JOBS:-$(nproc)}
# Several tests build parts of the tree again, and a second run most of it: ccache remembers.
export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
failed=""

say "1/4 packages"
# shellcheck disable=SC2086
install_packages "the build" $BUILD_PACKAGES
# shellcheck disable=SC2086
install_packages "the tests" $TEST_PACKAGES
# shellcheck disable=SC2086
install_packages "comparing with other engines" $PEER_PACKAGES
find_root "run the tests that make containers"
check_space . 4000

# run_tests PRESET: results in build/<preset>/ctest.log and ctest.xml.
run_tests() {
  watch_command "testing build/$1" "build/$1/ctest.log" \
    $SUDO ctest --preset "$1" -j "$jobs" --output-junit "$PWD/build/$1/ctest.xml" || failed="$failed $1"
  sh tests/skips.sh "build/$1/ctest.xml" tests/expected-skips.txt >"build/$1/skips.log" ||
    failed="$failed skips-of-$1"
  cat "build/$1/skips.log"
  tail -n 1 "build/$1/skips.log" >"build/$1/counts.txt"
}

say "2/4 the optimised build, with assertions"
build_preset ci all
say "3/4 its tests"
run_tests ci
say "4/4 the unit tests under the address and undefined-behaviour sanitizers"
build_preset asan all
run_tests asan

for preset in asan ci; do
  echo
  say "summary of build/$preset"
  sed -n '/tests passed,/,$p' "build/$preset/ctest.log"
done
[ -z "$failed" ] || die "these did not pass:$failed" "read build/<name>/ctest.log; one test again: ctest --preset ci -R <name>"
