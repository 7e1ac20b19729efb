#!/bin/sh
# The main job as a plain user: with a range of ids (newuidmap), and with a single one.
if [ -z "${SUIT_TEST_ROOTLESS:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "SKIP: needs root, to make a user"; exit 77; }
  command -v setpriv >/dev/null || { echo "SKIP: needs setpriv"; exit 77; }
  dir=$(mktemp -d) && chmod 755 "$dir"
  prefix=$dir/opt
  mkdir -p "$prefix/bin" "$prefix/share"
  cp "$SUIT" "$prefix/bin/suit"
  cp -r "$(dirname "$SUIT")/../share/spacesuit" "$prefix/share/"
  status=0
  for who in ranged single; do
    name=suit-test-$who
    useradd --no-create-home --home-dir "$dir/$who" "$name" 2>/dev/null
    mkdir -p "$dir/$who" && chown "$name" "$dir/$who"
    case $who in
      ranged) grep -q "^$name:" /etc/subuid || usermod --add-subuids 700000-765535 --add-subgids 700000-765535 "$name" ;;
      single) sed -i "/^$name:/d" /etc/subuid /etc/subgid ;;
    esac
    setpriv --reuid "$name" --regid "$name" --init-groups --reset-env \
      env SUIT="$prefix/bin/suit" SUIT_TEST_ROOTLESS=$who TMPDIR="$dir/$who" sh "$0" || status=1
    userdel "$name" 2>/dev/null
    sed -i "/^$name:/d" /etc/subuid /etc/subgid 2>/dev/null
  done
  rm -rf "$dir"
  exit $status
fi
. "$(dirname "$0")/lib.sh"
same "a plain user" "$([ "$(id -u)" != 0 ] && echo yes)" yes

mkdir project && cd project || exit 1
printf 'FROM spacesuit/base:1\nRUN echo built > /built && chmod 700 /tmp && rm /etc/os-release\nCOPY Dockerfile /app/\nWORKDIR /app\nCMD ["cat", "/built"]\n' >Dockerfile
ok "$SUIT" build . -t mine:1
ok "$SUIT" run --rm mine:1
same "built and run" "$out" built
ok "$SUIT" run --rm mine:1 sh -c 'id -u; ls /etc/os-release 2>&1 | grep -c "No such"; stat -c %a /tmp; touch /root/x && echo wrote; hostname | wc -c'
same "root inside, whiteouts, modes, writing" "$(echo $out)" "0 1 700 wrote 13"
ok "$SUIT" build . -t mine:1
same "cached" "$(echo "$err$out" | grep -c " CACHED$")" 4
case $SUIT_TEST_ROOTLESS in
  ranged)
    ok "$SUIT" run --rm -u pilot mine:1 id -u
    same "another user inside" "$out" 1000
    ;;
esac
ok "$SUIT" run -d --name bg mine:1 sleep 1000
ok "$SUIT" run -d --name bg2 mine:1 sleep 1000
ok "$SUIT" ps -q
same "two run" "$(echo "$out" | wc -l)" 2
ok "$SUIT" stop -t 1 bg
ok "$SUIT" rm bg
ok "$SUIT" rm -f bg2
ok "$SUIT" save -o mine.tar mine:1
ok "$SUIT" rmi mine:1
ok "$SUIT" load -i mine.tar
ok "$SUIT" run --rm mine:1
same "saved and loaded" "$out" built
finish
