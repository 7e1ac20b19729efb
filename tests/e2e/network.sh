#!/bin/sh
# Who reaches whom: a client, the host, and containers, each in a network namespace of its own. The
# "host" is the namespace that lib.sh has made for this test.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
command -v nft >/dev/null || skip "needs nft"

# A client on a wire of its own: 198.51.100.2 -> host 198.51.100.1, and the same in IPv6.
unshare -n sleep 600 &
client=$!
until_true 5 sh -c "[ \"\$(readlink /proc/$client/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
trap 'kill $client' EXIT
ip link add wire0 type veth peer name wire1 netns $client
ip addr add 198.51.100.1/24 dev wire0 && ip -6 addr add 2001:db8::1/64 dev wire0 nodad && ip link set wire0 up
at_client() { nsenter -t $client -n "$@"; }
at_client sh -c 'ip link set lo up; ip addr add 198.51.100.2/24 dev wire1
  ip -6 addr add 2001:db8::2/64 dev wire1 nodad; ip link set wire1 up'

# Addresses are tentative for a second, and nobody answers for them before.
until_true 5 sh -c "! { ip -6 addr show tentative; nsenter -t $client -n ip -6 addr show tentative; } | grep -q inet6"

pid_of() { "$SUIT" inspect --format '{{.State.Pid}}' "$1"; }
address_of() { "$SUIT" inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }
at() { name=$1; shift; nsenter -t "$(pid_of "$name")" -a "$@"; }
# get URL: what a web server says; nothing within two seconds is nothing
get() { timeout 2 busybox wget -q -O - "$1" 2>/dev/null; }
serve='mkdir /www; hostname >/www/who; exec httpd -f -p 80 -h /www'

# matrix NAME WANT COMMAND...
matrix() {
  what=$1 want=$2
  shift 2
  same "$what" "$("$@" 2>/dev/null)" "$want"
}
at_client_get() { at_client timeout 1 busybox wget -q -O - "$1"; }
in_get() { name=$1; at "$name" timeout 1 wget -q -O - "$2"; }

ok "$SUIT" network create --ipv6 --subnet 172.20.0.0/16 front
ok "$SUIT" network create back
ok "$SUIT" network create --internal inner
ok "$SUIT" run -d --name web --hostname web --network front --network-alias shop -p 8080:80 -p 127.0.0.1:8081:80 --expose 9000 $base sh -c "$serve"
ok "$SUIT" run -d --name peer --hostname peer --network front $base sh -c "$serve"
ok "$SUIT" run -d --name other --hostname other --network back $base sh -c "$serve"
ok "$SUIT" run -d --name closed --hostname closed --network inner $base sh -c "$serve"
ok "$SUIT" run -d --name plain --hostname plain $base sh -c "$serve"
for name in web peer other closed plain; do until_true 5 in_get $name http://127.0.0.1/who; done

web=$(address_of web)
matrix "published, from outside" web at_client_get http://198.51.100.1:8080/who
matrix "published, at the host's address from the host" web get http://198.51.100.1:8080/who
matrix "published, localhost" web get http://127.0.0.1:8080/who
matrix "published at localhost only, localhost" web get http://127.0.0.1:8081/who
matrix "published at localhost only, from outside" "" at_client_get http://198.51.100.1:8081/who
matrix "published, IPv6 from outside" web at_client_get "http://[2001:db8::1]:8080/who"
matrix "published, IPv6 at the host's address" web get "http://[2001:db8::1]:8080/who"
matrix "hairpin: its own published port" web in_get web http://198.51.100.1:8080/who
matrix "a neighbour's published port" web in_get peer http://198.51.100.1:8080/who
matrix "another network's published port" web in_get other http://198.51.100.1:8080/who
matrix "host to container" web get "http://$web/who"
matrix "container to container by address" web in_get peer "http://$web/who"
matrix "container to container by name" web in_get peer http://web/who
matrix "container to container by alias" web in_get peer http://shop/who
matrix "isolation between networks" "" in_get other "http://$web/who"
matrix "isolation from the default network" "" in_get plain "http://$web/who"
matrix "no names between networks" "" in_get other http://web/who
matrix "internal: no way in from the host's other networks" "" in_get other "http://$(address_of closed)/who"
at_client ip route add 172.20.0.0/16 via 198.51.100.1
matrix "unpublished, routed from outside" "" at_client_get "http://$(address_of peer)/who"
matrix "the published container directly, from outside" "" at_client_get "http://$web/who"

# The way out, and back: the client sees the host's address, and answers it.
mkdir www && echo client >www/who
at_client busybox httpd -p 198.51.100.2:80 -h "$here/www"
at_client busybox httpd -p "[2001:db8::2]:80" -h "$here/www"
matrix "out" client in_get web http://198.51.100.2/who
matrix "out in IPv6" client in_get web "http://[2001:db8::2]/who"
matrix "out from the default network" client in_get plain http://198.51.100.2/who
matrix "internal: no way out" "" in_get closed http://198.51.100.2/who
for server in $(pidof busybox); do [ "$(readlink /proc/$server/ns/net)" = "$(readlink /proc/$client/ns/net)" ] && kill "$server"; done

# The host's own loopback stays its own, although localhost leads to containers.
busybox httpd -p 127.0.0.1:7777 -h "$here/www"
matrix "the host's loopback from the host" client get http://127.0.0.1:7777/who
at web ip route add 127.0.0.0/8 via 172.20.0.1 2>/dev/null
matrix "the host's loopback from a container" "" in_get web http://127.0.0.1:7777/who
for server in $(pidof busybox); do [ "$(readlink /proc/$server/root)" = / ] && [ "$(readlink /proc/$server/ns/net)" = "$(readlink /proc/self/ns/net)" ] && kill "$server"; done

# UDP: a question that comes back. The server is a program of the host's in the container's network.
ok "$SUIT" run -d --name echo --network front -p 5353:53/udp $base sleep 600
cat >echo.py <<'END'
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 53))
text, sender = server.recvfrom(100)
server.sendto(text, sender)
END
nsenter -t "$(pid_of echo)" -n python3 echo.py &
until_true 5 sh -c "nsenter -t $(pid_of echo) -n grep -q ':0035 ' /proc/net/udp"
same "udp from outside" "$(at_client python3 -c 'import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(3)
client.sendto(b"question", ("198.51.100.1", 5353))
print(client.recv(100).decode())')" question

# What the commands say.
same "port" "$("$SUIT" port web | sort)" "80/tcp -> 0.0.0.0:8080
80/tcp -> 127.0.0.1:8081
80/tcp -> [::]:8080"
same "port of one" "$("$SUIT" port echo 53/udp)" "0.0.0.0:5353
[::]:5353"
fails 1 "no public port '81/tcp' published for web" "$SUIT" port web 81
same "ps" "$("$SUIT" ps --filter name=web --format '{{.Ports}} {{.Networks}}')" "9000/tcp, 0.0.0.0:8080->80/tcp, 127.0.0.1:8081->80/tcp, [::]:8080->80/tcp front"
same "ps by network" "$("$SUIT" ps --filter network=back --format '{{.Names}}')" other
same "ps by published port" "$("$SUIT" ps --filter publish=5353/udp --format '{{.Names}}')" echo
same "network ls" "$("$SUIT" network ls --format '{{.Name}} {{.Driver}} {{.Internal}}')" "back bridge false
bridge bridge false
front bridge false
host host false
inner bridge true
none null false"
same "inspect: subnet" "$("$SUIT" network inspect --format '{{(index .IPAM.Config 0).Subnet}}' front)" 172.20.0.0/16
holds "explain" "$("$SUIT" network explain web)" "dnat ip to $web:80"

# Random ports and ranges; conflicts.
ok "$SUIT" run -d --name random --network front -P --expose 81 --expose 82/udp $base sleep 600
same "-P" "$("$SUIT" port random | sed 's/:[0-9]*$//' | sort)" "81/tcp -> 0.0.0.0
81/tcp -> [::]
82/udp -> 0.0.0.0
82/udp -> [::]"
ok "$SUIT" run -d --name range --network front -p 8080-8090:80 $base sleep 600
same "the next free of a range" "$("$SUIT" port range 80 | head -1)" 0.0.0.0:8082
fails 125 "Bind for 0.0.0.0:8080 failed: port is already allocated" "$SUIT" run --rm --network front -p 8080:80 $base true
fails 125 "Address already in use" "$SUIT" run --rm --network front --ip "$web" $base true
fails 125 "network nowhere not found" "$SUIT" run --rm --network nowhere $base true
fails 125 "conflicting options: hostname and the network mode" "$SUIT" run --rm --network container:web --hostname x $base true
fails 125 "user specified IP address is supported on user defined networks only" "$SUIT" run --rm --ip 10.0.0.9 $base true
fails 1 "has active endpoints" "$SUIT" network rm front
fails 1 "network with name front already exists" "$SUIT" network create front
fails 1 "Pool overlaps" "$SUIT" network create --subnet 172.20.1.0/24 overlap
fails 1 "bridge is a pre-defined network and cannot be removed" "$SUIT" network rm bridge

# Chosen addresses; another's network; the host as seen from inside.
run "$SUIT" run --rm --network front --ip 172.20.9.9 --ip6 "$("$SUIT" network inspect --format '{{(index .IPAM.Config 1).Subnet}}' front | sed 's,/.*,99,')" --mac-address 02:11:22:33:44:55 $base ip addr show eth0
holds "--ip" "$out" "172.20.9.9/16"
holds "--ip6" "$out" "99/64"
holds "--mac-address" "$out" "02:11:22:33:44:55"
run "$SUIT" run --rm --network container:web $base sh -c 'hostname -i; wget -qO- http://127.0.0.1/who'
holds "another's network" "$out" web
run "$SUIT" run --rm --add-host host.docker.internal:host-gateway --network front $base grep host.docker /etc/hosts
holds "host-gateway" "$out" "172.20.0.1"

# Joining and leaving while it runs.
ok "$SUIT" network connect --alias second back web
matrix "connected" web in_get other http://second/who
ok "$SUIT" network disconnect back web
matrix "disconnected" "" in_get other http://second/who
fails 1 "is not connected to network" "$SUIT" network disconnect back web

# A restart keeps address and ports; a stop gives them up, and its name goes.
ok "$SUIT" restart -t 0 web
until_true 5 in_get web http://127.0.0.1/who
same "the same address after a restart" "$(address_of web)" "$web"
matrix "published after a restart" web at_client_get http://198.51.100.1:8080/who
ok "$SUIT" stop -t 0 web
matrix "stopped" "" at_client_get http://198.51.100.1:8080/who
lacks "its name has gone" "$(at peer cat /etc/hosts)" shop
same "no address" "$(address_of web)" ""
ok "$SUIT" run --rm -p 8080:80 $base true

# SIGKILL of the monitor: everything of the network goes with it, by the kernel alone.
ok "$SUIT" start web
monitor=$(cut -d' ' -f1 "$SUIT_ROOT/locks/$(cat "$SUIT_ROOT"/names/web 2>/dev/null || basename "$(readlink "$SUIT_ROOT/names/web")").lock")
lease=$("$SUIT" inspect --format '{{.NetworkSettings.Networks.front.EndpointID}}' web)
holds "the lease is there" "$(ip -o link)" "$lease"
kill -9 "$monitor"
until_true 5 sh -c "! ip -o link | grep -q '$lease'"
lacks "no table is left" "$(nft list tables)" "suit-$(basename "$(readlink "$SUIT_ROOT/names/web")" | cut -c1-12)"
ok "$SUIT" run --rm -p 8080:80 $base true
lacks "its name has gone from its neighbours" "$(at peer cat /etc/hosts)" shop

holds "events" "$("$SUIT" events --since 10m --until 0s --filter type=network --format '{{.Action}} {{.Actor.Attributes.name}}' | sort -u | tr '\n' ' ')" "connect back create back create front create inner disconnect back"

ok "$SUIT" rm -f web peer other closed plain echo random range
run "$SUIT" network prune -f
holds "prune" "$out" front
same "no network is left" "$("$SUIT" network ls -q | wc -l)" 3
ip link del suit0
same "no interface is left" "$(ip -br link | grep -vE '^(lo|wire0)' | wc -l)" 0
finish
