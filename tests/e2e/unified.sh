#!/bin/sh
# A host of cgroup v2 alone, with all controllers, on any machine: Debian's user-mode-linux is a kernel that
# runs as a process. Inside: limits as files of the one tree, devices by a program, freeze, kill, update,
# events. The kernel itself needs no privilege: it runs as whoever starts it.
. "$(dirname "$0")/lib.sh"
suit_oci=$(dirname "$SUIT")/suit-oci
command -v linux.uml >/dev/null || skip "needs linux.uml (Debian: user-mode-linux)"
[ -x /bin/busybox ] || skip "needs busybox-static as /bin/busybox"

# Its root is a directory of ours: it can write nowhere else.
chmod 755 "$here"
mkdir -p host/bin host/proc host/sys host/dev host/tmp host/run host/etc host/bundle/rootfs/bin
cp /bin/busybox "$suit_oci" host/bin/
cp /bin/busybox host/bundle/rootfs/bin/
for part in $(/bin/busybox --list); do
  [ "$part" = busybox ] || ln -s busybox "host/bin/$part"
  [ "$part" = busybox ] || ln -s busybox "host/bundle/rootfs/bin/$part"
done
mkdir -p host/bundle/rootfs/proc host/bundle/rootfs/dev host/bundle/rootfs/sys host/bundle/rootfs/tmp
printf 'root:x:0:0:root:/:/bin/sh\n' >host/etc/passwd
cp -r host/etc host/bundle/rootfs/etc
(cd host/bundle && "$suit_oci" spec)

# config NAME RESOURCES PROGRAM...: a bundle's config.json for it
config() {
  python3 - "$@" <<'P'
import json, sys
name, resources, *words = sys.argv[1:]
with open("host/bundle/config.json") as f: c = json.load(f)
c["process"]["args"] = words
c["process"]["terminal"] = False
c["linux"]["resources"] = json.loads(resources)
with open(f"host/bundle/{name}.json", "w") as f: json.dump(c, f)
P
}
config sleep '{"memory":{"limit":33554432,"reservation":16777216,"swap":33554432},"pids":{"limit":20},"cpu":{"shares":512,"quota":50000,"period":100000},"unified":{"memory.high":"30000000"}}' sleep 1000
config fat '{"memory":{"limit":8388608,"swap":8388608}}' sh -c 'x=a; while :; do x=$x$x; done'
config forks '{"pids":{"limit":4}}' sh -c 'for i in 1 2 3 4 5 6 7; do sleep 1 & done; echo all'
config devices '{}' sh -c 'head -c 3 /dev/zero | wc -c; mknod /dev/d b 98 0; cat /dev/d'
config tiny '{"memory":{"limit":524288}}' true
config cpuset '{"cpu":{"cpus":"0"}}' true
config wrong '{"unified":{"hugetlb.2MB.max":"0","nosuch.max":"1"}}' true

cat >host/init <<'I'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
say() { echo "SAY $*"; }
oci="suit-oci --root /run/oci"
own=/sys/fs/cgroup/spacesuit/sleep
say controllers "$(cat /sys/fs/cgroup/cgroup.controllers)"
$oci run -d -b /bundle -f /bundle/sleep.json sleep </dev/null >/dev/null 2>/run/err || say error "$(cat /run/err)"
for file in memory.max memory.low memory.high pids.max cpu.weight cpu.max; do
  say $file "$(cat $own/$file 2>&1 | tr '\n' ' ')"
done
$oci pause sleep && say paused "$($oci state sleep | grep -c '"paused"')" "$(grep frozen $own/cgroup.events)"
$oci resume sleep && say running "$($oci state sleep | grep -c '"running"')"
$oci update --memory 64M --pids-limit 30 --cpu-quota 20000 --cpu-period 50000 sleep
say updated "$(cat $own/memory.max) $(cat $own/pids.max) $(cat $own/cpu.max)"
say stats "$($oci events --stats sleep | grep -o '"limit":67108864' | head -1)"
$oci pause sleep; $oci delete -f sleep; say gone "$(ls -d $own 2>&1 | grep -c 'No such')"
$oci run -b /bundle -f /bundle/fat.json fat </dev/null >/dev/null 2>&1; say fat $?
say forks "$($oci run -b /bundle -f /bundle/forks.json forks </dev/null 2>&1 | grep -c fork)"
say devices "$($oci run -b /bundle -f /bundle/devices.json devices </dev/null 2>&1 | tr '\n' ' ')"
$oci run -b /bundle -f /bundle/tiny.json tiny </dev/null >/dev/null 2>&1; say tiny $?
say wrong "$($oci run -b /bundle -f /bundle/wrong.json wrong 2>&1 </dev/null | head -1)"
say cpuset "$($oci run -b /bundle -f /bundle/cpuset.json cpuset 2>&1 </dev/null | head -1)"
say left "$(find /sys/fs/cgroup -mindepth 2 -type d | wc -l)"
poweroff -f
I
chmod +x host/init
checks=$((checks + 1))
chmod -R a+rwX host
# As nobody: what is root inside is a plain user outside.
timeout 100 setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$here/host/tmp" linux.uml mem=256M rootfstype=hostfs "rootflags=$here/host" rw init=/init quiet con=null \
  con0=null,fd:1 >uml.log 2>&1 </dev/null
said=$(tr -d '\r' <uml.log | sed -n 's/^SAY //p')
line() { echo "$said" | sed -n "s/^$1 //p"; }
if [ -z "$said" ]; then
  fail "no word from inside: $(tail -n 5 uml.log)"
fi
for controller in cpu memory pids io; do holds "controllers" " $(line controllers) " " $controller "; done
same "memory" "$(line memory.max)" "33554432 "
same "reservation" "$(line memory.low)" "16777216 "
holds "high" "$(line memory.high)" "2999"
same "pids" "$(line pids.max)" "20 "
same "shares" "$(line cpu.weight)" "59 "
same "quota" "$(line cpu.max)" "50000 100000 "
same "paused" "$(line paused)" "1 frozen 1"
same "running" "$(line running)" 1
same "updated" "$(line updated)" "67108864 30 20000 50000"
same "stats" "$(line stats)" '"limit":67108864'
same "gone" "$(line gone)" 1
same "killed for memory" "$(line fat)" 137
checks=$((checks + 1))
[ "$(line forks)" -ge 1 ] 2>/dev/null || fail "no fork was refused: $(line forks)"
holds "devices" "$(line devices)" "3 "
holds "devices" "$(line devices)" "Operation not permitted"
same "512 KB" "$(line tiny)" 0
holds "refused by name" "$(line wrong)" "/linux/resources/unified/"
holds "this kernel has no cpuset" "$(line cpuset)" "/linux/resources/cpu/cpus: this host cannot enforce it"
same "left" "$(line left)" 0
[ $failures = 0 ] || cat uml.log
finish
