# What one pushes, the others pull: suit, skopeo, podman and dockerd around one registry, and the digests
# agree. Then pulls that are killed at random moments: no byte is fetched twice.

. "$SUIT_SOURCE_DIR/tests/e2e/lib.sh"
. "$SUIT_SOURCE_DIR/tests/support/registry.sh"
for tool in docker-registry skopeo jq; do
  command -v $tool >/dev/null || skip "needs $tool"
done
export SUIT_PEERS_DIR="$here/peers" SUIT_REGISTRIES="$here/registries.json"
engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
trap 'sh "$engines" stop >/dev/null 2>&1; registry_stop_all; rm -rf "$here"' EXIT
echo '{}' >"$SUIT_REGISTRIES"
registry_start peers || fail "docker-registry does not start"
sh "$engines" start >engines.log 2>&1 && eval "$(sh "$engines" env)"

mkdir context
head -c 3000000 /dev/urandom >context/noise
printf 'FROM spacesuit/base:1\nCOPY noise /a\nRUN ln -s a /link && rm /etc/motd 2>/dev/null; echo b >/b\n' >context/Dockerfile
ok "$SUIT" build -q -t "$registry/app:1" context
id=$out

# Ours: each compression that is pushed comes to all others with the same id.
for compression in gzip zstd none; do
  ok "$SUIT" tag "$id" "$registry/app:$compression"
  ok "$SUIT" push -q --compression $compression "$registry/app:$compression"
  ok skopeo inspect --tls-verify=false --raw "docker://$registry/app:$compression"
  same "$compression: the image's id for skopeo" "$(echo "$out" | jq -r .config.digest)" "$id"
  ok skopeo copy -q --src-tls-verify=false "docker://$registry/app:$compression" "dir:$here/copy-$compression"
  rm -rf "$here/copy-$compression"
  if command -v podman >/dev/null; then
    ok podman pull -q --tls-verify=false "$registry/app:$compression"
    same "$compression: the image's id for podman" "sha256:$out" "$id"
    podman rmi -f "$registry/app:$compression" >/dev/null 2>&1
  fi
done
if [ -n "${SUIT_DOCKER:-}" ] && "$SUIT_DOCKER" version >/dev/null 2>&1; then
  ok "$SUIT_DOCKER" pull -q "$registry/app:gzip"
  ok "$SUIT_DOCKER" image inspect --format '{{.Id}}' "$registry/app:gzip"
  same "the image's id for docker" "$out" "$id"
  ok "$SUIT_DOCKER" tag "$registry/app:gzip" "$registry/by-docker:1"
  ok "$SUIT_DOCKER" push -q "$registry/by-docker:1"
fi

# Theirs: what skopeo and docker push, we pull; an index brings this host's platform.
ok "$SUIT" save -o app.tar "$registry/app:1"
ok skopeo copy -q --dest-tls-verify=false "docker-archive:app.tar:$registry/app:1" "docker://$registry/by-skopeo:1"
ok skopeo copy -q --format v2s2 --dest-tls-verify=false "docker-archive:app.tar:$registry/app:1" "docker://$registry/by-skopeo:v2"
export SUIT_ROOT="$here/second"
for name in by-skopeo:1 by-skopeo:v2 by-docker:1; do
  [ "$name" != by-docker:1 ] || "${SUIT_DOCKER:-false}" version >/dev/null 2>&1 || continue
  ok "$SUIT" pull -q "$registry/$name"
  want=$(skopeo inspect --tls-verify=false --raw "docker://$registry/$name" | jq -r .config.digest)
  same "$name: id" "$("$SUIT" image inspect -f '{{.Id}}' "$registry/$name")" "$want"
  ok "$SUIT" run --rm --network none "$registry/$name" cat /b
  same "$name: content" "$out" b
done

manifest=$(skopeo inspect --tls-verify=false --raw "docker://$registry/app:gzip")
digest=sha256:$(printf '%s' "$manifest" | sha256sum | cut -d' ' -f1)
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"platform":{"architecture":"%s","os":"linux"}}]}' \
  "$digest" "${#manifest}" "$("$SUIT" image inspect -f '{{.Architecture}}' "$registry/by-skopeo:1")" >index.json
ok curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @index.json \
  "http://$registry/v2/app/manifests/many"
ok "$SUIT" pull -q "$registry/app:many"
fails 1 "no matching manifest for linux/s390x" "$SUIT" pull --platform linux/s390x "$registry/app:many"

# Killed at random moments, then finished: the registry's log counts the bytes of each layer.
export SUIT_ROOT="$here/root"
head -c 48000000 /dev/urandom >context/noise
ok "$SUIT" build -q -t "$registry/big:1" context
ok "$SUIT" push -q --compression none "$registry/big:1"
manifest=$(skopeo inspect --tls-verify=false --raw "docker://$registry/big:1")
layer=$(printf '%s' "$manifest" | jq -r '.layers | max_by(.size) | .digest')
size=$(printf '%s' "$manifest" | jq -r '.layers | max_by(.size) | .size')
part_of() { stat -c %s "$SUIT_ROOT/partial/${layer#sha256:}" 2>/dev/null || echo 0; }
cut_short=0
rounds=${SUIT_TEST_KILLS:-5}
for round in $(seq 1 "$rounds"); do
  export SUIT_ROOT="$here/killed"
  rm -rf "$SUIT_ROOT"
  "$SUIT" images >/dev/null
  want=$(($(od -An -N2 -tu2 /dev/urandom) * 500))
  "$SUIT" pull -q "$registry/big:1" >/dev/null 2>&1 &
  puller=$!
  while kill -0 "$puller" 2>/dev/null && [ "$(part_of)" -le "$want" ]; do :; done
  kill -9 "$puller" 2>/dev/null
  wait "$puller" 2>/dev/null
  part=$(part_of)
  [ ! -e "$SUIT_ROOT/blobs/sha256/${layer#sha256:}" ] || part=$size
  [ "$part" = "$size" ] || [ "$part" = 0 ] || cut_short=$((cut_short + 1))
  seen=$(wc -c <"$registries/peers.log")
  ok "$SUIT" pull -q "$registry/big:1"
  fetched=$(tail -c "+$((seen + 1))" "$registries/peers.log" | grep -a -F "\"GET /v2/big/blobs/$layer" |
    sed -n 's/.*HTTP\/1.1" 20[06] \([0-9]*\) .*/\1/p' | tail -n 1)
  same "round $round: bytes fetched after $part" "${fetched:-0}" $((size - part))
  ok "$SUIT" system check
done
[ "$cut_short" -gt 0 ] || fail "no pull was cut in the middle of its layer"
echo "pulls cut in the middle of the layer: $cut_short of $rounds"
sh "$engines" stop >/dev/null 2>&1

finish
