#!/bin/sh
# The main job: a Dockerfile becomes an image, the image a container, and the second build a no-op.
. "$(dirname "$0")/lib.sh"

mkdir project && cd project || exit 1
printf 'pandas==2.0\n' >requirements.txt
printf 'echo working in $(pwd) as $(id -un) with $GREETING\n' >app.sh
printf 'secret.txt\n*.log\n' >.dockerignore
printf 'hidden' >secret.txt
printf 'noise' >debug.log
cat >Dockerfile <<'D'
# syntax=docker/dockerfile:1
ARG BASE=spacesuit/base:1
FROM ${BASE}
ARG VERSION=1.0
LABEL org.example.version=${VERSION}
ENV GREETING="good morning"
WORKDIR /app
COPY requirements.txt .
RUN cp requirements.txt installed.txt && mkdir -p data && touch data/file && chmod 700 data
COPY . .
RUN rm installed.txt
USER pilot
EXPOSE 8080
ENTRYPOINT ["/bin/sh"]
CMD ["app.sh"]
D

ok "$SUIT" build . -t myimage:1.0
holds "plain progress" "$err$out" "RUN cp requirements.txt installed.txt"
first=$("$SUIT" image inspect --format '{{.Id}}' myimage:1.0)

ok "$SUIT" run --rm myimage:1.0
same "default command" "$out" "working in /app as pilot with good morning"
ok "$SUIT" run --rm --entrypoint /bin/echo myimage:1.0 "Hello world"
same "the article's run" "$out" "Hello world"
ok "$SUIT" run --rm myimage:1.0 -c 'ls -A'
same "what COPY brought, what RUN removed" "$(echo "$out" | tr '\n' ' ')" ".dockerignore Dockerfile app.sh data requirements.txt "

ok "$SUIT" build . -t myimage:1.0
lacks "second build" "$err$out" "working in"
same "the second build is a no-op" "$("$SUIT" image inspect --format '{{.Id}}' myimage:1.0)" "$first"
same "steps cached" "$(echo "$err$out" | grep -c ' CACHED$')" 6

# Another requirement: exactly the steps from that COPY on run again.
printf 'pandas==2.1\n' >requirements.txt
ok "$SUIT" build . -t myimage:1.0
same "steps still cached" "$(echo "$err$out" | grep -c ' CACHED$')" 2

ok "$SUIT" build . -t myimage:2.0 --build-arg VERSION=2.0 --label team=data
ok "$SUIT" image inspect --format '{{index .Config.Labels "org.example.version"}} {{.Config.User}} {{.Config.WorkingDir}}' myimage:2.0
same "config" "$out" "2.0 pilot /app"

ok "$SUIT" image list
holds "table" "$out" "REPOSITORY"
holds "table" "$out" "myimage"
ok "$SUIT" tag myimage:2.0 registry.example:5000/team/myimage:2.0
ok "$SUIT" images --format '{{.Repository}}:{{.Tag}}'
holds "names" "$out" "registry.example:5000/team/myimage:2.0"

ok "$SUIT" save -o both.tar myimage:1.0 myimage:2.0
ok "$SUIT" rmi myimage:1.0 myimage:2.0 registry.example:5000/team/myimage:2.0
fails 125 "myimage:1.0" "$SUIT" run --rm myimage:1.0
ok "$SUIT" load -i both.tar
ok "$SUIT" run --rm myimage:2.0
same "after load" "$out" "working in /app as pilot with good morning"

ok sh -c "\"$SUIT\" save spacesuit/base:1 | gzip | \"$SUIT\" load"
mkdir rootfs && cp -r /bin/busybox rootfs/ && mkdir -p rootfs/bin && mv rootfs/busybox rootfs/bin/ && ln -s busybox rootfs/bin/sh
tar -C rootfs -cf rootfs.tar .
ok "$SUIT" import rootfs.tar tiny:1
ok "$SUIT" run --rm tiny:1 /bin/sh -c 'echo imported'
same "imported" "$out" "imported"
finish
