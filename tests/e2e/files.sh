#!/bin/sh
# cp both ways, diff, commit, export, import -c.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1

# The same table for a container that runs and one that does not.
for state in running stopped; do
  if [ $state = running ]; then
    ok "$SUIT" run -d --name box -v vol:/vol $base sleep 1000
  else
    ok "$SUIT" create --name box -v vol:/vol $base true
  fi
  rm -rf in out && mkdir -p in/dir/sub out
  echo one >in/file
  echo two >in/dir/sub/deep
  ln -s file in/link
  ok "$SUIT" cp -q in/file box:/tmp/
  ok "$SUIT" cp -q in/file box:/tmp/renamed
  chown 1234:2345 in/file
  ok "$SUIT" cp -q in/file box:/tmp/owned
  same "$state: owner inside" "$("$SUIT" cp box:/tmp/owned - | tar tv --numeric-owner | cut -d ' ' -f 2)" 1234/2345
  ok "$SUIT" cp -q box:/tmp/owned out/plain
  ok "$SUIT" cp -qa box:/tmp/owned out/kept
  same "$state: owners outside" "$(stat -c %u:%g out/plain out/kept | tr '\n' ' ')" "0:0 1234:2345 "
  ok "$SUIT" cp -q in/dir box:/tmp
  ok "$SUIT" cp -q in/dir box:/tmp/fresh
  ok "$SUIT" cp -q in/dir/. box:/vol
  ok "$SUIT" cp -q in/link box:/tmp/link
  ok "$SUIT" cp -qL in/link box:/tmp/followed
  ok "$SUIT" cp box:/tmp/file -
  for pair in "/tmp/file:one" "/tmp/renamed:one" "/tmp/dir/sub/deep:two" "/tmp/fresh/sub/deep:two" \
    "/vol/sub/deep:two" "/tmp/followed:one"; do
    rm -rf out/x
    ok "$SUIT" cp -q "box:${pair%%:*}" out/x
    same "$state ${pair%%:*}" "$(cat out/x)" "${pair#*:}"
  done
  ok "$SUIT" cp -q box:/tmp/link out/
  same "$state: a link is copied as one" "$(readlink out/link)" file
  ok "$SUIT" cp -q box:/tmp/dir out
  same "$state: into a directory" "$(cat out/dir/sub/deep)" two
  ok "$SUIT" cp -q box:/tmp/dir/. out
  same "$state: its contents" "$(cat out/sub/deep)" two
  ok "$SUIT" cp -q box:/tmp/dir out/new
  same "$state: under a new name" "$(cat out/new/sub/deep)" two
  "$SUIT" cp box:/tmp/dir - | tar t >listed
  same "$state: as a tar" "$(tr '\n' ' ' <listed)" "dir/ dir/sub/ dir/sub/deep "
  tar c -C in dir | "$SUIT" cp - box:/opt/ 2>err.txt && fail "$state: /opt is not there, and was taken"
  holds "$state: no such directory" "$(cat err.txt)" "could not find the file /opt"
  tar c -C in file | "$SUIT" cp - box:/var/ || fail "$state: a tar in"
  ok "$SUIT" cp -q box:/var/file out/from-tar
  fails 1 "could not find the file /nope in container box" "$SUIT" cp box:/nope out
  fails 1 "cannot copy a directory onto the file" "$SUIT" cp box:/tmp/dir in/file
  fails 1 "no such directory" "$SUIT" cp box:/tmp/file out/nowhere/
  fails 1 "must be there" "$SUIT" cp box:/tmp/file out/nowhere/file
  mkdir -p in/clash/file && ok "$SUIT" cp -q in/clash/. box:/vol
  fails 1 "cannot overwrite a directory" sh -c "tar c -C in file | \"$SUIT\" cp - box:/vol"
  fails 1 "between containers" "$SUIT" cp box:/tmp box:/var
  fails 1 "at least one container" "$SUIT" cp in out
  ok "$SUIT" rm -f box
done

ok "$SUIT" run --name changed $base sh -c 'echo new >/etc/new; rm /etc/passwd; mkdir /made; chown 5:6 /etc/new'
ok "$SUIT" diff changed
same "diff" "$(echo "$out" | tr '\n' ' ')" "C /etc A /etc/new D /etc/passwd A /made "
ok "$SUIT" commit -a "Ada <ada@example.org>" -m "by hand" -c 'CMD ["cat", "/etc/new"]' -c 'ENV A=b' \
  -c 'WORKDIR made' changed mine:1
ok "$SUIT" run --rm mine:1
same "committed" "$out" new
ok "$SUIT" run --rm mine:1 sh -c 'echo $A; pwd; ls /etc/passwd 2>/dev/null; stat -c %u:%g /etc/new'
same "config and files" "$(echo "$out" | tr '\n' ' ')" "b /made 5:6 "
same "author" "$("$SUIT" image inspect -f '{{.Author}}' mine:1)" "Ada <ada@example.org>"
ok "$SUIT" history --format '{{.Comment}}' mine:1
same "history" "$(echo "$out" | head -1)" "by hand"
fails 1 "not allowed here" "$SUIT" commit -c 'RUN true' changed mine:2
fails 1 "--change:1:1" "$SUIT" commit -c 'CMDD true' changed mine:2
ok "$SUIT" export -o tree.tar changed
holds "export" "$(tar tf tree.tar)" "etc/new"
lacks "export" "$(tar tf tree.tar)" "etc/passwd"
ok "$SUIT" import -c 'CMD ["cat","/etc/new"]' tree.tar tree:1
ok "$SUIT" run --rm tree:1
same "export and import" "$out" new
ok "$SUIT" rm changed

# A running container is committed while it stands still, and goes on.
ok "$SUIT" run -d --name busy -v vol:/vol $base sh -c 'while :; do date >/now; done'
ok "$SUIT" commit busy busy:1
same "goes on" "$("$SUIT" inspect -f '{{.State.Status}}' busy)" running
ok "$SUIT" export -o busy.tar busy
lacks "volumes are not exported" "$(tar tf busy.tar)" "vol/sub"
ok "$SUIT" rm -f busy
finish
