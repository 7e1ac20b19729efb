#!/bin/sh
# restart, restart policies, pause, rename, top, stats, update, logs and their bounds, events, ps.
. "$(dirname "$0")/lib.sh"
base=spacesuit/base:1
start=$(date +%s)

ok "$SUIT" run -d --name job --label team=a,b --label x=1 --stop-timeout 0 $base sleep 1000
first=$("$SUIT" inspect -f '{{.State.Pid}}' job)
ok "$SUIT" top job
holds "top" "$out" "CMD"
holds "top" "$out" "sleep 1000"
ok "$SUIT" top job -o pid,comm
same "top -o" "$(echo "$out" | tail -1 | tr -s ' ')" "$first sleep"
fails 1 "did you mean \"comm\"" "$SUIT" top job -o com
ok "$SUIT" stats --no-stream --format '{{.Name}} {{.PIDs}}' job
same "stats" "$out" "job 1"
ok "$SUIT" pause job
ok "$SUIT" ps --format '{{.Status}}'
holds "paused" "$out" "(Paused)"
same "paused is running" "$("$SUIT" inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}}' job)" \
  "paused true true"
fails 1 "already paused" "$SUIT" pause job
ok "$SUIT" ps -q --filter status=paused
same "filter paused" "${#out}" 12
ok "$SUIT" unpause job
fails 1 "not paused" "$SUIT" unpause job
ok "$SUIT" pause job
ok "$SUIT" restart job
second=$("$SUIT" inspect -f '{{.State.Pid}}' job)
checks=$((checks + 1))
[ "$first" != "$second" ] || fail "restart kept the process"
ok "$SUIT" rename job renamed
fails 1 "no such container" "$SUIT" inspect --type container job
fails 1 "already in use" "$SUIT" create --name renamed $base true
ok "$SUIT" create --name job $base true
fails 1 "already in use" "$SUIT" rename renamed job
ok "$SUIT" rm job
ok "$SUIT" ps --format '{{.Names}} {{.Label "team"}}|{{.Label "none"}}'
same "label by name" "$out" "renamed a,b|"
fails 1 "invalid filter 'status=foo'" "$SUIT" ps -f status=foo
fails 1 "invalid filter 'stauts'" "$SUIT" ps -f stauts=running
fails 1 "no such container" "$SUIT" ps -f before=nobody
ok "$SUIT" create --name later $base true
ok "$SUIT" ps -a --filter since=renamed --format '{{.Names}}'
same "since" "$out" later
ok "$SUIT" ps -a --filter before=later --format '{{.Names}}'
same "before" "$out" renamed
ok "$SUIT" ps -as --format '{{.Size}}'
holds "size" "$out" "(virtual "
ok "$SUIT" rm later
ok "$SUIT" port renamed
same "no ports" "$out" ""
ok "$SUIT" rm -f renamed

# --rm and restart: it stays this time.
ok "$SUIT" run -d --rm --name kept --stop-timeout 0 $base sleep 1000
ok "$SUIT" restart kept
same "restarted" "$("$SUIT" ps --format '{{.Names}}')" kept
ok "$SUIT" stop kept
same "removed at its end" "$("$SUIT" ps -aq)" ""

# Restart policies.
ok "$SUIT" run -d --name twice --restart on-failure:2 $base sh -c 'echo run; exit 3'
until_true 10 sh -c "\"$SUIT\" ps -a --format '{{.Status}}' | grep -q 'Exited (3)'" || fail "$("$SUIT" ps -a)"
same "restarts" "$("$SUIT" inspect -f '{{.RestartCount}}' twice)" 2
same "each in the log" "$("$SUIT" logs twice | grep -c run)" 3
ok "$SUIT" rm twice
ok "$SUIT" run -d --name fine --restart on-failure $base true
ok "$SUIT" wait fine
until_true 5 sh -c "\"$SUIT\" ps -a --format '{{.Status}}' | grep -q 'Exited (0)'" || fail "restarted after success"
ok "$SUIT" rm fine
ok "$SUIT" run -d --name always --restart always $base sleep 0.05
until_true 10 sh -c "[ \"\$(\"$SUIT\" inspect -f '{{.RestartCount}}' always)\" -ge 2 ]" || fail "always does not restart"
ok "$SUIT" stop always
sleep 1
ok "$SUIT" ps -a --filter name=always --format '{{.State}}'
same "stopped stays stopped" "$out" exited
ok "$SUIT" start always
ok "$SUIT" update --restart no always
until_true 10 sh -c "\"$SUIT\" ps -a --filter name=always --format '{{.State}}' | grep -q exited" || fail "update --restart no"
ok "$SUIT" rm always
# The caller of a run in the foreground has its result and its end of output at the first end.
out=$("$SUIT" run --name fore --restart always $base sh -c 'echo said; exit 5' | cat)
same "foreground" "$out" said
ok "$SUIT" rm -f fore
fails 125 "cannot specify both --restart and --rm" "$SUIT" run --rm --restart always $base true
fails 125 "unknown policy" "$SUIT" run --restart sometimes $base true

# Logs: bounded, followed over the bound, by time, with details.
ok "$SUIT" run -d --name flood --log-opt max-size=4k --log-opt max-file=2 --label team=a \
  --log-opt labels=team $base sh -c 'i=0; while [ $i -lt 500 ]; do echo line-$i; i=$((i+1)); done; sleep 1000'
until_true 10 sh -c "\"$SUIT\" logs flood | grep -q line-499" || fail "flood"
size=$(cat "$SUIT_ROOT"/containers/*/log.json* | wc -c)
checks=$((checks + 1))
[ "$size" -le 8192 ] || fail "the log takes $size bytes"
ok "$SUIT" logs --tail 1 --details flood
same "details" "$out" "team=a line-499"
ok "$SUIT" logs --since 1h --tail 1 flood
same "since" "$out" line-499
ok "$SUIT" logs --until 1h flood
same "until" "$out" ""
fails 1 "invalid time" "$SUIT" logs --since noon flood
ok "$SUIT" rm -f flood
ok "$SUIT" run -d --name slow --log-opt max-size=4k $base \
  sh -c 'sleep 0.5; i=0; while [ $i -lt 300 ]; do echo line-$i; i=$((i+1)); [ $((i % 25)) = 0 ] && sleep 0.05; done'
ok "$SUIT" logs -f slow
same "followed over every turn" "$(echo "$out" | wc -l)" 300
ok "$SUIT" rm slow
ok "$SUIT" run -d --name silent --log-driver none $base echo x
fails 1 "keeps no log" "$SUIT" logs silent
ok "$SUIT" rm -f silent
fails 125 "invalid logging opts for driver none" "$SUIT" run --log-driver none --log-opt a=b $base true

# Events: what happened above, in order.
ok "$SUIT" events --since "$start" --until 0s --filter container=kept --format '{{.Action}}'
same "events" "$(echo "$out" | tr '\n' ' ')" \
  "create start kill die stop start restart kill die destroy stop "
ok "$SUIT" events --since "$start" --until 0s --filter event=rename --format '{{.Actor.Attributes.oldName}}'
same "rename" "$out" "/job"
timeout 10 "$SUIT" events --filter event=die --format '{{.Actor.Attributes.exitCode}}' >seen 2>&1 &
watcher=$!
sleep 0.3
run "$SUIT" run --rm $base sh -c 'exit 7'
until_true 5 grep -q 7 seen || fail "a live event: $(cat seen)"
kill $watcher

# What a new user does.
fails 1 'did you mean "container ls"' "$SUIT" contaner ls
mkdir gone
(cd gone && rmdir ../gone && "$SUIT" ps -q >../from-nowhere 2>&1) || fail "no working directory: $(cat from-nowhere)"
fails 125 "more than the 64" "$SUIT" run --rm --hostname "$(printf 'h%.0s' $(seq 65))" $base true
finish
