#!/bin/sh
# Pull and push of one image by suit, docker and podman, in turns, against one registry on loopback.
#
#   registry.sh SUIT [MIB [ROUNDS]]      five layers of MIB/5 each (default 1024), 3 rounds
#
# Half of each layer is random, half is text, so that compression has work. Every pull goes into an empty
# store and ends with an image that can be run. Prints seconds a round, and the median of each.
set -eu
SUIT=$1 mib=${2:-1024} rounds=${3:-3}
SUIT_SOURCE_DIR=$(cd "$(dirname "$0")/../.." && pwd)
here=$(mktemp -d "${TMPDIR:-/tmp}/suit-bench-registry-XXXXXX")
export SUIT_PEERS_DIR="$here/peers" SUIT_REGISTRIES="$here/registries.json" SUIT_ROOT="$here/root"
. "$SUIT_SOURCE_DIR/tests/support/registry.sh"
engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
trap 'sh "$engines" stop >/dev/null 2>&1; registry_stop_all; rm -rf "$here"' EXIT
echo '{}' >"$SUIT_REGISTRIES"
registry_start bench
sh "$engines" start
eval "$(sh "$engines" env)"

mkdir "$here/context"
echo 'FROM spacesuit/base:1' >"$here/context/Dockerfile"
for layer in 1 2 3 4 5; do
  half=$((mib * 1048576 / 10))
  { head -c $half /dev/urandom; yes "line of layer $layer, as texts are" | head -c $half; } >"$here/context/$layer"
  echo "COPY $layer /" >>"$here/context/Dockerfile"
done
"$SUIT" build -q -t "$registry/app:1" "$here/context" >/dev/null
rm -rf "$here/context"

# timed WHO WHAT COMMAND...
timed() {
  who=$1 what=$2
  shift 2
  start=$(date +%s%N)
  "$@" >/dev/null 2>"$here/err" || { cat "$here/err" >&2; exit 1; }
  end=$(date +%s%N)
  echo "$what $who $(((end - start) / 1000000))" | tee -a "$here/times"
}

"$SUIT" push -q "$registry/app:1" >/dev/null
for round in $(seq 1 "$rounds"); do
  SUIT_ROOT="$here/pull" timed suit pull "$SUIT" pull -q "$registry/app:1"
  SUIT_ROOT="$here/pull" timed suit again "$SUIT" pull -q "$registry/app:1"
  rm -rf "$here/pull"
  timed docker pull "$SUIT_DOCKER" pull -q "$registry/app:1"
  timed docker again "$SUIT_DOCKER" pull -q "$registry/app:1"
  timed podman pull podman pull -q --tls-verify=false "$registry/app:1"
  timed podman again podman pull -q --tls-verify=false "$registry/app:1"
  # To a repository that has none of it; nobody remembers what compression gave.
  rm -rf "$SUIT_ROOT/packed"
  for who in suit docker podman; do
    registry_stop_all
    registries=$(mktemp -d "${TMPDIR:-/tmp}/suit-registry-XXXXXX")
    old=$registry
    registry_start "empty$round$who"
    case $who in
      suit) "$SUIT" tag "$old/app:1" "$registry/app:1" && timed suit push "$SUIT" push -q "$registry/app:1" ;;
      docker) "$SUIT_DOCKER" tag "$first/app:1" "$registry/app:1" && timed docker push "$SUIT_DOCKER" push -q "$registry/app:1" ;;
      podman) timed podman push podman push -q --tls-verify=false "$first/app:1" "$registry/app:1" ;;
    esac
    [ "$who" != suit ] || { first=${first:-$old}; }
  done
  "$SUIT" tag "$("$SUIT" images -q | head -n 1)" "$registry/app:1"
  "$SUIT" push -q "$registry/app:1" >/dev/null
  "$SUIT_DOCKER" rmi -f "$("$SUIT_DOCKER" images -q | head -n 1)" >/dev/null
  podman rmi -af >/dev/null
  first=$registry
done
echo "medians (ms):"
for key in "pull suit" "pull docker" "pull podman" "again suit" "again docker" "again podman" "push suit" "push docker" "push podman"; do
  grep "^$key " "$here/times" | sort -n -k3 | awk -v k="$key" '{v[NR] = $3} END {print "  " k ": " v[int((NR + 1) / 2)]}'
done
