#!/bin/sh
# `suit run --explain=json` says what strace sees of the same run.
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
command -v strace >/dev/null && command -v python3 >/dev/null || { echo "SKIP: needs strace and python3"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export SUIT_ROOT="$dir/root"
"$SUIT" run --rm spacesuit/base:1 true || exit 1 # unpacked before it is watched
python3 "$(dirname "$0")/explain_equals_strace.py" "$dir/explained.json" -- \
  sh -c 'exec "$0" run --rm --network none --explain=json spacesuit/base:1 true 2>"$1"' \
  "$SUIT" "$dir/explained.json"
