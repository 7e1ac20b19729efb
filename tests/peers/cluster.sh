# An image pushed by us is pulled and run by containerd, with suit-oci as its runtime: what a cluster does.

. "$SUIT_SOURCE_DIR/tests/e2e/lib.sh"
. "$SUIT_SOURCE_DIR/tests/support/registry.sh"
for tool in docker-registry containerd ctr; do
  command -v $tool >/dev/null || skip "needs $tool"
done
export SUIT_REGISTRIES="$here/registries.json"
echo '{}' >"$SUIT_REGISTRIES"
end_all() {
  [ -z "${daemon:-}" ] || { kill "$daemon"; wait "$daemon"; } 2>/dev/null
  registry_stop_all
  rm -rf "$here"
}
trap end_all EXIT
registry_start cluster || fail "docker-registry does not start"
cat >containerd.toml <<EOF
version = 2
root = "$here/c"
state = "$here/s"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$here/c.sock"
[ttrpc]
  address = "$here/t.sock"
EOF
containerd --config containerd.toml >containerd.log 2>&1 &
daemon=$!
until_true 20 ctr -a "$here/c.sock" version || skip "containerd does not start here: $(tail -n 1 containerd.log)"
mkdir context
printf 'FROM spacesuit/base:1\nRUN echo from a cluster >/said\n' >context/Dockerfile
ok "$SUIT" build -q -t "$registry/team/app:1" context
ok "$SUIT" push -q "$registry/team/app:1"
ok ctr -a "$here/c.sock" image pull --plain-http "$registry/team/app:1"
oci="$(dirname "$SUIT")/suit-oci"
ok ctr -a "$here/c.sock" run --rm --runtime io.containerd.runc.v2 --runc-binary "$oci" "$registry/team/app:1" one cat /said
same "what it says" "$out" "from a cluster"
ctr -a "$here/c.sock" image rm "$registry/team/app:1" >/dev/null 2>&1
finish
