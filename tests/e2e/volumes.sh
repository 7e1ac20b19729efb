#!/bin/sh
# Volumes: named, anonymous, the image's; copy-up, sharing, removal; --mount in its kinds.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1

ok "$SUIT" volume create data
same "create says the name" "$out" data
ok "$SUIT" run --rm -v data:/d $base sh -c 'echo one >/d/f'
ok "$SUIT" run --rm -v data:/d $base cat /d/f
same "outlives its container" "$out" one
ok "$SUIT" run --rm -v data:/d:ro $base sh -c 'echo two >/d/f || echo refused'
same "read-only" "$out" refused
ok "$SUIT" volume inspect -f '{{.Mountpoint}}' data
same "where it is" "$out" "$SUIT_ROOT/volumes/data/_data"
ok "$SUIT" volume ls -q
same "ls" "$out" data
ok "$SUIT" volume ls --filter dangling=true --format '{{.Name}} {{.Driver}}'
same "dangling" "$out" "data local"
fails 1 "did you mean \"data\"" "$SUIT" volume inspect dtaa
fails 1 "too short" "$SUIT" volume create a
fails 125 "includes invalid characters" "$SUIT" run --rm -v 'sub/dir:/d' $base true
holds "a hint for a relative path" "$err" "./sub/dir"
fails 125 "bind source path" "$SUIT" run --rm -v ./not-there:/d $base true
fails 125 "duplicate mount point" "$SUIT" run --rm -v data:/d --tmpfs /d/ $base true
fails 125 "not the root" "$SUIT" run --rm -v data:/.. $base true

# An image's VOLUME becomes a volume of the container's own, with the image's content.
mkdir ctx
cat >ctx/Dockerfile <<EOF
FROM $base
RUN mkdir -p /seed/inner && echo from-image >/seed/inner/f && chmod 1777 /seed && chown 7:8 /seed/inner/f
VOLUME /seed
EOF
ok "$SUIT" build -q -t seeded ctx
ok "$SUIT" run --name first seeded sh -c 'cat /seed/inner/f; stat -c "%a" /seed; stat -c "%u:%g" /seed/inner/f; echo mine >/seed/g'
same "copied up" "$(echo "$out" | tr '\n' ' ')" "from-image 1777 7:8 "
ok "$SUIT" inspect -f '{{(index .Mounts 0).Type}} {{(index .Mounts 0).Destination}}' first
same "inspect" "$out" "volume /seed"
ok "$SUIT" run --rm --volumes-from first $base cat /seed/g
same "volumes-from" "$out" mine
ok "$SUIT" run --rm --volumes-from first:ro $base sh -c 'echo x >/seed/g || echo refused'
same "volumes-from :ro" "$out" refused
fails 125 "invalid mode for volumes-from" "$SUIT" run --rm --volumes-from first:xx $base true
name=$("$SUIT" inspect -f '{{(index .Mounts 0).Name}}' first)
fails 1 "volume is in use - [" "$SUIT" volume rm "$name"
ok "$SUIT" ps -aq --filter "volume=$name"
same "ps by volume" "${#out}" 12
ok "$SUIT" rm -v first
ok "$SUIT" volume ls -q
same "rm -v takes it along" "$out" data
ok "$SUIT" run --rm seeded true
ok "$SUIT" volume ls -q
same "--rm takes it along" "$out" data

# A named volume is filled once, and only when it is empty; nocopy leaves it so.
ok "$SUIT" run --rm -v named:/seed seeded cat /seed/inner/f
same "copy-up into a named one" "$out" from-image
ok "$SUIT" run --rm -v data:/seed seeded sh -c 'ls /seed'
same "one that holds something stays" "$out" f
ok "$SUIT" run --rm --mount type=volume,src=bare,dst=/seed,volume-nocopy seeded sh -c 'ls -A /seed'
same "volume-nocopy" "$out" ""

# A part of a volume; links in it lead nowhere else.
ok "$SUIT" run --rm -v data:/d $base sh -c 'mkdir /d/part; echo p >/d/part/f; ln -s /etc /d/out'
ok "$SUIT" run --rm --mount type=volume,src=data,dst=/p,volume-subpath=part $base cat /p/f
same "subpath" "$out" p
fails 125 "subpath \"out\"" "$SUIT" run --rm --mount type=volume,src=data,dst=/p,volume-subpath=out $base true
ok "$SUIT" run --rm --mount type=volume,src=data,dst=/p,volume-subpath=../../.. $base ls /p
holds "above the volume is the volume" "$out" part

# Outer before inner, whatever the order of the flags.
mkdir -p host/inner
echo outer >host/f
ok "$SUIT" run --rm -v data:/h/inner -v ./host:/h:ro $base sh -c 'cat /h/f /h/inner/f'
same "nested" "$(echo "$out" | tr '\n' ' ')" "outer one "

ok "$SUIT" run --rm --tmpfs /t:size=1m $base sh -c 'df /t | tail -1 | cut -d " " -f 1'
same "tmpfs" "$out" tmpfs
ok "$SUIT" run --rm --read-only --tmpfs /t $base sh -c 'echo x >/t/f && (echo x >/f || echo refused)'
same "read-only root" "$out" refused
ok "$SUIT" run --rm --shm-size 2m $base sh -c "df -k /dev/shm | tail -1 | tr -s ' ' | cut -d ' ' -f 2"
same "shm-size" "$out" 2048

ok "$SUIT" volume rm data named
ok "$SUIT" volume prune -f
lacks "prune spares named ones" "$out" bare
ok "$SUIT" volume prune -af
holds "prune -a" "$out" bare
ok "$SUIT" volume rm -f not-there
finish
