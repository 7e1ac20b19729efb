#!/bin/sh
# 20 builds and 50 runs at once on one store: all succeed, every image is right, nothing is left.
. "$(dirname "$0")/../e2e/lib.sh"
builds=20
runs=50

mkdir p && cd p || exit 1
printf 'FROM spacesuit/base:1\nRUN echo shared > /shared\nARG N\nRUN echo $N > /n\nCMD ["cat", "/n"]\n' >Dockerfile
ok "$SUIT" build -q --build-arg N=first -t first:1 .

i=0
while [ $i -lt $builds ]; do
  "$SUIT" build -q --build-arg "N=$i" -t "many:$i" . >"build$i.out" 2>&1 || echo "build $i: $(cat "build$i.out")" >>failed &
  i=$((i + 1))
done
i=0
while [ $i -lt $runs ]; do
  { [ "$("$SUIT" run --rm first:1 sh -c "echo $i \$(cat /n)" 2>"run$i.err")" = "$i first" ] ||
    echo "run $i: $(cat "run$i.err")" >>failed; } &
  i=$((i + 1))
done
wait
checks=$((checks + builds + runs))
[ ! -s failed ] || fail "$(wc -l <failed) of $((builds + runs)) failed: $(head -5 failed)"
i=0
while [ $i -lt $builds ]; do
  same "image many:$i" "$("$SUIT" run --rm "many:$i" 2>&1)" "$i"
  i=$((i + 1))
done
ok "$SUIT" system check
same "no container is left" "$("$SUIT" ps -aq)" ""
same "processes left" "$(processes_now)" 0
finish
