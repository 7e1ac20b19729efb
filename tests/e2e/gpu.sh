# --gpus and --device on a machine without a GPU: the host is a directory.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
host=$here/host
libraries=/usr/lib/x86_64-linux-gnu

mkdir -p "$host$libraries" "$host/usr/bin" "$host/dev" "$host/proc/driver/nvidia"
for gpu in 0 1; do
  bus=0000:0$((gpu + 6)):00.0
  mkdir -p "$host/sys/bus/pci/devices/$bus" "$host/proc/driver/nvidia/gpus/$bus"
  echo 0x10de >"$host/sys/bus/pci/devices/$bus/vendor"
  echo 0x030200 >"$host/sys/bus/pci/devices/$bus/class"
  printf 'GPU UUID: GPU-%s\nDevice Minor: %s\n' "$gpu$gpu" "$gpu" \
    >"$host/proc/driver/nvidia/gpus/$bus/information"
  mknod "$host/dev/nvidia$gpu" c 195 "$gpu" || skip "needs the right to make device nodes"
done
mknod "$host/dev/nvidiactl" c 195 255
mknod "$host/dev/nvidia-uvm" c 510 0
mknod "$host/dev/nvidia-uvm-tools" c 510 1
printf 'Character devices:\n195 nvidia\n510 nvidia-uvm\n' >"$host/proc/devices"
echo "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Thu" >"$host/proc/driver/nvidia/version"
for name in cuda nvidia-ml; do echo library >"$host$libraries/lib$name.so.580.65.06"; done
printf '#!/bin/sh\nls /dev/nvidia[0-9]\n' >"$host/usr/bin/nvidia-smi"
chmod 755 "$host/usr/bin/nvidia-smi"

# The driver's program runs in an image that knows nothing of it, and sees what was asked for.
ok "$SUIT" run --rm --gpus all --driver-root host $base nvidia-smi
same "all GPUs" "$(echo $out)" "/dev/nvidia0 /dev/nvidia1"
ok "$SUIT" run --rm --gpus device=1 --driver-root host $base nvidia-smi
same "one GPU" "$out" /dev/nvidia1
ok "$SUIT" run --rm --device nvidia.com/gpu=GPU-00 --driver-root host $base nvidia-smi
same "by CDI name" "$out" /dev/nvidia0
ok "$SUIT" run --rm -e NVIDIA_VISIBLE_DEVICES=1 --driver-root host $base nvidia-smi
same "by variable" "$out" /dev/nvidia1
ok "$SUIT" run --rm --gpus all --driver-root host $base cat $libraries/libcuda.so
same "the library by its linker's name" "$out" library
ok "$SUIT" run --rm --gpus all --driver-root host $base sh -c 'echo $NVIDIA_VISIBLE_DEVICES'
same "for runtimes with hooks" "$out" void
ok "$SUIT" run --rm --gpus '"capabilities=utility"' --driver-root host $base ls $libraries
lacks "utility is no compute" "$out" libcuda

# What was not given cannot be made by hand.
ok "$SUIT" run --rm --gpus device=1 --driver-root host $base sh -c \
  'mknod /tmp/n c 195 0 2>/dev/null; cat /tmp/n 2>&1 || true'
case $out in
  *"not permitted"* | *"ermission denied"* | *"No such file"*) ;;
  *) fail "the other GPU can be opened: $out" ;;
esac

# An image asks for nothing.
printf 'FROM %s\nENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_REQUIRE_CUDA=cuda>=99\n' $base >Dockerfile
ok "$SUIT" build -q -t asks:1 .
ok "$SUIT" run --rm asks:1 sh -c 'ls /dev/nvidia* 2>/dev/null || echo none'
same "an image's variable" "$out" none
fails 125 "unsatisfied condition: cuda>=99" "$SUIT" run --rm --gpus all --driver-root host asks:1 true

# A second start looks again, and finds its own links.
ok "$SUIT" create --name twice --gpus 1 --driver-root host $base nvidia-smi
ok "$SUIT" start -a twice
same "first start" "$out" /dev/nvidia0
ok "$SUIT" start -a twice
same "second start" "$out" /dev/nvidia0
rm -r "$host/proc/driver"
rm -r "$host/sys"
rm "$host$libraries"/*
fails 1 "could not select device driver" "$SUIT" start -a twice
ok "$SUIT" rm twice

# CDI files, and plain devices.
mkdir cdi
cat >cdi/test.yaml <<'END'
cdiVersion: 0.5.0
kind: test.dev/zero
devices:
- name: a
  containerEdits:
    env: [ZERO=/dev/mine]
    deviceNodes: [{path: /dev/mine, hostPath: /dev/zero}]
    mounts: [{hostPath: /etc/hostname, containerPath: /run/mounted, options: [ro, bind]}]
END
ok "$SUIT" cdi validate cdi/test.yaml
holds "validate" "$out" "test.dev/zero 0.5.0, 1 device, needs 0.5.0"
ok "$SUIT" cdi list --cdi-spec-dir cdi
holds "list" "$out" test.dev/zero=a
ok "$SUIT" run --rm --cdi-spec-dir cdi --device test.dev/zero=a $base sh -c \
  'head -c 3 $ZERO | wc -c; test -s /run/mounted && echo mounted'
same "a CDI device" "$(echo $out)" "3 mounted"
fails 125 "unresolvable CDI devices test.dev/zero=b" "$SUIT" run --rm --cdi-spec-dir cdi \
  --device test.dev/zero=b $base true
ok "$SUIT" run --rm --device /dev/zero:/dev/other:r $base sh -c 'head -c 3 /dev/other | wc -c'
same "a plain device" "$(echo $out)" 3
fails 125 "bad mode specified: x" "$SUIT" run --rm --device /dev/zero:/dev/other:x $base true
# A program of a CDI file is refused by name, not left out in silence.
sed 's|    env: .ZERO=/dev/mine.|&\n    hooks: [{hookName: createContainer, path: /bin/other, args: [other, it]}]|' cdi/test.yaml >hooked.yaml
mkdir hooked && mv hooked.yaml hooked/
fails 125 'createContainer hook "/bin/other": programs of CDI files are not started here' \
  "$SUIT" run --rm --cdi-spec-dir hooked --device test.dev/zero=a $base true
echo '{"ociVersion":"1.2.0","unknown":{"kept":true}}' >config.json
ok "$SUIT" cdi inject --cdi-spec-dir cdi config.json test.dev/zero=a
holds "inject" "$out" '"path": "/dev/mine"'
holds "inject keeps what it does not know" "$out" '"kept": true'

# The doctor's exit code is the side.
mkdir -p empty/proc
run "$SUIT" gpu doctor --sysroot empty
same "a host without GPU" "$code" 1
run "$SUIT" gpu doctor --sysroot empty --image $base --json
holds "as JSON" "$out" '"id": "I1"'

finish
