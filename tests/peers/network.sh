#!/bin/sh
# Who reaches whom, and what the commands say, with the same flags: ours and Debian's Docker, each in a
# network namespace of its own with a client beside it. Every line must be equal, or is listed below.

# The same for both: prints `what: answer`. Runs in a namespace of its own; $1 is the engine's command.
matrix() {
  engine=$1
  base=spacesuit/base:1
  ip link set lo up
  unshare -n sleep 600 &
  client=$!
  trap 'kill $client' EXIT
  until [ "$(cat /proc/$client/comm)" = sleep ]; do sleep 0.05; done
  ip link add wire0 type veth peer name wire1 netns $client
  ip addr add 198.51.100.1/24 dev wire0 && ip -6 addr add 2001:db8::1/64 dev wire0 nodad && ip link set wire0 up
  world() { nsenter -t $client -n "$@"; }
  world sh -c 'ip link set lo up; ip addr add 198.51.100.2/24 dev wire1
    ip -6 addr add 2001:db8::2/64 dev wire1 nodad; ip link set wire1 up
    ip route add 172.16.0.0/12 via 198.51.100.1; ip route add 10.0.0.0/8 via 198.51.100.1'
  pid_of() { $engine inspect --format '{{.State.Pid}}' "$1"; }
  address() { $engine inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }
  get() { timeout 1 busybox wget -q -O - "http://$1/who" 2>/dev/null || echo nothing; }
  from() { name=$1; nsenter -t "$(pid_of "$name")" -m -n -u timeout 1 wget -q -O - "http://$2/who" 2>/dev/null || echo nothing; }
  outside() { world timeout 1 busybox wget -q -O - "http://$1/who" 2>/dev/null || echo nothing; }
  say() { what=$1; shift; echo "$what: $("$@" 2>&1 | tr '\n' ' ')"; }
  serve='mkdir /www; hostname >/www/who; exec httpd -f -p 80 -h /www'
  run() { $engine run -d "$@" $base sh -c "$serve" >/dev/null; }

  $engine network create --subnet 172.20.0.0/16 front >/dev/null
  $engine network create --subnet 172.21.0.0/16 back >/dev/null
  $engine network create --internal --subnet 172.22.0.0/16 inner >/dev/null
  run --name web --hostname web --network front --network-alias shop -p 8080:80 -p 127.0.0.1:8081:80 -p 9000-9001:9000-9001/udp
  run --name peer --hostname peer --network front
  run --name other --hostname other --network back
  run --name closed --hostname closed --network inner
  run --name plain --hostname plain -p 8082:80
  run --name chosen --hostname chosen --network front --ip 172.20.9.9 --mac-address 02:11:22:33:44:55
  for name in web peer other closed plain chosen; do
    for try in 1 2 3 4 5 6 7 8 9 10; do [ "$(from $name 127.0.0.1)" = nothing ] || break; sleep 0.1; done
  done
  web=$(address web)

  say "published, from outside" outside 198.51.100.1:8080
  say "published, at the host's address" get 198.51.100.1:8080
  say "published, localhost" get 127.0.0.1:8080
  say "published, IPv6 from outside" outside '[2001:db8::1]:8080'
  say "published, IPv6 localhost" get '[::1]:8080'
  say "published at localhost only, localhost" get 127.0.0.1:8081
  say "published at localhost only, from outside" outside 198.51.100.1:8081
  say "published on the default network, from outside" outside 198.51.100.1:8082
  say "published on the default network, localhost" get 127.0.0.1:8082
  say "hairpin" from web 198.51.100.1:8080
  say "a neighbour's published port" from peer 198.51.100.1:8080
  say "another network's published port" from other 198.51.100.1:8080
  say "the default network's published port" from other 198.51.100.1:8082
  say "host to container" get "$web"
  say "to a neighbour by address" from peer "$web"
  say "to a neighbour by name" from peer web
  say "to a neighbour by alias" from peer shop
  say "to a neighbour by id" from peer "$($engine inspect --format '{{.Id}}' web | cut -c1-12)"
  say "to oneself by name" from web web
  say "no name on the default network" from plain web
  say "to another network" from other "$web"
  say "from the default network to another" from plain "$web"
  say "from another network to the default" from web "$(address plain)"
  say "to an internal network" from web "$(address closed)"
  say "unpublished, from outside" outside "$(address peer)"
  say "unpublished port of the published, from outside" outside "$web:81"
  say "chosen address" address chosen
  say "chosen MAC" sh -c "nsenter -t $(pid_of chosen) -n ip -br link show eth0 | awk '{print \$3}'"
  mkdir -p "$dir/www" && echo world >"$dir/www/who"
  world busybox httpd -f -p 80 -h "$dir/www" &
  server=$!
  sleep 0.3
  say "out" from web 198.51.100.2
  say "out from the default network" from plain 198.51.100.2
  say "out from an internal network" from closed 198.51.100.2
  kill $server

  say "port" sh -c "$engine port web 80 | grep -v ::: | sort"
  say "ports in ps" $engine ps --filter name=plain --format '{{.Ports}}'
  say "network in ps" $engine ps --filter name=web --format '{{.Networks}}'
  say "ps by network" $engine ps --filter network=back --format '{{.Names}}'
  say "networks" $engine network ls --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}}'
  say "networks, as a table" sh -c "$engine network ls | sed 's/^[0-9a-f]\{12\}/ID          /'"
  say "networks by type" $engine network ls --filter type=custom --format '{{.Name}}'
  say "subnet" $engine network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}} {{.Internal}} {{.Driver}} {{.EnableIPv6}}' front
  say "members" sh -c "$engine network inspect --format '{{range .Containers}}{{.Name}} {{end}}' front | tr ' ' '\n' | sort | tr '\n' ' '"
  say "mode" $engine inspect --format '{{.HostConfig.NetworkMode}}' web
  say "bindings" $engine inspect --format '{{json .HostConfig.PortBindings}}' web
  say "exposed" $engine inspect --format '{{json .Config.ExposedPorts}}' web
  say "hostname" $engine run --rm --hostname box --domainname example.org $base sh -c 'hostname; cat /proc/sys/kernel/domainname'
  say "add-host" $engine run --rm --add-host a:192.0.2.1 $base grep 192.0.2.1 /etc/hosts
  say "dns" $engine run --rm --dns 192.0.2.53 --dns-search example.org --dns-option ndots:2 $base sort /etc/resolv.conf
  say "shared" $engine run --rm --network container:web $base sh -c 'hostname; wget -q -O - http://127.0.0.1/who'
  say "none" $engine run --rm --network none $base sh -c 'ls /sys/class/net'

  code() { "$@" >/dev/null 2>"$dir/err"; echo "$?"; }
  refused() { what=$1 words=$2; shift 2; say "$what" code "$@"; echo "$what, in words: $(grep -c -i "$words" "$dir/err")"; }
  refused "a port that is not published" "no public port '81/tcp' published for web" $engine port web 81
  refused "a port that is taken" "port is already allocated" $engine run --rm -p 8080:80 $base true
  refused "an address that is taken" "Address already in use" $engine run --rm --network front --ip "$web" $base true
  refused "an address of the default network" "user specified IP address is supported on user defined networks only" $engine run --rm --ip 10.0.0.9 $base true
  refused "a network that is not" "network nowhere not found" $engine run --rm --network nowhere $base true
  refused "a bad port" "invalid containerPort: x" $engine run --rm -p x $base true
  refused "ranges that differ" "invalid ranges specified" $engine run --rm -p 80-81:80-82 $base true
  refused "a shared network and a name" "conflicting options: hostname and the network mode" $engine run --rm --network container:web --hostname x $base true
  refused "a shared network and a port" "conflicting options: port publishing and the container type network mode" $engine run --rm --network container:web -p 1:1 $base true
  refused "a network that is there" "network with name front already exists" $engine network create front
  refused "a subnet that is there" "Pool overlaps with other one on this address space" $engine network create --subnet 172.20.1.0/24 overlap
  refused "a network in use" "has active endpoints" $engine network rm front
  refused "the default network removed" "is a pre-defined network and cannot be removed" $engine network rm bridge
  refused "an alias on the default network" "network-scoped alias is supported only for containers in user defined networks" $engine run --rm --network-alias x $base true

  say "connect" code $engine network connect --alias second back web
  say "connected" from other second
  say "disconnect" code $engine network disconnect back web
  say "disconnected" from other second
  say "disconnect again" code $engine network disconnect back web
  $engine stop -t 0 web >/dev/null
  say "stopped" outside 198.51.100.1:8080
  say "address of the stopped" address web
  say "the stopped one's name" from peer shop
  $engine start web >/dev/null
  sleep 0.5
  say "started" outside 198.51.100.1:8080
  $engine rm -f web peer other closed plain chosen >/dev/null
  say "prune" sh -c "$engine network prune -f | sort | tr '\n' ' '"
}

dir=${SUIT_MATRIX_DIR:-}
if [ -n "$dir" ]; then
  matrix "$1"
  exit
fi

script=$(realpath "$0")
. "$(dirname "$0")/../e2e/lib.sh"
engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
command -v dockerd >/dev/null && command -v nft >/dev/null || skip "needs dockerd and nft (Debian's docker.io, nftables)"
export SUIT_PEERS_DIR="$here/peers" SUIT_PEERS_BRIDGE=yes
trap 'sh "$engines" stop >/dev/null 2>&1' EXIT
ok "$SUIT" run --rm --network none spacesuit/base:1 true
ok "$SUIT" save -o base.tar spacesuit/base:1

SUIT_MATRIX_DIR="$here" unshare -n sh "$script" "$SUIT" >ours 2>ours.err
# In the namespace of this test: its daemon brings the firewall that it brings.
sh "$engines" start >engines.log 2>&1 || skip "docker does not start here: $(tail -3 engines.log)"
eval "$(sh "$engines" env)"
ok "$SUIT_DOCKER" load -i base.tar
SUIT_MATRIX_DIR="$here" sh "$script" "$SUIT_DOCKER" >theirs 2>theirs.err
sh "$engines" stop >/dev/null 2>&1

# What is different, and why it may be.
listed() {
  case $1 in
    "published, IPv6"*) echo "Docker's user-space proxy answers IPv6 for a network without it; ours publishes IPv6 on networks that have it" ;;
    "unpublished, from outside") echo "Docker 20.10 lets routed packets in to ports that nobody has published" ;;
    "ports in ps") echo "this Docker shows its proxy's IPv6 port, in the form of old" ;;
    "an address of the default network"* | "an alias on the default network"*) echo "Docker 20.10 ignores it without a word; ours refuses what it will not do" ;;
    *) return 1 ;;
  esac
}
lines=0
while IFS= read -r line; do
  what=${line%%: *}
  theirs=$(awk -v start="$what: " 'index($0, start) == 1 { print; exit }' theirs)
  lines=$((lines + 1))
  if [ "$line" != "$theirs" ] && reason=$(listed "$what"); then
    echo "listed: $what: ours '${line#*: }', Docker's '${theirs#*: }' ($reason)"
    continue
  fi
  same "$what" "${line#*: }" "${theirs#*: }"
done <ours
same "as many answers" "$(wc -l <ours)" "$(wc -l <theirs)"
echo "$lines invocations compared"
[ "$lines" -gt 60 ] || fail "the matrix ended early: $(tail -3 ours.err)"
finish
