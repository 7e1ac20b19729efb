#!/bin/sh
# The same script under podman, containerd, dockerd and buildah, once with runc and once with suit-oci
# as their runtime: they must not see a difference. A host that does not start here is named and left
# out.
. "$(dirname "$0")/../e2e/lib.sh"
engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
suit_oci=$(dirname "$SUIT")/suit-oci
command -v runc >/dev/null || skip "needs runc, to compare with"
[ -x /bin/busybox ] || skip "needs busybox-static as /bin/busybox"
export SUIT_PEERS_DIR="$here/peers"
containerd_pid=

stop_hosts() {
  [ -z "$containerd_pid" ] || kill "$containerd_pid" 2>/dev/null
  sh "$engines" stop >/dev/null 2>&1
}
trap stop_hosts EXIT

# An image of busybox alone, as a tar of its root.
mkdir -p image/bin image/etc image/tmp image/root
cp /bin/busybox image/bin/busybox
/bin/busybox --list | grep -vx busybox | while read -r applet; do ln -s busybox "image/bin/$applet"; done
printf 'root:x:0:0:root:/root:/bin/sh\npilot:x:1000:1000::/tmp:/bin/sh\n' >image/etc/passwd
printf 'root:x:0:\npilot:x:1000:\n' >image/etc/group
tar -C image -cf image.tar .

# say COMMAND...: its output and its exit code, without what differs from run to run
say() {
  # One stream after the other: how they mix is nobody's promise.
  timeout 60 "$@" >"$here/.said" 2>"$here/.said.err" </dev/null
  said_code=$?
  # Errors are worded by the runtime; callers turn them into codes.
  cat "$here/.said" "$here/.said.err" | grep -vE '^(Error|error|: exit|OCI|ctr:|docker:|time=|level=|suit-oci|hint|ERRO|WARN)' |
    sed -E 's/[0-9a-f]{64}/ID/g'
  echo "  exit $said_code"
}

# What an init of a container needs to be stopped.
loop='trap "echo bye; exit 7" TERM; echo up; while :; do sleep 0.1; done'

# What the kernel says of the groups of process PID: the limits that are really there.
limits_of() {
  for limits_knob in memory:memory.limit_in_bytes memory:memory.memsw.limit_in_bytes \
    memory:memory.soft_limit_in_bytes cpu:cpu.shares cpu:cpu.cfs_quota_us cpu:cpu.cfs_period_us \
    cpuset:cpuset.cpus pids:pids.max blkio:blkio.bfq.weight; do
    limits_dir=$(sed -n "s/^[0-9]*:${limits_knob%%:*}://p" "/proc/$1/cgroup")
    echo "  ${limits_knob#*:} $(cat "/sys/fs/cgroup/${limits_knob%%:*}$limits_dir/${limits_knob#*:}" 2>&1)"
  done
}

podman_says() {
  pod="podman --runtime $1"
  pod_run="$pod run --rm --pull never --network none"
  say $pod_run box:1 sh -c 'id; exit 3'
  say $pod_run box:1 nosuch
  say $pod_run box:1 /etc/passwd
  say $pod_run -t box:1 sh -c 'tty; test -c /dev/console && echo console'
  say $pod_run --user 1000:1000 --workdir /tmp -e A=b box:1 sh -c 'id; pwd; echo $A'
  say $pod_run --tmpfs /tmp --read-only -v "$here/image/etc:/host:ro" box:1 \
    sh -c 'ls /host; touch /x /host/y; touch /tmp/ok && echo ok'
  say $pod_run --tmpfs /etc box:1 ls /etc
  say $pod_run --cap-drop all --security-opt no-new-privileges box:1 \
    grep -E 'CapEff|NoNewPrivs|^Seccomp:' /proc/self/status
  say $pod_run --hostname moon box:1 hostname
  say $pod_run --sysctl kernel.msgmax=1000 box:1 cat /proc/sys/kernel/msgmax
  say $pod_run --uidmap 0:100000:65536 --gidmap 0:200000:65536 box:1 \
    sh -c 'id -u; tr -s " " </proc/self/uid_map'
  say $pod_run --privileged box:1 sh -c 'grep CapEff /proc/self/status; test -b /dev/vda || test -e /dev/kmsg; echo $?'
  say $pod_run --pid host box:1 test -d /proc/2
  say $pod run -d --pull never --network none --name one box:1 sh -c "$loop"
  say $pod exec one id
  say $pod exec --user 1000 --workdir /tmp one pwd
  say $pod exec -t one tty
  say $pod exec one nosuch
  say $pod exec -d one touch /tmp/mark
  sleep 0.5
  say $pod exec one ls /tmp
  say $pod ps --format '{{.Names}}'
  say $pod stop -t 5 one
  say $pod logs one
  say $pod inspect --format '{{.State.ExitCode}} {{.State.Status}}' one
  say $pod start one
  say $pod kill --signal KILL one
  say $pod wait one
  say $pod rm one
  say $pod run -d --pull never --network none --name lim -m 64m --memory-swap 80m --cpus 0.5 \
    --cpu-shares 512 --pids-limit 20 --cpuset-cpus 0 box:1 sleep 100
  limits_of "$($pod inspect --format '{{.State.Pid}}' lim)"
  say $pod pause lim
  say $pod inspect --format '{{.State.Status}}' lim
  say $pod unpause lim
  say $pod inspect --format '{{.State.Status}}' lim
  say $pod pause lim
  say $pod rm -f -t 0 lim
}

ctr_says() {
  ctr="ctr --address $here/containerd.sock"
  ctr_run="$ctr run --rm --runc-binary $1"
  say $ctr_run localhost/box:1 a1 sh -c 'id; exit 3'
  say $ctr_run localhost/box:1 a2 nosuch
  say $ctr_run --env A=b --cwd /tmp --user 1000:1000 localhost/box:1 a3 sh -c 'id -u; pwd; echo $A'
  say $ctr_run --read-only localhost/box:1 a4 touch /x
  say $ctr run -d --runc-binary "$1" localhost/box:1 a5 sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
  sleep 0.5
  say $ctr task exec --exec-id e1 a5 id
  say $ctr task exec --exec-id e2 a5 sh -c 'exit 4'
  say $ctr task kill --signal SIGTERM a5
  sleep 1
  say $ctr task delete a5
  say $ctr container delete a5
  say $ctr run -d --runc-binary "$1" --memory-limit 67108864 --cpu-quota 50000 --cpu-shares 512 localhost/box:1 a6 sleep 100
  limits_of "$($ctr task ls | awk '$1 == "a6" { print $2 }')"
  say $ctr task pause a6
  say $ctr task resume a6
  say $ctr task kill --signal SIGKILL a6
  sleep 1
  say $ctr task delete a6
  say $ctr container delete a6
}

docker_says() {
  doc="$SUIT_DOCKER"
  doc_run="$doc run --rm --network none --runtime $(basename "$1")"
  say $doc_run box:1 sh -c 'id; exit 3'
  say $doc_run box:1 nosuch
  say $doc_run box:1 /etc/passwd
  say $doc_run -t box:1 tty
  say $doc_run --user 1000 --workdir /tmp -e A=b box:1 sh -c 'id -u; pwd; echo $A'
  say $doc_run --read-only --tmpfs /tmp box:1 sh -c 'touch /x; touch /tmp/ok && echo ok'
  say $doc_run --cap-drop all box:1 grep -E 'CapEff|^Seccomp:' /proc/self/status
  say $doc_run -m 64m --pids-limit 50 box:1 true
  say $doc run -d --network none --runtime "$(basename "$1")" --name lim -m 64m --memory-swap 80m --cpus 0.5 \
    --cpu-shares 512 --pids-limit 20 --cpuset-cpus 0 --blkio-weight 300 box:1 sleep 100
  limits_of "$($doc inspect --format '{{.State.Pid}}' lim)"
  say $doc update -m 96m --memory-swap 128m --pids-limit 30 --cpus 0.25 lim
  limits_of "$($doc inspect --format '{{.State.Pid}}' lim)"
  say $doc pause lim
  say $doc inspect --format '{{.State.Status}}' lim
  say $doc unpause lim
  say $doc inspect --format '{{.State.Status}}' lim
  say $doc stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' lim | sed 's/ [^ ]* \// used of/'
  say $doc pause lim
  say $doc rm -f lim
  say $doc run --name fat --network none --runtime "$(basename "$1")" -m 16m --memory-swap 16m box:1 \
    sh -c 'x=a; while :; do x=$x$x; done'
  say $doc inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' fat
  say $doc rm fat
  say $doc run -d --network none --runtime "$(basename "$1")" --name one box:1 sh -c "$loop"
  say $doc exec one id
  say $doc exec -t one tty
  say $doc exec one nosuch
  say $doc exec one sh -c 'exit 4'
  say $doc stop -t 5 one
  say $doc logs one
  say $doc inspect --format '{{.State.ExitCode}} {{.State.Status}}' one
  say $doc start one
  say $doc kill one
  say $doc wait one
  say $doc rm one
}

buildah_says() {
  say buildah from --pull-never --name build box:1
  say buildah run --runtime "$1" build sh -c 'id; echo made >/made'
  say buildah run --runtime "$1" build sh -c 'cat /made; exit 3'
  say buildah run --runtime "$1" --user pilot build id
  say buildah run --runtime "$1" build nosuch
  say buildah rm build
}

# compare HOST: the two runtimes under it
compare() {
  checks=$((checks + 1))
  "$1_says" /usr/sbin/runc >"$1.runc"
  "$1_says" "$suit_oci" >"$1.suit"
  if diff "$1.runc" "$1.suit" >"$1.diff"; then
    echo "$1: $(grep -c '^  exit' "$1.suit") commands, the same with runc and with suit-oci"
  else
    fail "$1: runc (<) and suit-oci (>) differ:"
    cat "$1.diff"
  fi
}

start_containerd() {
  command -v containerd >/dev/null && command -v ctr >/dev/null || return 1
  cat >containerd.toml <<T
version = 2
root = "$here/containerd"
state = "$here/containerd-run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$here/containerd.sock"
T
  containerd --config containerd.toml >containerd.log 2>&1 &
  containerd_pid=$!
  tries=0
  until ctr --address "$here/containerd.sock" version >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || return 1
    sleep 0.2
  done
}

export SUIT_PEERS_RUNTIME="$suit_oci"
sh "$engines" start >engines.log 2>&1
started=$?
eval "$(sh "$engines" env)"

if command -v podman >/dev/null && podman import -q image.tar box:1 >/dev/null 2>podman.log; then
  compare podman
  if command -v buildah >/dev/null; then compare buildah; else echo "buildah: not installed, left out"; fi
else
  echo "podman: does not start here, left out: $(tail -n 1 podman.log 2>/dev/null)"
fi

if start_containerd && podman save -q --format docker-archive -o box.tar box:1 >ctr.log 2>&1 &&
  ctr --address "$here/containerd.sock" image import box.tar >ctr.log 2>&1; then
  compare ctr
else
  echo "containerd: does not start here, left out: $(tail -n 1 containerd.log ctr.log 2>/dev/null)"
fi

if [ $started = 0 ] && "$SUIT_DOCKER" import image.tar box:1 >docker.log 2>&1; then
  compare docker
else
  echo "dockerd: does not start here, left out: $(tail -n 1 engines.log)"
fi
stop_hosts
finish
