#!/bin/sh
# Builds, runs and their monitors killed with SIGKILL at 50 random moments; afterwards everything works and
# nothing is left.
# KILLS=N and SEED=N choose another number and another sequence.
. "$(dirname "$0")/../e2e/lib.sh"
kills=${KILLS:-50}
seed=${SEED:-$(date +%N | sed 's/^0*//')}
echo "seed $seed"
next_random() { # 0..32767 in $random: the C standard's example generator
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  random=$((seed / 65536 % 32768))
}

mkdir p && cd p || exit 1
cat >Dockerfile <<'D'
FROM spacesuit/base:1
ARG N
RUN echo $N > /n && head -c 300000 /dev/zero > /zeros
COPY . /src/
RUN cp /zeros /more && rm /zeros
CMD ["cat", "/n"]
D
i=0
while [ $i -lt 40 ]; do head -c 20000 /dev/urandom >"file$i"; i=$((i + 1)); done
ok "$SUIT" build -q --build-arg N=first -t steady:1 .

n=0
while [ $n -lt "$kills" ]; do
  next_random
  case $((random % 3)) in
    0) setsid "$SUIT" build -q --no-cache --build-arg "N=$n" -t "victim:$n" . >/dev/null 2>&1 & ;;
    1) setsid "$SUIT" run --rm steady:1 sh -c 'echo x > /y; sleep 0.02' >/dev/null 2>&1 & ;;
    2) setsid "$SUIT" run -d --name "victim$n" steady:1 sleep 0.05 >/dev/null 2>&1 & ;;
  esac
  pid=$!
  next_random
  # 0 to 128 ms: a run takes some 10 ms, this build some 200.
  sleep "$(awk "BEGIN { print $random / 256000 }")"
  # A run has two processes of ours: the command line, and the monitor that holds the lock.
  [ $((random % 2)) = 0 ] || for monitor in $(cut -d " " -f 1 "$SUIT_ROOT"/locks/*.lock 2>/dev/null); do
    kill -9 "$monitor" 2>/dev/null
  done
  kill -9 $pid 2>/dev/null
  wait $pid 2>/dev/null
  n=$((n + 1))
done
checks=$((checks + n))

# Monitors of the detached ones end by themselves within their 50 ms.
until_true 10 sh -c "[ -z \"\$(\"$SUIT\" ps -q)\" ]" || fail "still running: $("$SUIT" ps)"
ok "$SUIT" container prune -f
same "no container is left" "$("$SUIT" ps -aq)" ""
same "no container directory is left" "$(ls "$SUIT_ROOT/containers" | wc -l)" 0
same "no name is left" "$(ls "$SUIT_ROOT/names" | wc -l)" 0
ok "$SUIT" run --rm steady:1
same "the image that was there still runs" "$out" first
ok "$SUIT" build --build-arg N=last -t after:1 .
ok "$SUIT" run --rm after:1
same "a new build works" "$out" last
ok "$SUIT" system check
for image in $("$SUIT" images --format '{{.Repository}}:{{.Tag}}'); do
  ok "$SUIT" run --rm "$image" true
done
same "processes left" "$(processes_now)" 0
finish
