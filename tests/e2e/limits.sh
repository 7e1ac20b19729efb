#!/bin/sh
# Limits as Docker's flags name them: they hold, they are told, they change while it runs.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
[ -d /sys/fs/cgroup/memory ] || grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||
  skip "needs a memory controller"

# knob NAME V1-FILE V2-FILE: what the kernel says of the container's group
knob() {
  id=$("$SUIT" inspect -f '{{.Id}}' "$1")
  cat /sys/fs/cgroup/*/spacesuit/"$id/$2" /sys/fs/cgroup/spacesuit/"$id/$3" 2>/dev/null
}

ok "$SUIT" run -d --name one -m 64m --cpus 1.5 --cpu-shares 512 --pids-limit 20 --cpuset-cpus 0 \
  --ulimit nofile=100:200 --oom-score-adj 500 --sysctl kernel.msgmax=1000 --shm-size 8m \
  $base sleep 1000
same "memory" "$(knob one memory.limit_in_bytes memory.max)" 67108864
same "pids" "$(knob one pids.max pids.max)" 20
same "cpus" "$(knob one cpuset.cpus cpuset.cpus)" 0
same "score" "$(cat "/proc/$("$SUIT" inspect -f '{{.State.Pid}}' one)/oom_score_adj")" 500
same "open files" "$(grep 'open files' "/proc/$("$SUIT" inspect -f '{{.State.Pid}}' one)/limits" |
  tr -s ' ')" "Max open files 100 200 files "
same "inspect" "$("$SUIT" inspect -f '{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.NanoCpus}} {{.CpuShares}} {{.PidsLimit}} {{.CpusetCpus}} {{.OomScoreAdj}} {{range .Ulimits}}{{.Name}}={{.Soft}}:{{.Hard}}{{end}} {{.Sysctls}}{{end}}' one)" \
  "67108864 134217728 1500000000 512 20 0 500 nofile=100:200 map[kernel.msgmax:1000]"
ok "$SUIT" stats --no-stream --format '{{.MemUsage}}' one
holds "stats" "$out" "/ 64MiB"

# Live, and kept.
ok "$SUIT" update -m 128m --memory-swap 256m --pids-limit 30 --cpus 0.5 one
same "memory, updated" "$(knob one memory.limit_in_bytes memory.max)" 134217728
same "pids, updated" "$(knob one pids.max pids.max)" 30
holds "cpus, updated" "$(knob one cpu.cfs_quota_us cpu.max)" 50000
same "told" "$("$SUIT" inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' one)" "134217728 30"
fails 1 "update the memoryswap at the same time" "$SUIT" update -m 512m one
fails 1 "Minimum memory limit allowed is 6MB" "$SUIT" update -m 1m one
ok "$SUIT" restart -t 0 one
same "memory, restarted" "$(knob one memory.limit_in_bytes memory.max)" 134217728
ok "$SUIT" rm -f one
# A limit that it began without.
ok "$SUIT" run -d --name two $base sleep 1000
ok "$SUIT" update --pids-limit 7 two
same "pids, joined" "$(knob two pids.max pids.max)" 7
ok "$SUIT" rm -f two

# They hold. sh needs a process for each; the seventh is one too many.
run "$SUIT" run --rm --pids-limit 5 $base sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; echo all'
holds "pids" "$err" "fork"
lacks "pids" "$out" "all"
run "$SUIT" run --name fat -m 16m --memory-swap 16m $base sh -c 'x=a; while :; do x=$x$x; done'
same "killed" "$code" 137
holds "told as such" "$err" "memory"
same "told as such" "$("$SUIT" inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' fat)" "true 137"
ok "$SUIT" events --since 1m --until 0s --filter event=oom --format '{{.Action}}'
same "oom event" "$out" oom
run "$SUIT" run --name lean -m 16m $base true
same "lean" "$code $("$SUIT" inspect -f '{{.State.OOMKilled}}' lean)" "0 false"
ok "$SUIT" rm fat lean

# A group of the user's choice; nothing of it stays.
ok "$SUIT" run -d --name three --cgroup-parent /e2e-limits -m 32m $base sleep 1000
holds "parent" "$(cat "/proc/$("$SUIT" inspect -f '{{.State.Pid}}' three)/cgroup")" "/e2e-limits/"
ok "$SUIT" rm -f three
same "gone" "$(ls -d /sys/fs/cgroup/*/e2e-limits/*/ /sys/fs/cgroup/e2e-limits/*/ 2>/dev/null)" ""
rmdir /sys/fs/cgroup/*/e2e-limits /sys/fs/cgroup/e2e-limits 2>/dev/null

# What Docker refuses, in its words.
refused() { fails 125 "$@" $base true; }
refused "invalid argument \"x\" for \"-m, --memory\" flag: invalid size: 'x'" "$SUIT" run -m x
refused "Minimum memory limit allowed is 6MB" "$SUIT" run -m 4m
refused "Minimum memoryswap limit should be larger than memory limit" "$SUIT" run -m 64m --memory-swap 32m
refused "You should always set the Memory limit when using Memoryswap limit" "$SUIT" run --memory-swap 32m
refused "Minimum memory limit can not be less than memory reservation limit" "$SUIT" run -m 64m --memory-reservation 65m
refused "Valid memory swappiness range is 0-100" "$SUIT" run --memory-swappiness 101
refused "failed to parse x as a rational number" "$SUIT" run --cpus x
refused "Range of CPUs is from 0.01 to" "$SUIT" run --cpus 10000
refused "Nano CPUs and CPU Period cannot both be set" "$SUIT" run --cpus 1 --cpu-period 1000
refused "CPU cfs period can not be less than 1ms" "$SUIT" run --cpu-period 10
refused "CPU cfs quota can not be less than 1ms" "$SUIT" run --cpu-quota 10
refused "Invalid value x for cpuset cpus" "$SUIT" run --cpuset-cpus x
refused "Requested CPUs are not available - requested 4000" "$SUIT" run --cpuset-cpus 4000
refused "Range of blkio weight is from 10 to 1000" "$SUIT" run --blkio-weight 5
refused "range for oom score adj is [-1000, 1000]" "$SUIT" run --oom-score-adj 2000
refused "invalid ulimit type: foo" "$SUIT" run --ulimit foo=1
refused "sysctl 'vm.swappiness=1' is not allowed" "$SUIT" run --sysctl vm.swappiness=1
refused "bad format for device path: sda:1" "$SUIT" run --device-read-bps sda:1
refused "invalid device cgroup format 'x'" "$SUIT" run --device-cgroup-rule x

finish
