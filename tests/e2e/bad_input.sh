#!/bin/sh
# Wrong words: named, placed, with the nearest right one, the right exit code, and nothing half-made left.
. "$(dirname "$0")/lib.sh"

mkdir p && cd p || exit 1
dockerfile() { printf "$1" >Dockerfile; }

dockerfile 'FROM spacesuit/base:1\nCOPPY a /a\n'
fails 1 "Dockerfile:2:1" "$SUIT" build .
holds "nearest instruction" "$err" "did you mean COPY?"
holds "caret" "$err" "^^^^^"

dockerfile 'FROM spacesuit/base:1\nRUN false\n'
fails 1 'process "/bin/sh -c false" did not complete successfully: exit code: 1' "$SUIT" build .
holds "place" "$err" "Dockerfile:2"

dockerfile 'FROM spacesuit/base:1\nCOPY missing.txt /\n'
touch missing.tx
fails 1 "missing.txt" "$SUIT" build .
holds "nearest file" "$err" "missing.tx"
echo 'hidden.*' >.dockerignore && touch hidden.txt
dockerfile 'FROM spacesuit/base:1\nCOPY hidden.txt /\n'
fails 1 ".dockerignore" "$SUIT" build .
rm .dockerignore

dockerfile 'FROM python:3.9\nRUN true\n'
fails 1 "python:3.9" "$SUIT" build .
holds "where it looked" "$err" "docker.io/library/python:3.9"
holds "what to do" "$err" "suit load"

dockerfile 'FROM spacesuit/base:1 AS build\nFROM spacesuit/base:1\nCOPY --from=biuld /a /a\n'
fails 1 "biuld" "$SUIT" build .
fails 1 "bulid" "$SUIT" build . --target bulid
dockerfile 'FROM spacesuit/base:1\nUSER nobdy\nRUN id\n'
fails 1 "nobdy" "$SUIT" build .
dockerfile 'FROM spacesuit/base:1\nCOPY --chown=pilto Dockerfile /\n'
fails 1 "pilto" "$SUIT" build .
holds "nearest user" "$err" "pilot"
dockerfile ''
fails 1 "Dockerfile" "$SUIT" build .
rm Dockerfile
fails 1 "Dockerfile" "$SUIT" build .
fails 1 "/no/such/directory" "$SUIT" build /no/such/directory
fails 125 "--tga" "$SUIT" build --tga x .
dockerfile 'FROM spacesuit/base:1\nRUN sleep 1000\n'
fails 1 "invalid reference format" "$SUIT" build -t 'Bad Name' .

fails 1 "no such container" "$SUIT" stop nobody
fails 1 "no such container" "$SUIT" rm nobody
fails 1 "nothing" "$SUIT" rmi nothing
fails 1 "nothing" "$SUIT" image inspect nothing
fails 1 "" "$SUIT" load -i /no/such/file
printf 'this is no archive' >bad.tar
fails 1 "" "$SUIT" load -i bad.tar
head -c 5000 /dev/urandom >noise.tar
fails 1 "" "$SUIT" load -i noise.tar
fails 1 "" "$SUIT" import noise.tar noise:1
same "nothing was imported" "$("$SUIT" images -q | sort -u | wc -l)" 1

# A context that looks outside: links stay links, never what they point to.
ln -s /etc/shadow link
dockerfile 'FROM spacesuit/base:1\nCOPY link /link\n'
run "$SUIT" build . -t link:1
if [ "$code" = 0 ]; then
  run "$SUIT" run --rm link:1 cat /link
  lacks "the host's shadow file" "$out" "root:"
fi
mkfifo pipe
dockerfile 'FROM spacesuit/base:1\nCOPY pipe /pipe\n'
timeout 20 "$SUIT" build . -t pipe:1 >/dev/null 2>&1
same "a fifo does not hang the build" "$([ $? = 124 ] && echo hangs)" ""
dockerfile 'FROM spacesuit/base:1\nCOPY ../../../../etc/hostname /x\n'
fails 1 "etc/hostname" "$SUIT" build .
finish
