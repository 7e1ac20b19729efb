#!/bin/sh
# Fuzzes with libFuzzer under the address and undefined-behaviour sanitizers:
#
#   sh tests/fuzz/run.sh RUNS [NAME...]       names of the folders here; none: all of them
#
# Inputs start from tests/fuzz/NAME/ and from the corpus that earlier runs left in build/fuzz/corpus/NAME.
# A finding is printed, kept as build/fuzz/found/NAME-*, and ends the script with 1: mend it, then keep the
# input in tests/fuzz/NAME/, where every build replays it as a test.
set -eu
cd "$(dirname "$0")/../.."
. .ci/debian.sh
case ${1:-} in
  '' | *[!0-9]*) die "how many runs?" "sh tests/fuzz/run.sh 1000000 reference digest" ;;
esac
runs=$1
shift
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls -d -- */ | tr -d /)
# shellcheck disable=SC2086
install_packages "fuzzing" $BUILD_PACKAGES $TEST_PACKAGES $FUZZ_PACKAGES
targets=""
for name in "$@"; do targets="$targets ${name}_fuzz"; done
# shellcheck disable=SC2086
build_preset fuzz $targets

mkdir -p build/fuzz/found
failed=""
for name in "$@"; do
  corpus=build/fuzz/corpus/$name
  mkdir -p "$corpus"
  say "$name: $runs runs"
  # A single input may take 2 s and 512 MB: far more than any needs.
  if nice "build/fuzz/bin/${name}_fuzz" -runs="$runs" -timeout=2 -rss_limit_mb=1024 -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "$corpus" "tests/fuzz/$name" >"build/fuzz/$name.log" 2>&1; then
    say "  $(sed -n 's/^stat::number_of_executed_units: */executed /p' "build/fuzz/$name.log"), no finding"
  else
    failed="$failed $name"
    grep -nE 'ERROR|SUMMARY|Test unit written' "build/fuzz/$name.log" || tail -n 5 "build/fuzz/$name.log"
  fi
done
[ -z "$failed" ] || die "findings in:$failed" "see build/fuzz/NAME.log, and the inputs in build/fuzz/found/"
