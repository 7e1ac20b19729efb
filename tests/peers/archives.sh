#!/bin/sh
# Images travel: ours into Docker, podman and skopeo, theirs into ours, and run the same on each side.
. "$(dirname "$0")/../e2e/lib.sh"
engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
for peer in dockerd podman skopeo; do
  command -v $peer >/dev/null || skip "needs $peer (Debian's docker.io, podman, skopeo)"
done
export SUIT_PEERS_DIR="$here/peers"
trap 'sh "$engines" stop >/dev/null 2>&1' EXIT
sh "$engines" start >engines.log 2>&1 || skip "the peers do not start here: $(tail -3 engines.log)"
eval "$(sh "$engines" env)"
mounts_before=$(mounts_now)

mkdir p && cd p || exit 1
printf 'data\n' >file && chmod 640 file
cat >Dockerfile <<'D'
FROM spacesuit/base:1
ENV GREETING=hello PLACE="outer space"
WORKDIR /app
COPY file .
RUN ln file hard && ln -s file soft && mkfifo pipe && chmod 1777 . && rm /etc/os-release
USER pilot:pilot
EXPOSE 80/tcp
LABEL a=b
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo $GREETING $PLACE $(id -un) $(pwd) $(ls -A | tr '\\n' ' ')$(ls /etc/os-release 2>/dev/null)"]
D
ok "$SUIT" build -q -t travel:1 .
ok "$SUIT" run --rm travel:1
said=$out
same "said at home" "$said" "hello outer space pilot /app file hard pipe soft"
config='{{json .Config.Env}} {{json .Config.Cmd}} {{json .Config.Entrypoint}} {{.Config.WorkingDir}} {{.Config.User}} {{json .Config.ExposedPorts}} {{json .Config.Labels}}'
ok "$SUIT" image inspect --format "$config" travel:1
ours=$out
id=$("$SUIT" image inspect --format '{{.Id}}' travel:1)
ok "$SUIT" save -o travel.tar travel:1

ok "$SUIT_DOCKER" load -i travel.tar
same "docker: same image id" "$("$SUIT_DOCKER" image inspect --format '{{.Id}}' travel:1)" "$id"
same "docker: same config" "$("$SUIT_DOCKER" image inspect --format "$config" travel:1)" "$ours"
same "docker: says the same" "$("$SUIT_DOCKER" run --rm --pull never --network none travel:1)" "$said"
ok podman load -i travel.tar
same "podman: same config" "$(podman image inspect --format "$config" travel:1)" "$ours"
same "podman: says the same" "$(podman run --rm --pull never --network none travel:1)" "$said"
ok skopeo inspect docker-archive:travel.tar
ok skopeo copy oci-archive:travel.tar oci:layout:travel

# And back.
ok "$SUIT_DOCKER" save -o docker.tar travel:1
ok podman save -q -o podman.tar travel:1
ok podman save -q --format oci-archive -o podman-oci.tar travel:1
ok skopeo copy docker-archive:docker.tar oci-archive:skopeo.tar:travel:1
for archive in docker podman podman-oci skopeo; do
  ok "$SUIT" rmi -f "$("$SUIT" images -q travel | head -1)"
  ok "$SUIT" load -i $archive.tar
  holds "$archive.tar: names what it loaded" "$out" "Loaded image"
  loaded=$(echo "$out" | sed -n 's/^Loaded image\( ID\)*: //p' | tail -1)
  ok "$SUIT" run --rm "$loaded"
  same "$archive.tar: says the same" "$out" "$said"
  ok "$SUIT" tag "$loaded" travel:1
done
"$SUIT_DOCKER" rmi -f travel:1 >/dev/null 2>&1
podman rmi -f travel:1 >/dev/null 2>&1
sh "$engines" stop >/dev/null 2>&1
mounts_before=$(mounts_now)
finish
