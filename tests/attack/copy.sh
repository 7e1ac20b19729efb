#!/bin/sh
# cp against a container that means harm: nothing outside its root is read or written.
. "$(dirname "$0")/../e2e/lib.sh"
base=spacesuit/base:1

mkdir canary
echo untouched >canary/file
chmod 0711 canary
echo secret >canary/secret
intact() {
  same "$1: canary" "$(cat canary/file)" untouched
  same "$1: names" "$(ls canary | tr '\n' ' ')" "file secret "
  same "$1: mode" "$(stat -c %a canary)" 711
}
up=../../../../../../../../../../../..

# CVE-2019-10152: links of the container that point out, as source and as target.
ok "$SUIT" run -d --name evil $base sh -c "
  ln -s $here/canary /abs; ln -s $up$here/canary /rel; ln -s $here/canary/file /absfile
  mkdir /d; ln -s $here/canary /d/sub; echo mine >/mine; sleep 1000"
until_true 5 sh -c "\"$SUIT\" cp evil:/mine - >/dev/null 2>&1" || fail "evil did not start"
for phase in running stopped; do
  echo payload >payload
  for path in /abs/file /rel/file /absfile /abs/secret "/abs/../..$here/canary/secret"; do
    run "$SUIT" cp -L "evil:$path" got
    checks=$((checks + 1))
    [ ! -e got ] || fail "$phase: $path came out: $(cat got)"
    rm -rf got
  done
  for path in /abs/planted /rel/planted /absfile /abs/ /d/sub/planted "$up$here/canary/planted"; do
    run "$SUIT" cp payload "evil:$path"
    intact "$phase: into $path"
  done
  mkdir -p tree/sub && echo payload >tree/sub/planted
  run "$SUIT" cp tree/. evil:/d
  intact "$phase: a tree over a link"
  # Archives that climb or plant a link and write through it.
  tar c -P --transform "s,^payload,$up$here/canary/planted," payload | "$SUIT" cp - evil:/tmp >/dev/null 2>&1
  intact "$phase: .. in a tar"
  rm -rf stage && mkdir stage && ln -s "$here/canary" stage/door
  tar cf two.tar -C stage door
  rm stage/door && mkdir stage/door && echo payload >stage/door/planted
  tar rf two.tar -C stage door/planted
  "$SUIT" cp - evil:/tmp <two.tar >/dev/null 2>&1
  intact "$phase: through a planted link"
  # A tree of the container's that holds links, unpacked beside the canary: links stay links.
  run "$SUIT" cp evil:/d out
  intact "$phase: out to the host"
  rm -rf out
  [ $phase = running ] && ok "$SUIT" kill evil && ok "$SUIT" wait evil
done

# CVE-2018-15664: a component that is a directory now and a link then, while we copy both ways.
ok "$SUIT" run -d --name flip $base sh -c "
  mkdir /dir; echo mine >/dir/file; ln -s $here/canary /link
  while :; do mv /dir /x; mv /link /dir; mv /dir /link; mv /x /dir; done"
i=0
while [ $i -lt 60 ]; do
  "$SUIT" cp flip:/dir/file got >/dev/null 2>&1
  checks=$((checks + 1))
  grep -q -e untouched got 2>/dev/null && fail "the host's file came out"
  rm -rf got
  "$SUIT" cp flip:/dir/. got-tree >/dev/null 2>&1
  [ ! -e got-tree/secret ] || fail "the host's directory came out"
  rm -rf got-tree
  "$SUIT" cp payload flip:/dir/planted >/dev/null 2>&1
  "$SUIT" cp payload flip:/dir/file >/dev/null 2>&1
  i=$((i + 1))
done
intact "flipping"
ok "$SUIT" rm -f flip

# CVE-2019-14271: nothing of the container is loaded or run to copy from it. Its libnss says so.
ok "$SUIT" run --name libs $base sh -c 'mkdir -p /lib/x86_64-linux-gnu /etc; for l in libnss_files.so.2 libnss_compat.so.2; do echo broken >/lib/x86_64-linux-gnu/$l; done; echo "passwd: files" >/etc/nsswitch.conf; echo /evil.so >/etc/ld.so.preload; echo ok >/f'
ok "$SUIT" cp -q libs:/f got
same "with broken libraries" "$(cat got)" ok

# CVE-2021-41089, -41091: modes of host directories stay, and the store is closed to others.
mkdir -m 0700 closed
ok "$SUIT" cp -q libs:/f closed/f
same "mode of the target directory" "$(stat -c %a closed)" 700
same "the store is closed" "$(stat -c %a "$SUIT_ROOT")" 700
ok "$SUIT" rm -f libs evil

# A volume's links lead nowhere when it is shown in part, even if the way is there on the host.
mkdir -p deep/part
ok "$SUIT" run --rm -v vol:/v $base sh -c "mkdir -p /v$here/deep; ln -s $here/deep /v/way; mkdir -p /v$here/deep/part; echo volume >/v$here/deep/part/f"
echo host >deep/part/f
ok "$SUIT" run --rm --mount type=volume,src=vol,dst=/p,volume-subpath=way/part $base cat /p/f
same "in the volume" "$out" volume
ok "$SUIT" volume rm vol
finish
