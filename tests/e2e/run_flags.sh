#!/bin/sh
# What the program in the container sees, for each flag of run, and the exit codes.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
in_container() { run "$SUIT" run --rm "$@"; }

in_container $base sh -c 'echo out; echo err >&2; exit 3'
same "exit code" "$code" 3
same "stdout" "$out" out
same "stderr" "$err" err
in_container $base sh -c 'kill -9 $$' ; same "pid 1 cannot kill itself" "$code" 0
in_container -e A=1 -e B="two words" --env=C=3 $base sh -c 'echo $A/$B/$C'
same "-e" "$out" "1/two words/3"
in_container -w /somewhere/new $base pwd
same "-w makes the directory" "$out" /somewhere/new
in_container -u 1000:1000 $base id
holds "-u numbers" "$out" "uid=1000(pilot) gid=1000"
in_container -u pilot $base sh -c 'id -u; echo $HOME; grep CapEff /proc/self/status'
holds "-u name" "$out" "1000
/home/pilot
CapEff:	0000000000000000"
in_container $base sh -c 'grep -E "Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs" /proc/self/status'
# Docker's fourteen; CAP_MKNOD only where a device cgroup guards the host's disks.
caps=a00425fb
[ -w /sys/fs/cgroup/devices/devices.deny ] && caps=a80425fb
same "Docker's capabilities" "$(echo "$out" | tr -d '\t' | tr '\n' ' ')" "CapInh:0000000000000000 CapPrm:00000000$caps CapEff:00000000$caps CapBnd:00000000$caps CapAmb:0000000000000000 NoNewPrivs:0 "
in_container --hostname tin $base sh -c 'hostname; cat /etc/hostname; grep -c localhost /etc/hosts'
holds "--hostname" "$out" "tin
tin
"
in_container $base sh -c 'ls /proc | grep -c "^[0-9]"'
same "its own processes only: sh, ls, grep" "$out" 3
in_container $base sh -c 'echo $$; ls -A /proc/self/fd | tr "\n" " "'
same "pid 1, three descriptors and ls's own" "$out" "1
0 1 2 3 "
in_container --network none $base sh -c 'cat /sys/class/net/lo/operstate; ls /sys/class/net'
same "network none: loopback, up" "$out" "unknown
lo"
in_container --network host $base sh -c 'ls /sys/class/net | sort | tr "\n" " "'
same "network host" "$out" "$(sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | sort | tr '\n' ' ')"
in_container $base sh -c 'echo x > /proc/sys/kernel/hostname'
lacks "read-only /proc/sys" "$code" 0
in_container $base sh -c 'cat /proc/kcore | head -c 1 | wc -c; ls -d /proc/acpi/* 2>/dev/null | wc -l'
same "masked" "$(echo $out)" "0 0"
in_container $base sh -c 'touch /sys/x' ; holds "read-only /sys" "$err" "Read-only"
in_container --read-only $base sh -c 'touch /x' ; holds "--read-only" "$err" "Read-only"
in_container $base sh -c 'for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo no $d; done; ls -l /dev/fd | sed "s/.*-> //"; echo hi > /dev/shm/x && cat /dev/shm/x'
holds "devices" "$out" "/proc/self/fd
hi"
# The first disk of /proc/partitions is the host's.
in_container $base sh -c 'set -- $(tail -n +3 /proc/partitions | head -n 1); mknod /dev/disk b $1 $2 && head -c 1 /dev/disk'
holds "no reading of the host's disks" "$err" "not permitted"
same "stdin without -i is empty" "$(echo secret | "$SUIT" run --rm $base cat)" ""
same "stdin with -i" "$(echo through | "$SUIT" run --rm -i $base cat)" "through"
head -c 3000000 /dev/urandom >blob
same "3 MB in and out" "$("$SUIT" run --rm -i $base cat <blob | cksum)" "$(cksum <blob)"
mkdir shared && echo from host >shared/file
in_container -v "$here/shared:/mnt:ro" $base sh -c 'cat /mnt/file; touch /mnt/x'
same "-v" "$out" "from host"
holds "-v :ro" "$err" "Read-only"

fails 127 "nosuchprogram" "$SUIT" run --rm $base nosuchprogram
fails 126 "/etc/passwd" "$SUIT" run --rm $base /etc/passwd
fails 126 "" "$SUIT" run --rm $base /etc
fails 125 "unknown flag: --nmae" "$SUIT" run --nmae x $base true
holds "did you mean" "$err" "--name"
fails 125 "no-such-image" "$SUIT" run --rm no-such-image true
fails 125 "spacesuit/bsae" "$SUIT" run --rm spacesuit/bsae:1 true
fails 125 "plot" "$SUIT" run --rm -u plot $base true
holds "nearest user" "$err" "pilot"
fails 125 "absolute" "$SUIT" run --rm -w not/absolute $base true
fails 125 "cannot set both Count and DeviceIDs" "$SUIT" run --gpus device=0,1 $base true
fails 125 "unresolvable CDI devices no.such/kind=x" "$SUIT" run --rm --device no.such/kind=x $base true
fails 1 "unknown command" "$SUIT" biuld .
holds "nearest command" "$err" "build"

# Signals reach the program, and its code comes back.
"$SUIT" run --rm --name sig $base sh -c 'trap "exit 9" TERM; while :; do sleep 0.05; done' &
pid=$!
until_true 10 sh -c "\"$SUIT\" ps --format '{{.Names}}' | grep -q sig" || fail "sig does not start"
sleep 0.2
kill -TERM $pid
wait $pid
same "SIGTERM is forwarded" "$?" 9
# A reader that leaves does not leave a container behind.
"$SUIT" run --rm --name yes $base yes | head -c 10 >/dev/null
"$SUIT" rm -f yes >/dev/null 2>&1
finish
