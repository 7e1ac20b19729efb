#!/bin/sh
# A plain user with a cgroup v2 tree of its own, as systemd's Delegate=yes makes one: its containers can be
# paused and counted. What was not delegated is refused by name, never left out.
if [ -z "${SUIT_TEST_ROOTLESS:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "SKIP: needs root, to make a user"; exit 77; }
  command -v setpriv >/dev/null || { echo "SKIP: needs setpriv"; exit 77; }
  tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  [ -n "$tree" ] && [ -w "$tree" ] || { echo "SKIP: needs a cgroup v2 tree"; exit 77; }
  dir=$(mktemp -d) && chmod 755 "$dir"
  prefix=$dir/opt
  mkdir -p "$prefix/bin" "$prefix/share" "$dir/home"
  cp "$SUIT" "$prefix/bin/suit"
  cp -r "$(dirname "$SUIT")/../share/spacesuit" "$prefix/share/"
  name=suit-test-delegated
  useradd --no-create-home --home-dir "$dir/home" $name 2>/dev/null
  chown $name "$dir/home"
  group=$tree/$name
  mkdir -p "$group/session"
  chown $name "$group" "$group/cgroup.procs" "$group/cgroup.subtree_control" "$group/session" \
    "$group/session/cgroup.procs"
  sh -c 'echo 0 >"$1/session/cgroup.procs" && shift && exec "$@"' sh "$group" \
    setpriv --reuid $name --regid $name --init-groups --reset-env \
    env SUIT="$prefix/bin/suit" SUIT_TEST_ROOTLESS=delegated TMPDIR="$dir/home" sh "$0"
  status=$?
  left=$(find "$group" -mindepth 3 -type d)
  [ -z "$left" ] || { echo "FAIL: left: $left"; status=1; }
  rmdir "$group/spacesuit" "$group/session" "$group" || status=1
  userdel $name 2>/dev/null
  sed -i "/^$name:/d" /etc/subuid /etc/subgid 2>/dev/null
  rm -rf "$dir"
  exit $status
fi
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
ok "$SUIT" run -d --name one $base sleep 1000
pid=$("$SUIT" inspect -f '{{.State.Pid}}' one)
holds "in its own group" "$(cat "/proc/$pid/cgroup")" "/suit-test-delegated/spacesuit/"
ok "$SUIT" pause one
same "paused" "$("$SUIT" inspect -f '{{.State.Status}}' one)" paused
ok "$SUIT" unpause one
ok "$SUIT" stats --no-stream --format '{{.Name}} {{.PIDs}}' one
same "counted" "$out" "one 1"
ok "$SUIT" rm -f one
grep -qw memory "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/suit-test-delegated/cgroup.controllers" ||
  fails 125 "/linux/resources/memory/limit: this host cannot enforce it" "$SUIT" run --rm -m 64m $base true
finish
