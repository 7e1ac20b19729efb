# Push, pull, log in: against Debian's docker-registry, plain, with TLS and htpasswd, with tokens.

. "$SUIT_SOURCE_DIR/tests/e2e/lib.sh"
. "$SUIT_SOURCE_DIR/tests/support/registry.sh"
command -v docker-registry >/dev/null || skip "needs docker-registry"
command -v htpasswd >/dev/null || skip "needs htpasswd"
trap 'registry_stop_all; rm -rf "$here"' EXIT

export DOCKER_CONFIG="$here/docker" SUIT_REGISTRIES="$here/registries.json" HOME="$here" XDG_RUNTIME_DIR="$here"
echo '{}' >"$SUIT_REGISTRIES"

mkdir context
echo one >context/one
cat >context/Dockerfile <<'EOF'
FROM spacesuit/base:1
COPY one /one
RUN echo two >/two
EOF

# Plain: what is pushed comes back with the same id, and only once over the wire.
registry_start plain || fail "docker-registry does not start"
ok "$SUIT" build -q -t "$registry/team/app:1" context
id=$out
ok "$SUIT" push --dry-run "$registry/team/app:1"
holds "plan of a push" "$out" "compress"
ok "$SUIT" push "$registry/team/app:1"
holds "push" "$out" "The push refers to repository [$registry/team/app]"
holds "push" "$out" "1: digest: sha256:"
digest=$(echo "$out" | sed -n 's/^1: digest: \(sha256:[0-9a-f]*\) size: .*/\1/p')
ok "$SUIT" push "$registry/team/app:1"
holds "second push" "$out" "Layer already exists"
lacks "second push" "$out" ": Pushed"
ok "$SUIT" tag "$registry/team/app:1" "$registry/other/app:2"
ok "$SUIT" push "$registry/other/app:2"
holds "push to another repository" "$out" "Mounted"

ok "$SUIT" image ls-remote "$registry/team/app"
same "tags" "$out" 1
ok "$SUIT" manifest inspect "$registry/team/app:1"
holds "manifest" "$out" '"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"'
ok "$SUIT" manifest inspect --raw "$registry/team/app:1"
same "digest of the manifest" "sha256:$(printf '%s' "$out" | sha256sum | cut -d' ' -f1)" "$digest"
ok "$SUIT" image referrers "$registry/team/app:1"
holds "referrers" "$out" '"manifests":[]'

export SUIT_ROOT="$here/second"
ok "$SUIT" pull --dry-run "$registry/team/app:1"
holds "plan of a pull" "$out" "fetch"
ok "$SUIT" images -q
same "a dry run stores nothing" "$out" ""
ok "$SUIT" pull "$registry/team/app:1"
holds "pull" "$out" "1: Pulling from team/app"
holds "pull" "$out" "Digest: $digest"
holds "pull" "$out" "Status: Downloaded newer image for $registry/team/app:1"
holds "pull" "$out" "Pull complete"
ok "$SUIT" images --no-trunc -q
same "the image's id" "$out" "$id"
ok "$SUIT" run --rm --network none "$registry/team/app:1" cat /one /two
same "what is in it" "$out" "one
two"
ok "$SUIT" pull "$registry/team/app:1"
holds "second pull" "$out" "Status: Image is up to date for $registry/team/app:1"
ok "$SUIT" pull -q "$registry/team/app@$digest"
same "a quiet pull by digest" "$out" "$registry/team/app@$digest"

# run and FROM pull what is missing, and say what they assumed.
export SUIT_ROOT="$here/third"
fails 125 "no image" "$SUIT" run --rm --pull never "$registry/team/app:1" true
ok "$SUIT" run --rm --network none "$registry/team/app:1" cat /one
same "run pulls" "$out" one
holds "run pulls" "$err" "Unable to find image '$registry/team/app:1' locally"
printf '{"aliases": {"app": "%s/team/app"}, "insecure": []}' "$registry" >"$SUIT_REGISTRIES"
ok "$SUIT" run --rm --network none app:1 cat /two
same "an alias" "$out" two
export SUIT_ROOT="$here/fourth"
printf 'FROM app:1\nRUN test -e /one\n' >context/Dockerfile
ok "$SUIT" build -q -t built context
fails 1 "manifest for $registry/team/app:none not found" "$SUIT" pull "$registry/team/app:none"
fails 1 "ls-remote" "$SUIT" pull "$registry/team/app:none"

# A mirror is asked first, and one that does not answer is passed over.
printf '{"mirrors": {"example.invalid": ["http://127.0.0.1:1", "http://%s"]}}' "$registry" >"$SUIT_REGISTRIES"
ok "$SUIT" pull -q example.invalid/team/app:1
echo '{}' >"$SUIT_REGISTRIES"
ok "$SUIT" pull -q -a "$registry/team/app"

# TLS and htpasswd.
export SUIT_ROOT="$here/root"
registry_start tls tls || fail "docker-registry does not start with TLS"
ok "$SUIT" tag "$id" "$registry/app:1"
fails 1 "certificate" "$SUIT" push "$registry/app:1"
mkdir -p "$here/.config/spacesuit/certs.d/$registry"
cp "$registries/server.crt" "$here/.config/spacesuit/certs.d/$registry/ca.crt"
fails 1 "push access denied" "$SUIT" push "$registry/app:1"
printf 'wrongsecret\n' >password
run sh -c '"$1" login -u testuser --password-stdin "$2" <password' - "$SUIT" "$registry"
same "a wrong password" "$code" 1
lacks "a wrong password" "$out$err" wrongsecret
printf 'testpassword\n' >password
run sh -c '"$1" login -u testuser --password-stdin "$2" <password' - "$SUIT" "$registry"
holds "login" "$out" "Login Succeeded"
holds "login" "$err" "stored unencrypted"
same "mode of config.json" "$(stat -c %a "$DOCKER_CONFIG/config.json")" 600
same "entry of config.json" "$(jq -r ".auths[\"$registry\"].auth" "$DOCKER_CONFIG/config.json" | base64 -d)" testuser:testpassword
ok "$SUIT" push "$registry/app:1"
lacks "push" "$out$err" testpassword
export SUIT_ROOT="$here/fifth"
ok "$SUIT" pull -q "$registry/app:1"
ok "$SUIT" logout "$registry"
holds "logout" "$out" "Removing login credentials for $registry"
fails 1 "pull access denied" "$SUIT" pull "$registry/app:1"

# Tokens: anonymous, by password, by identity token; podman's file.
export SUIT_ROOT="$here/root"
registry_start token token || fail "docker-registry does not start with tokens"
ok "$SUIT" tag "$id" "$registry/app:1"
fails 1 "push access denied" "$SUIT" push "$registry/app:1"
run sh -c '"$1" login -u testuser --password-stdin "$2" <password' - "$SUIT" "$registry"
holds "login" "$out" "Login Succeeded"
same "an identity token is kept" "$(jq -r ".auths[\"$registry\"].identitytoken" "$DOCKER_CONFIG/config.json")" testidentity
ok "$SUIT" push "$registry/app:1"
ok "$SUIT" tag "$id" "$registry/second:1"
ok "$SUIT" push "$registry/second:1"
holds "push with tokens" "$out" "Mounted"
ok "$SUIT" logout "$registry"
mkdir -p "$here/.config/containers"
printf '{"auths": {"%s/app": {"auth": "%s"}}}' "$registry" "$(printf 'testuser:testpassword' | base64)" \
  >"$here/.config/containers/auth.json"
export SUIT_ROOT="$here/sixth"
ok "$SUIT" pull -q "$registry/app:1"
fails 1 "pull access denied" "$SUIT" pull "$registry/second:1"

finish
