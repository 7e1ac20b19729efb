#!/bin/sh
# One CDI specification, written by `suit cdi generate` for a host with two GPUs, and injected by suit and by
# podman: the containers have the same nodes, driver files and environment.
# podman 4.3 reads /etc/cdi alone: it gets one of its own, in a mount namespace of this script's.
if [ -z "${SUIT_CDI_INSIDE:-}" ] && [ "$(id -u)" = 0 ]; then
  SUIT_CDI_INSIDE=1 exec unshare -m --propagation private sh "$0"
fi
. "$(dirname "$0")/../e2e/lib.sh"
. "$SUIT_SOURCE_DIR/tests/gpu/fake_host.sh"
fake_driver=$(dirname "$SUIT")/../tests/gpu
engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
host=$here/host
command -v podman >/dev/null || skip "podman is not installed"
[ -x /bin/busybox ] || skip "needs busybox-static as /bin/busybox"
[ -x "$fake_driver/nvidia-smi" ] || skip "needs the fake driver of tests/gpu"
make_fake_host
make_plain_image
ok "$SUIT" import image.tar plain:1

mkdir -p /etc/cdi "$here/cdi"
mount --bind "$here/cdi" /etc/cdi
export SUIT_PEERS_DIR="$here/peers"
mkdir -p "$SUIT_PEERS_DIR"
dir=$SUIT_PEERS_DIR
hard=$(ulimit -Hn)
printf '[containers]\ndefault_ulimits = ["nofile=1024:%s", "nproc=4096:4096"]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n' \
  "$hard" >containers.conf
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/storage-run"\n' "$dir" "$dir" >storage.conf
export CONTAINERS_CONF="$here/containers.conf" CONTAINERS_STORAGE_CONF="$here/storage.conf"
pod="podman --runtime $(dirname "$SUIT")/suit-oci run --rm --pull never --network none"
podman import -q image.tar plain:1 >/dev/null 2>podman.log || skip "podman does not start here: $(tail -n 1 podman.log)"

ok "$SUIT" cdi generate --driver-root host --output "$here/cdi/nvidia.yaml"
ok "$SUIT" cdi validate "$here/cdi/nvidia.yaml"
world='for node in /dev/nvidia*; do ls -ln $node | tr -s " " | cut -d" " -f1,3-6,10; done
  grep -c /libcuda.so. /proc/self/mountinfo; ls -l '$libraries'/libcuda* | tr -s " " | cut -d" " -f9-
  env | grep ^NVIDIA; nvidia-smi'
for device in all 0 1 GPU-11; do
  run $pod --device "nvidia.com/gpu=$device" plain:1 sh -c "$world"
  [ "$code" = 0 ] || fail "podman, $device: exit $code: $err"
  theirs=$out
  ok "$SUIT" run --rm --cdi-spec-dir "$here/cdi" --device "nvidia.com/gpu=$device" plain:1 sh -c "$world"
  same "the world with $device" "$out" "$theirs"
  holds "podman's container opens its GPUs" "$theirs" ENXIO
done
run $pod --device nvidia.com/gpu=7 plain:1 true
[ "$code" != 0 ] || fail "podman gave a device that is not there"
fails 125 "unresolvable CDI devices nvidia.com/gpu=7" "$SUIT" run --rm --cdi-spec-dir "$here/cdi" \
  --device nvidia.com/gpu=7 plain:1 true
umount /etc/cdi
podman rmi -a -f >/dev/null 2>&1
awk -v d="$dir/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mount; do umount -l "$mount"; done
finish
