#!/bin/bash
# What needs a real GPU, in under three minutes, on any host that has one of NVIDIA's:
#
#   bash tests/gpu/on_gpu_host.sh [DRIVER_ROOT]
#
# Needs root, g++ and a built `suit` (in build/*/bin, or named in $SUIT). DRIVER_ROOT: the directory below
# which the driver's files are, where a host keeps them apart. Prints a table; exits 1 when a row failed, 77
# without a GPU.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
driver_root=${1:-/}
if [ -z "${SUIT:-}" ]; then
  for program in "$here"/build/*/bin/suit; do [ -x "$program" ] && SUIT=$program; done
fi
[ -x "${SUIT:-}" ] || { echo "no suit: build it first (sh chapters/00-first-flight/fly.sh)" >&2; exit 2; }
SUIT=$(readlink -f "$SUIT")
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root, for device nodes"; exit 77; }
compgen -G '/dev/nvidia[0-9]*' >/dev/null || { echo "SKIP: this host has no NVIDIA GPU"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export SUIT_ROOT=$work/root
skip() { echo "SKIP: $*"; exit 77; }
. "$here/tests/gpu/fake_host.sh" # make_plain_image
make_plain_image >/dev/null
g++ -O1 -o image/bin/cuda_memory "$here/tests/gpu/cuda_memory.cpp" -ldl || exit 2
tar -C image -cf image.tar .
"$SUIT" import image.tar plain:1 >/dev/null || exit 2

failed=0
rows=()
# row NAME STATUS WHAT-WAS-SEEN
row() {
  rows+=("$(printf '%-46s %-5s %s' "$1" "$2" "$3")")
  [ "$2" != FAIL ] || failed=1
}
# check NAME WANT GOT
check() { if [ "$2" = "$3" ]; then row "$1" pass "${3%%$'\n'*}"; else row "$1" FAIL "want '$2', got '$3'"; fi; }
suit_run() { timeout 30 "$SUIT" run --rm --driver-root "$driver_root" "$@" 2>&1; }

smi=$(PATH="$PATH:${driver_root%/}/usr/bin:${driver_root%/}/bin" command -v nvidia-smi)
if [ -n "$smi" ]; then
  on_host=$(timeout 20 "$smi" -L 2>&1) && verdict=pass || verdict=FAIL
  row "nvidia-smi on the host" "$verdict" "${on_host%%$'\n'*}"
  check "the same in a container, image without CUDA" "$on_host" "$(suit_run --gpus all plain:1 nvidia-smi -L)"
else
  row "nvidia-smi on the host" skip "not installed"
fi
"$SUIT" gpu doctor --gpus all >doctor.txt 2>&1
check "the doctor on this host" 0 $?
memory=$(suit_run --gpus all plain:1 cuda_memory)
case $memory in *"1048576 of 1048576"*) row "4 MiB written and read through libcuda" pass "$memory" ;; *) row "4 MiB written and read through libcuda" FAIL "$memory" ;; esac
check "without --gpus there is no node" none "$(suit_run plain:1 sh -c 'ls /dev/nvidia* 2>/dev/null || echo none')"
number=$(stat -c '%Hr %Lr' "$(compgen -G '/dev/nvidia[0-9]*' | head -n 1)")
denied=$(suit_run plain:1 sh -c "mknod /n c $number && cat /n")
case $denied in *"not permitted"*) row "a node made by hand is refused" pass "$denied" ;; *) row "a node made by hand is refused" FAIL "$denied" ;; esac
count=$(compgen -G '/dev/nvidia[0-9]*' | wc -l)
if [ "$count" -gt 1 ]; then
  check "--gpus device=1: one GPU of $count" 1 "$(suit_run --gpus device=1 plain:1 sh -c 'ls /dev/nvidia[0-9]* | wc -l')"
else
  row "--gpus device=1" skip "one GPU only"
fi
if [ -r /proc/driver/nvidia/params ]; then
  check "the driver makes no nodes in a container" "ModifyDeviceFiles: 0" \
    "$(suit_run --gpus all plain:1 cat /proc/driver/nvidia/params | grep ModifyDeviceFiles)"
fi
# hundredths of a second that ten starts take
ten() { local t0 t1; t0=$(date +%s%N); for _ in 1 2 3 4 5 6 7 8 9 10; do suit_run "$@" >/dev/null; done; t1=$(date +%s%N); echo $(((t1 - t0) / 100000)); }
without=$(ten plain:1 true) with=$(ten --gpus all plain:1 true)
row "one start: without, with --gpus all" pass "$((without / 100)).$((without % 100)) ms, $((with / 100)).$((with % 100)) ms"
if command -v podman >/dev/null && podman import -q image.tar plain:1 >/dev/null 2>&1; then
  mkdir -p /etc/cdi
  "$SUIT" cdi generate --driver-root "$driver_root" --output "$work/nvidia.yaml" >/dev/null
  theirs=$(unshare -m sh -c "mkdir '$work/cdi' && cp '$work/nvidia.yaml' '$work/cdi/' && mount --bind '$work/cdi' /etc/cdi &&
    timeout 60 podman run --rm --pull never --network none --device nvidia.com/gpu=all plain:1 cuda_memory" 2>&1)
  case $theirs in *"1048576 of 1048576"*) row "our CDI file, used by podman" pass "$theirs" ;; *) row "our CDI file, used by podman" FAIL "$theirs" ;; esac
else
  row "our CDI file, used by podman" skip "podman does not start here"
fi
library=$("$SUIT" gpu probe --json | grep -o '"[^"]*/libnvidia-ml\.so\.[0-9.]*"' | head -n 1 | tr -d '"')
if [ -n "$library" ]; then
  : >empty
  unshare -m sh -c "mount --bind '$work/empty' '$library' && '$SUIT' gpu doctor --gpus all" >hidden.txt 2>&1
  check "one driver file made empty: the doctor's code" 1 $?
fi

driver=$(sed -n 's/.*  \([0-9][0-9.]*\)  .*/\1/p' /proc/driver/nvidia/version 2>/dev/null | head -n 1)
printf 'driver %s, %s, commit %s, kernel %s\n' "${driver:-unknown}" "$(date -u +%Y-%m-%d)" \
  "$(git -c safe.directory='*' -C "$here" rev-parse --short HEAD 2>/dev/null || echo none)" "$(uname -r)"
printf '%s\n' "${rows[@]}"
[ "$failed" = 0 ] || { echo; cat doctor.txt; }
exit "$failed"
