#!/bin/sh
# Many containers at once: does the last start as fast as the first, do many start in parallel, and how
# long does it take to end all of them, beside runc? Nothing may be left. Figures are printed; what is
# judged is that all worked and that nothing stays.
#
#     oci_scale.sh [RUNNING [PARALLEL]]     default 40 and 20; the promise is about 500 and 200
. "$(dirname "$0")/../e2e/lib.sh"
running=${1:-40}
parallel=${2:-20}
suit_oci=$(dirname "$SUIT")/suit-oci
[ -x /bin/busybox ] || skip "needs busybox-static as /bin/busybox"

mkdir -p bundle/rootfs/bin
cp /bin/busybox bundle/rootfs/bin/busybox
ln -s busybox bundle/rootfs/bin/sleep
"$suit_oci" spec -b bundle
python3 - bundle/config.json <<'P'
import json, sys
with open(sys.argv[1]) as f: c = json.load(f)
c["process"]["args"] = ["sleep", "1000000"]
c["process"]["terminal"] = False
c["linux"]["resources"] = {"memory": {"limit": 33554432}, "pids": {"limit": 20}, "cpu": {"shares": 512}}
with open(sys.argv[1], "w") as f: json.dump(c, f)
P

# measure RUNTIME NAME: starts `running` containers, then `parallel` more at once, and ends all of them.
measure() {
  checks=$((checks + 1))
  python3 - "$1" "$2" "$running" "$parallel" "$here" <<'P'
import json, os, subprocess, sys, time
runtime, name, running, parallel, here = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
base = [runtime, "--root", f"{here}/{name}"]
null = subprocess.DEVNULL
def container(i): return f"scale-{name}-{os.getpid()}-{i}"
said = open(f"{here}/{name}.said", "w+")  # no pipe: the containers would keep it open
def start(*words):
    return subprocess.Popen(base + list(words), stdin=null, stdout=null, stderr=said, cwd=f"{here}/bundle")
def check(child, what):
    if child.wait():
        said.seek(0)
        sys.exit(f"{name} {what}: {said.read()}")
def call(*words): check(start(*words), words)
def timed(*words):
    begin = time.monotonic(); call(*words); return (time.monotonic() - begin) * 1e3
def middle(values): return sorted(values)[len(values) // 2]
starts = [timed("run", "-d", container(i)) for i in range(running)]
edge = max(1, min(25, running // 4))
begin = time.monotonic()
children = [start("run", "-d", container(running + i)) for i in range(parallel)]
for child in children: check(child, "in parallel")
together = (time.monotonic() - begin) * 1e3
listed = json.loads(subprocess.run(base + ["list", "-f", "json"], stdout=subprocess.PIPE, check=True).stdout)
alive = sum(1 for one in listed if one["status"] == "running")
if alive != running + parallel: sys.exit(f"{name}: {alive} of {running + parallel} run")
begin = time.monotonic()
for i in range(running + parallel): call("delete", "-f", container(i))
ended = (time.monotonic() - begin) * 1e3
print(f"{name:9} first {middle(starts[:edge]):7.2f} ms   last {middle(starts[-edge:]):7.2f} ms   ratio "
      f"{middle(starts[-edge:]) / middle(starts[:edge]):.2f}   {parallel} at once {together:8.1f} ms   "
      f"{running + parallel} killed and deleted {ended:8.1f} ms", flush=True)
with open(f"{here}/{name}.ended", "w") as f: f.write(str(ended))
P
  [ $? = 0 ] || fail "$2 did not start, list and end all of them"
}

left() {
  for left_part in "$here/suit-oci" "$here/runc"; do ls -A "$left_part" 2>/dev/null; done
  find /sys/fs/cgroup -maxdepth 4 -name 'scale-*' 2>/dev/null
}

measure "$suit_oci" suit-oci
if command -v runc >/dev/null; then
  measure "$(command -v runc)" runc
  awk '{ print }' suit-oci.ended runc.ended 2>/dev/null | paste -s | awk '{ printf "killed and deleted in %.2f of the time of runc\n", $1 / $2 }'
fi
same "left" "$(left)" ""
finish
