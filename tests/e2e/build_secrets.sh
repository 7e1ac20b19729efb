#!/bin/sh
# Build secrets reach the step that asks for them, and nothing else: a canary is looked for, plain and
# encoded, in everything that the build could have written.
. "$(dirname "$0")/lib.sh"
canary="kanarie-$(head -c 18 /dev/urandom | base64 | tr -dc a-z0-9 | head -c 20)"
mkdir p && cd p || exit 1
printf '%s' "$canary" >"$here/secret.txt"

# leaks WHERE: files below with the canary, its hex or its base64 in them, their names included
leaks() {
  hex=$(printf %s "$canary" | od -An -tx1 | tr -d ' \n')
  # The middle of the base64 of three alignments is found by the value without its ends.
  b64=$(printf %s "$canary" | base64 -w 0 | cut -c 1-20)
  grep -r -l -a -F -e "$canary" -e "$hex" -e "$b64" "$@" 2>/dev/null
  find "$@" -name "*$canary*" 2>/dev/null
}
# The scanner finds what is there, or its silence means nothing.
printf %s "$canary" | base64 -w 0 >"$here/probe"
holds "the scanner finds base64" "$(leaks "$here/probe")" probe
rm "$here/probe"

cat >Dockerfile <<'D'
FROM spacesuit/base:1
RUN --mount=type=secret,id=mypass test -s /run/secrets/mypass && stat -c '%a %u %g' /run/secrets/mypass
RUN --mount=type=secret,id=mypass,target=/opt/deep/cred,mode=0440,uid=7,gid=8,env=TOKEN \
    stat -c '%a %u %g' /opt/deep/cred && [ "$TOKEN" = "$(cat /opt/deep/cred)" ]
RUN --mount=type=secret,id=absent [ ! -e /run/secrets/absent ]
RUN --mount=type=secret,id=absent,env=NONE [ -z "$NONE" ] && env | grep -q '^NONE=$'
RUN [ ! -e /run/secrets ] && [ ! -e /opt ] && [ -z "$TOKEN" ]
D
ok "$SUIT" build --progress=plain --secret "id=mypass,src=$here/secret.txt" -t quiet:1 .
holds "default mode and owner" "$err" " 400 0 0"
holds "given mode and owner" "$err" " 440 7 8"
lacks "nothing was printed" "$err" "printed secret"
same "steps with mounts make no layer" "$("$SUIT" image inspect --format '{{len .RootFS.Layers}}' quiet:1)" 1
lacks "history" "$("$SUIT" history --no-trunc quiet:1)" "$canary"
same "leaks" "$(leaks "$SUIT_ROOT")" ""

# A new value builds nothing again; --no-cache does.
printf 'another-%s\n' "$canary" >"$here/secret.txt"
ok "$SUIT" build --progress=plain --secret "id=mypass,src=$here/secret.txt" -t quiet:1 .
lacks "a new value" "$err" "DONE 0.1s"
holds "a new value" "$err" "CACHED"
printf '%s' "$canary" >"$here/secret.txt"

# Who prints it prints it, and is told; --redact masks.
printf 'FROM spacesuit/base:1\nRUN --mount=type=secret,id=mypass cat /run/secrets/mypass; cat /run/secrets/mypass | base64\n' >Dockerfile
ok "$SUIT" build --no-cache --progress=plain --secret "id=mypass,src=$here/secret.txt" .
holds "printed" "$err" "$canary"
holds "marked" "$err" 'printed secret "mypass"'
ok "$SUIT" build --no-cache --progress=plain --redact --secret "id=mypass,src=$here/secret.txt" .
lacks "redacted" "$err" "$canary"
holds "masked" "$err" "[secret mypass]"
MYPASS=$canary ok env MYPASS="$canary" "$SUIT" build --no-cache --progress=plain --redact --secret id=mypass,env=MYPASS .
holds "from a variable" "$err" "[secret mypass]"
same "leaks after printing" "$(leaks "$SUIT_ROOT")" ""

# A secret that is copied into the image is the user's own doing, and stays a layer of its own.
printf 'FROM spacesuit/base:1\nRUN --mount=type=secret,id=mypass cp /run/secrets/mypass /kept\n' >Dockerfile
ok "$SUIT" build --secret "id=mypass,src=$here/secret.txt" -t leaky:1 .
holds "the scanner finds a leak" "$(leaks "$SUIT_ROOT")" "blobs/sha256"
ok "$SUIT" rmi leaky:1
ok "$SUIT" builder prune -af

# After a failure and after SIGKILL nothing is left of it either.
printf 'FROM spacesuit/base:1\nRUN --mount=type=secret,id=mypass sleep 1000\n' >Dockerfile
setsid "$SUIT" build --no-cache -q --secret "id=mypass,src=$here/secret.txt" . >/dev/null 2>&1 &
build=$!
until_true 10 sh -c "find \"$SUIT_ROOT/work\" -mindepth 2 | grep -q ." || fail "the step did not start"
same "leaks while it runs" "$(leaks "$SUIT_ROOT")" ""
lacks "the host's mounts" "$(cat /proc/self/mountinfo)" "$here/root/work"
kill -9 $build
wait $build 2>/dev/null
"$SUIT" ps >/dev/null
same "leaks after SIGKILL" "$(leaks "$SUIT_ROOT")" ""
same "work that is left" "$(ls "$SUIT_ROOT/work" | wc -l)" 0

printf 'FROM spacesuit/base:1\nRUN --mount=type=secret,id=mypas,required true\n' >Dockerfile
fails 1 "secret mypas: not found (did you mean \"mypass\"?)" "$SUIT" build --secret "id=mypass,src=$here/secret.txt" .
fails 1 "failed to stat gone.txt" "$SUIT" build --secret id=x,src=gone.txt .
finish
