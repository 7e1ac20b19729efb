#!/bin/sh
# A long job in the background: ps, logs, stop, ps -a, rm, rm -f, prune.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1

ok "$SUIT" run -d --name job $base sh -c 'echo started; trap "echo asked; exit 7" TERM; while :; do sleep 0.1; done'
id=$out
same "a full id" "${#id}" 64
until_true 10 sh -c "\"$SUIT\" logs job | grep -q started" || fail "job prints nothing"
ok "$SUIT" ps
holds "ps" "$out" "job"
holds "ps" "$out" "Up "
holds "ps" "$out" "$(echo "$id" | cut -c1-12)"
fails 1 "running" "$SUIT" rm job
fails 125 "already in use" "$SUIT" run --name job $base true
ok "$SUIT" stop job
ok "$SUIT" ps -q
same "nothing runs" "$out" ""
ok "$SUIT" ps -a
holds "ps -a" "$out" "Exited (7)"
ok "$SUIT" logs job
same "logs" "$(echo "$out" | tr '\n' ' ')" "started asked "
ok "$SUIT" logs --tail 1 job
same "tail" "$out" "asked"
ok "$SUIT" rm job
fails 1 "no such container" "$SUIT" logs job

# A program that has no handler for the signal: stop kills after its timeout.
ok "$SUIT" run -d --name deaf $base sleep 1000
ok "$SUIT" stop -t 1 deaf
ok "$SUIT" ps -a --format '{{.Names}} {{.Status}}'
holds "killed" "$out" "deaf Exited (137)"
ok "$SUIT" container prune -f
ok "$SUIT" ps -aq
same "pruned" "$out" ""

ok "$SUIT" run -d --name first $base sleep 1000
ok "$SUIT" run -d --rm --name second $base sleep 1000
ok "$SUIT" rm -f first
ok "$SUIT" kill second
until_true 10 sh -c "[ -z \"\$(\"$SUIT\" ps -aq)\" ]" || fail "--rm did not remove second: $("$SUIT" ps -a)"

# The exit code survives the container's end, and wait gives it.
ok "$SUIT" run -d --name short $base sh -c 'sleep 0.3; exit 42'
ok "$SUIT" wait short
same "wait" "$out" "42"
ok "$SUIT" start short
ok "$SUIT" rm -f short

# The monitor is killed: the container does not outlive it, and nobody says it ended well.
ok "$SUIT" run -d --name orphan $base sleep 1000
monitor=$(cut -d " " -f 1 "$SUIT_ROOT"/locks/*.lock)
"$SUIT" wait orphan >waited 2>&1 &
kill -9 "$monitor"
wait $!
same "wait, when the monitor is killed" "$(cat waited)" 137
until_true 10 sh -c "\"$SUIT\" ps -a --format '{{.Status}}' | grep -q 'Exited (137)'" ||
  fail "after the monitor's death: $("$SUIT" ps -a)"
ok "$SUIT" rm orphan

# The command line is killed: the container runs on, under its monitor, and into its log.
setsid "$SUIT" run --name survivor $base sh -c 'sleep 0.5; echo still here; sleep 1000' >/dev/null 2>&1 &
caller=$!
until_true 10 sh -c "\"$SUIT\" ps -q | grep -q ." || fail "survivor did not start"
kill -9 $caller
wait $caller 2>/dev/null
until_true 10 sh -c "\"$SUIT\" logs survivor | grep -q 'still here'" || fail "the log ends with the caller"
same "runs without its caller" "$("$SUIT" ps --format '{{.Names}}')" survivor
ok "$SUIT" rm -f survivor

# A reader that does not read stalls the program, and neither the signals nor the end.
mkfifo stuck
sleep 1000 <>stuck &
reader=$!
"$SUIT" run --rm $base yes >stuck 2>/dev/null &
writer=$!
until_true 10 sh -c "\"$SUIT\" ps -q | grep -q ." || fail "yes did not start"
sleep 0.3
for _ in 1 2 3; do kill -TERM $writer; sleep 0.1; done
until_true 10 sh -c "[ -z \"\$(\"$SUIT\" ps -aq)\" ]" || {
  kill -TERM $writer # the program has ended; what it said waits for the reader
  until_true 5 sh -c "[ -z \"\$(\"$SUIT\" ps -aq)\" ]" || fail "signals wait for a stuck reader"
}
wait $writer
same "killed by the third signal" $? 137
kill $reader

# A record that cannot be read is shown, and can be removed, name and all.
ok "$SUIT" create --name hurt $base true
echo '{' >"$SUIT_ROOT/containers/$out/container.json"
same "a damaged one" "$("$SUIT" ps -a --format '{{.Names}} {{.Status}}' 2>/dev/null)" "hurt Dead"
fails 1 "can only be removed" "$SUIT" start hurt
ok "$SUIT" rm hurt
ok "$SUIT" run --rm --name hurt $base true

# Names are claimed once.
ok "$SUIT" create --name one $base true
fails 1 "already in use" "$SUIT" create --name one $base true
ok "$SUIT" start -a one
ok "$SUIT" rm one
finish
