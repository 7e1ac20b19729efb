# A driver's real programs and libraries, on a machine without a GPU: what the loader finds in the
# container, which nodes it can open, and what each errno of opening one means.
. "$(dirname "$0")/lib.sh"
. "$SUIT_SOURCE_DIR/tests/gpu/fake_host.sh"
fake_driver=$(dirname "$SUIT")/../tests/gpu
host=$here/host
[ -x "$fake_driver/nvidia-smi" ] || skip "needs the fake driver of tests/gpu"
[ -x /bin/busybox ] || skip "needs busybox-static as /bin/busybox"
make_fake_host
make_plain_image
ok "$SUIT" import image.tar plain:1
run_gpu="$SUIT run --rm --driver-root host"

# Opened as far as the kernel without a driver goes: no such device or address.
ok $run_gpu --gpus all plain:1 nvidia-smi
same "all GPUs" "$(echo $out)" "2 GPUs GPU 0: ENXIO GPU 1: ENXIO"
ok $run_gpu --gpus '"device=1"' plain:1 nvidia-smi
same "one GPU" "$(echo $out)" "1 GPUs GPU 1: ENXIO"
fails 127 nvidia-smi "$SUIT" run --rm plain:1 nvidia-smi
ok "$SUIT" run --rm plain:1 sh -c 'ls /dev/nvidia* 2>/dev/null || echo none'
same "without --gpus" "$out" none

# What errno says, of a node made by hand. \source tutorials/12-gpu.md
by_hand='mknod /n c 195 0 && cat /n 2>&1; mknod /dev/shm/n c 195 0 && cat /dev/shm/n 2>&1; true'
ok $run_gpu --gpus '"device=1"' plain:1 sh -c "$by_hand"
holds "the control group says no" "$out" "/n': Operation not permitted"
holds "no devices on this mount" "$out" "/dev/shm/n': Permission denied"
ok $run_gpu --gpus '"device=0"' plain:1 sh -c "$by_hand"
holds "the other GPU by the same number" "$out" "/n': No such device or address"

# The doctor on the same host, with the same image, from both ends.
ok "$SUIT" gpu doctor --sysroot host --gpus all
holds "the doctor" "$out" "nothing is wrong that can be seen from here"
run "$SUIT" gpu doctor --sysroot host --image plain:1 --gpus all
same "the image's side alone" "$code" 2
mv "host$libraries/libnvidia-ml.so.$version" kept
fails 127 "" $run_gpu --gpus all plain:1 nvidia-smi
holds "the loader's own words" "$err" "libnvidia-ml.so.1"
run "$SUIT" gpu doctor --sysroot host --gpus all
same "the host's side" "$code" 1
holds "what is missing" "$out" "libnvidia-ml.so"

finish
