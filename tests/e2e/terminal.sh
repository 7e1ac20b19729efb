# exec, attach, and terminals: somebody types.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
command -v python3 >/dev/null || skip "needs python3"
typed="python3 $SUIT_SOURCE_DIR/tests/e2e/type.py"
# at_terminal ARGUMENTS < SCRIPT: as `run`, at a terminal
at_terminal() {
  checks=$((checks + 1))
  $typed "$@" >"$here/.out" 2>"$here/.err"
  code=$?
  out=$(cat "$here/.out")
  err=$(cat "$here/.err")
}

# exec
ok "$SUIT" run -d --name web -e COLOUR=red -w /tmp $base sleep 300
ok "$SUIT" exec web sh -c 'echo $COLOUR $HOME; pwd; echo late >&2'
same "environment and directory are the container's" "$(echo $out)" "red /root /tmp"
same "stderr is stderr" "$err" late
ok "$SUIT" exec -u 1000:1001 -w / -e COLOUR=blue web sh -c 'id -u; id -g; pwd; echo $COLOUR'
same "its own user, directory and environment" "$(echo $out)" "1000 1001 / blue"
ok "$SUIT" exec web sh -c 'tr "\0" " " </proc/1/cmdline'
same "the same namespace as the first process" "$out" "sleep 300 "
ok "$SUIT" exec web grep -E 'CapEff|Seccomp:' /proc/self/status
held=$out
ok "$SUIT" exec web grep -E 'CapEff|Seccomp:' /proc/1/status
same "the same capabilities and filter" "$held" "$out"
ok "$SUIT" exec --privileged web grep CapEff /proc/self/status
[ "$out" != "$(echo "$held" | head -n 1)" ] || fail "--privileged gave nothing"
fails 7 "" "$SUIT" exec web sh -c 'exit 7'
fails 137 "" "$SUIT" exec web sh -c 'kill -9 $$'
fails 127 nosuch "$SUIT" exec web nosuch
fails 126 "Permission denied" "$SUIT" exec web /etc
fails 1 "no such container" "$SUIT" exec nobody true
fails 125 "unknown flag: --nosuch" "$SUIT" exec --nosuch web true
fails 1 "" "$SUIT" exec web
checks=$((checks + 1))
[ "$(echo through | "$SUIT" exec -i web cat)" = through ] || fail "stdin does not reach exec -i"
[ -z "$(echo through | "$SUIT" exec web cat)" ] || fail "stdin reaches exec without -i"
ok "$SUIT" exec -d web touch /tmp/made
until_true 5 "$SUIT" exec web test -f /tmp/made || fail "exec -d did nothing"
fails 1 "the input device is not a TTY" "$SUIT" exec -it web sh
ok "$SUIT" pause web
fails 1 "is paused, unpause the container before exec" "$SUIT" exec web true
ok "$SUIT" unpause web
ok "$SUIT" stop -t 0 web
fails 1 "is not running" "$SUIT" exec web true
fails 1 "You cannot attach to a stopped container, start it first" "$SUIT" attach web
ok "$SUIT" rm web

# A terminal of its own: its size, its name, its end.
at_terminal -r 33 -c 99 "$SUIT" run -it --rm $base sh <<'T'
# 	tty; stty size; echo $TERM; ps\r
COMMAND	resize 10 40
# 	stty size; exit 5\r
T
same "the shell's code" "$code" 5
holds "a terminal" "$out" "/dev/pts/0
33 99
xterm"
holds "the new size" "$out" "10 40"
ok "$SUIT" run -d --name box $base sleep 300
at_terminal -r 20 -c 70 "$SUIT" exec -it box sh <<'T'
# 	tty; stty size; exit 4\r
T
same "exec's code" "$code" 4
holds "exec's terminal" "$out" "20 70"
# A key at the terminal is the program's: ctrl-c ends the sleep, not us.
at_terminal "$SUIT" exec -it box sh <<'T'
# 	sh -c "echo rea''dy; exec sleep 100"\r
ready	\x03
# 	echo alive; exit 3\r
T
same "ctrl-c is the program's" "$code" 3
holds "and the shell lives" "$out" alive

# Leaving by the keys, and coming back.
at_terminal "$SUIT" run -it --name desk $base sh <<'T'
# 	MARK=here\r
# 	\x10\x11
T
same "left by the keys" "$code" 0
ok "$SUIT" ps --format '{{.Names}} {{.Status}}'
holds "it runs on" "$out" "desk Up"
at_terminal -r 30 -c 60 "$SUIT" attach desk <<'T'
	echo $MARK; stty size\r
30 60	\x10\x11
T
same "left again" "$code" 0
holds "the same shell" "$out" here
at_terminal "$SUIT" attach --detach-keys ctrl-a,d desk <<'T'
	echo one\r
one\s+.*# 	\x01d
T
same "other keys" "$code" 0
fails 1 "unknown key" "$SUIT" attach --detach-keys ctrl-1 desk
# A killed client takes nothing along.
at_terminal "$SUIT" attach desk <<'T'
	echo two\r
two\s+.*# 	kill
T
ok "$SUIT" ps -q --filter name=desk
[ -n "$out" ] || fail "a killed client took the container along"
at_terminal "$SUIT" attach desk <<'T'
	exit 6\r
T
same "its end is attach's" "$code" 6
ok "$SUIT" logs desk
holds "the log has it all" "$out" two
ok "$SUIT" inspect --format '{{.Config.Tty}} {{.Config.OpenStdin}} {{.State.ExitCode}}' desk
same "inspect" "$out" "true true 6"

# Without a terminal: output for several at once, input that stays open for the next.
ok "$SUIT" run -di --name pipe $base sh -c 'while read -r line; do echo "got $line"; [ "$line" != end ] || exit 9; done'
"$SUIT" attach --no-stdin pipe >seen.txt 2>&1 &
watcher=$!
checks=$((checks + 1))
until_true 5 sh -c "echo first | timeout 1 '$SUIT' attach --sig-proxy=false pipe | grep -q 'got first'" || fail "attach gives no input"
echo end | "$SUIT" attach pipe >/dev/null
same "attach's code" "$?" 9
wait $watcher
same "the watcher's code" "$?" 9
holds "the watcher saw" "$(cat seen.txt)" "got end"
fails 125 "valid streams are STDIN, STDOUT and STDERR" "$SUIT" run -a nothing $base true
ok "$SUIT" run --rm -a stderr $base sh -c 'echo out; echo err >&2'
same "-a stderr alone" "$out$err" err
# Who says nothing sensible to a monitor is sent away, and nobody notices.
ok "$SUIT" run -d --name strict $base sleep 300
python3 - "$SUIT_ROOT/containers/$("$SUIT" ps -q --no-trunc --filter name=strict)" <<'P' || fail "a rude client"
import os, socket, sys
os.chdir(sys.argv[1])
for rude in (b"", b"{}", b"x" * 5000, b'{"stdin":true}'):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(5)
    peer.connect("attach")
    peer.send(rude)
    assert peer.recv(100) == b"", rude
P
ok "$SUIT" exec strict true
ok "$SUIT" rm -f strict desk pipe box

finish
