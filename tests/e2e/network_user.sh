#!/bin/sh
# A plain user's network: out, published ports, conflicts, and nothing left after SIGKILL. As root of a
# user namespace, which is what a plain user's commands are, too.
script=$(realpath "$0")
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
command -v slirp4netns >/dev/null || skip "needs slirp4netns"
if [ "${1:-}" != inside ]; then
  [ -c /dev/net/tun ] || skip "needs /dev/net/tun"
  unshare -Urm true || skip "needs user namespaces"
  ip link add wire0 type veth peer name wire1
  ip addr add 198.51.100.1/24 dev wire0 && ip link set wire0 up && ip link set wire1 up
  cd / && rm -rf "$here"
  exec unshare -Urm sh "$script" inside
fi
serve='mkdir /www; hostname >/www/who; exec httpd -f -p 80 -h /www'
get() { timeout 2 busybox wget -q -O - "$1"; }
echo outside >who
busybox httpd -f -p 198.51.100.1:8888 -h "$here" &
server=$!
trap 'kill $server' EXIT
until_true 5 get http://198.51.100.1:8888/who
ok "$SUIT" run --rm $base wget -q -O - http://198.51.100.1:8888/who
same "out" "$out" outside
ok "$SUIT" run --rm $base cat /etc/resolv.conf
holds "a name server that it can reach" "$out" "nameserver 10.0.2.3"
ok "$SUIT" run -d --name web --hostname web -p 8080:80 -p 127.0.0.1::80 $base sh -c "$serve"
until_true 5 get http://127.0.0.1:8080/who
same "published" "$(get http://198.51.100.1:8080/who)" web
random=$("$SUIT" port web 80 | sed -n 's/^127\.0\.0\.1://p')
same "a random port" "$(get "http://127.0.0.1:$random/who")" web
same "ps" "$("$SUIT" ps --format '{{.Ports}}')" "0.0.0.0:8080->80/tcp, 127.0.0.1:$random->80/tcp"
fails 125 "Bind for 0.0.0.0:8080 failed: port is already allocated" "$SUIT" run --rm -p 8080:80 $base true
fails 125 "a plain user's containers have one network of their own each" "$SUIT" run --rm --network nowhere $base true
monitor=$(cut -d' ' -f1 "$SUIT_ROOT"/locks/*.lock)
helper=$(pgrep -x -P "$monitor" slirp4netns)
holds "its helper" "$(cat "/proc/$helper/cmdline" | tr '\0' ' ')" slirp4netns
kill -9 "$monitor"
until_true 5 sh -c "! kill -0 $helper"
same "the helper has gone with the monitor" "$(kill -0 "$helper" 2>/dev/null && echo there)" ""
ok "$SUIT" run --rm -p 8080:80 $base true
ok "$SUIT" rm -f web
finish
