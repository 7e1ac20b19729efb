# Sourced by every end-to-end test: a store of its own, checks that say what they saw, and at the end
# the proof that nothing is left on the host.
#
# SUIT       the program under test (from CMake)
# SUIT_ROOT  a fresh data directory, set here

set -u
: "${SUIT:?set SUIT to the suit program}"

# In a network of its own: bridges, rules and forwarding of the tests are not the host's, and a port
# is never taken.
if [ "$(id -u)" = 0 ] && [ -z "${SUIT_TEST_NETWORK:-}" ]; then
  export SUIT_TEST_NETWORK=own
  exec unshare -n sh -c 'ip link set lo up && exec sh "$@"' sh "$0" "$@"
fi
failures=0
checks=0

here=$(mktemp -d "${TMPDIR:-/tmp}/suit-e2e-XXXXXX")
export SUIT_ROOT="$here/root"
cd "$here" || exit 1

skip() {
  echo "SKIP: $*"
  rm -rf "$here"
  exit 77
}

[ "$(id -u)" = 0 ] || [ -n "${SUIT_TEST_ROOTLESS:-}" ] || skip "needs root"

fail() {
  failures=$((failures + 1))
  printf 'FAIL: %s\n' "$*"
}

# run COMMAND...: output in $out, stderr in $err, exit code in $code
run() {
  checks=$((checks + 1))
  "$@" >"$here/.out" 2>"$here/.err" </dev/null
  code=$?
  out=$(cat "$here/.out")
  err=$(cat "$here/.err")
}

# ok COMMAND...: it must exit 0
ok() {
  run "$@"
  [ "$code" = 0 ] || fail "\`$*\` exited $code: $err"
}

# fails CODE TEXT COMMAND...: it must exit so, and say so on stderr
fails() {
  want_code=$1
  want_text=$2
  shift 2
  run "$@"
  [ "$code" = "$want_code" ] || fail "\`$*\` exited $code, not $want_code: $out $err"
  case $err in
    *"$want_text"*) ;;
    *) fail "\`$*\` does not say '$want_text' but: $err" ;;
  esac
}

# same WHAT GOT WANT
same() {
  checks=$((checks + 1))
  [ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
}

# holds WHAT TEXT PART
holds() {
  checks=$((checks + 1))
  case $2 in
    *"$3"*) ;;
    *) fail "$1: no '$3' in: $2" ;;
  esac
}

lacks() {
  checks=$((checks + 1))
  case $2 in
    *"$3"*) fail "$1: '$3' in: $2" ;;
  esac
}

# until_true SECONDS COMMAND...: waits for a condition, bounded
until_true() {
  left=$(($1 * 20))
  shift
  while ! "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.05
  done
}

# Only what names this test's directory counts: other tests mount meanwhile.
mounts_now() { grep -c -F "$here" /proc/self/mountinfo; }

# Programs of this store that still run, known by the environment that they were started with.
processes_now() {
  # shellcheck disable=SC2046
  set -- $(env -u SUIT_ROOT grep -l -s -F -z -x "SUIT_ROOT=$SUIT_ROOT" /proc/[0-9]*/environ)
  echo $#
}

mounts_before=$(mounts_now)

# Nothing of ours may outlive the test: no mount, no lock, no ingest file, no cgroup.
no_leftovers() {
  "$SUIT" ps -q >/dev/null 2>&1 # the next command clears away what the dead left
  same "mounts on the host" "$(mounts_now)" "$mounts_before"
  same "files being ingested" "$(find "$SUIT_ROOT/ingest" -mindepth 1 2>/dev/null | wc -l)" 0
  same "locks of monitors" "$(find "$SUIT_ROOT/locks" -name '*.lock' 2>/dev/null | wc -l)" 0
  ids=$("$SUIT" ps -aq --no-trunc 2>/dev/null)
  for dir in "$SUIT_ROOT"/containers/*/; do
    [ -d "$dir" ] || continue
    holds "known containers" "$ids" "$(basename "$dir")"
  done
  for group in $(find /sys/fs/cgroup -type d -path '*/spacesuit/*' 2>/dev/null); do
    lacks "cgroups of this store" " $ids " "$(basename "$group")"
  done
}

finish() {
  no_leftovers
  for id in $("$SUIT" ps -aq 2>/dev/null); do "$SUIT" rm -f "$id" >/dev/null 2>&1; done
  cd /
  rm -rf "$here"
  printf '%s: %d checks, %d failures\n' "$(basename "$0")" "$checks" "$failures"
  [ "$failures" = 0 ] && [ "$checks" -gt 0 ]
  exit
}
