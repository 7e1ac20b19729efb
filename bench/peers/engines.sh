#!/bin/sh
# Starts and ends the engines that we compare with, each with its own data, sockets and configuration
# below one directory, so that neither the host's own engines nor their images are touched.
#
#   engines.sh start        start dockerd; write the configuration of podman, buildah and skopeo
#   eval "$(engines.sh env)"   then `docker`, `podman`, `buildah`, `skopeo` use them
#   engines.sh stop         end dockerd by its process id, unmount, remove the directory
#
# SUIT_PEERS_RUNTIME names an OCI runtime that dockerd is to know by its file name.
# SUIT_PEERS_DIR names the directory (default /tmp/suit-peers-<uid>). README.md says what each setting
# is for. What is not installed is named and left out.
set -eu

dir=${SUIT_PEERS_DIR:-/tmp/suit-peers-$(id -u)}
sock=$dir/docker.sock
pidfile=$dir/docker.pid

# Debian's client, of the daemon's version, before any other that the PATH may have.
docker=$(PATH=/usr/bin:/usr/sbin:$PATH command -v docker || true)

is_running() {
  [ -s "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null
}

start_dockerd() {
  if ! command -v dockerd >/dev/null; then
    echo "engines: no dockerd (package docker.io): left out" >&2
    return 0
  fi
  if is_running; then return 0; fi
  rm -f "$pidfile"
  # No bridge and no firewall: the compared work is --network none, and the host's rules stay alone.
  # SUIT_PEERS_BRIDGE=yes gives it both, for whoever is in a network namespace of its own.
  quiet="--iptables=false --ip6tables=false --bridge=none"
  [ -z "${SUIT_PEERS_BRIDGE:-}" ] || quiet=""
  # shellcheck disable=SC2086
  dockerd --data-root "$dir/docker" --exec-root "$dir/docker-run" --pidfile "$pidfile" \
    --host "unix://$sock" $quiet \
    --storage-driver "${SUIT_PEERS_STORAGE:-overlay2}" \
    ${SUIT_PEERS_RUNTIME:+--add-runtime "$(basename "$SUIT_PEERS_RUNTIME")=$SUIT_PEERS_RUNTIME"} \
    >"$dir/dockerd.log" 2>&1 9>&- &
  tries=0
  until "$docker" --host "unix://$sock" version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 150 ]; then
      echo "engines: dockerd is not ready after 30 s; the end of $dir/dockerd.log:" >&2
      tail -n 5 "$dir/dockerd.log" >&2
      stop_dockerd
      return 1
    fi
    sleep 0.2
  done
}

stop_dockerd() {
  is_running || return 0
  pid=$(cat "$pidfile")
  kill "$pid" # SIGTERM: it ends its containers and its containerd
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  if kill -0 "$pid" 2>/dev/null; then kill -9 "$pid"; fi
  # compare.py measured the daemon in it.
  rmdir "/sys/fs/cgroup/cpuacct/suit-peers-$pid" 2>/dev/null || true
}

# One of these files is read by podman, buildah and skopeo alike, through the variables of `env`.
write_configuration() {
  hard=$(ulimit -Hn)
  [ "$hard" = unlimited ] && hard=1048576
  runtime=runc
  command -v runc >/dev/null || runtime=crun
  cat >"$dir/containers.conf" <<EOF
[containers]
default_ulimits = ["nofile=1024:$hard", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "$runtime"
EOF
  cat >"$dir/storage.conf" <<EOF
[storage]
driver = "overlay"
graphroot = "$dir/storage"
runroot = "$dir/storage-run"
EOF
}

case ${1:-} in
  start)
    mkdir -p "$dir"
    write_configuration
    start_dockerd
    ;;
  env)
    echo "export DOCKER_HOST='unix://$sock'"
    echo "export SUIT_DOCKER='$docker'"
    echo "export CONTAINERS_CONF='$dir/containers.conf'"
    echo "export CONTAINERS_STORAGE_CONF='$dir/storage.conf'"
    echo "export SUIT_PEERS_DIR='$dir'"
    ;;
  stop)
    stop_dockerd
    # Deepest first; only what lies below our directory.
    awk -v d="$dir/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
      while read -r mount; do umount -l "$mount" || true; done
    rm -rf "$dir"
    ;;
  *)
    echo "usage: engines.sh start|env|stop" >&2
    exit 2
    ;;
esac
