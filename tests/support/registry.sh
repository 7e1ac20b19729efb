# Sourced by tests that need a registry: Debian's docker-registry on a free port of loopback, plain,
# with TLS and htpasswd, or with tokens. Ended by the process id.
#
# registry_start NAME [plain|tls|token]: sets $registry to host:port, and the log to $registries/NAME.log
registries=$(mktemp -d "${TMPDIR:-/tmp}/suit-registry-XXXXXX")
registry_pids=""

registry_free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

registry_start() {
  name=$1 kind=${2:-plain}
  command -v docker-registry >/dev/null || return 1
  port=$(registry_free_port)
  registry=localhost:$port
  conf=$registries/$name.yml
  mkdir -p "$registries/$name"
  cat >"$conf" <<EOF
version: 0.1
log: {level: info, accesslog: {disabled: false}, formatter: text}
storage: {filesystem: {rootdirectory: $registries/$name}, delete: {enabled: true}}
EOF
  case $kind in
    plain) echo "http: {addr: 127.0.0.1:$port}" >>"$conf" ;;
    tls)
      registry_certificate
      htpasswd -Bbn testuser testpassword >"$registries/htpasswd"
      cat >>"$conf" <<EOF
http: {addr: 127.0.0.1:$port, tls: {certificate: $registries/server.crt, key: $registries/server.key}}
auth: {htpasswd: {realm: spacesuit-test, path: $registries/htpasswd}}
EOF
      ;;
    token)
      registry_certificate
      token_port=$(registry_free_port)
      python3 "$SUIT_SOURCE_DIR/tests/support/token_issuer.py" "$token_port" "$registries" \
        >"$registries/issuer.log" 2>&1 &
      registry_pids="$registry_pids $!"
      cat >>"$conf" <<EOF
http: {addr: 127.0.0.1:$port}
auth:
  token:
    realm: http://127.0.0.1:$token_port/token
    service: spacesuit-test
    issuer: spacesuit-issuer
    rootcertbundle: $registries/server.crt
EOF
      ;;
  esac
  OTEL_TRACES_EXPORTER=none docker-registry serve "$conf" >"$registries/$name.log" 2>&1 &
  registry_pids="$registry_pids $!"
  tries=0
  until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || return 1
  done
}

registry_certificate() {
  [ ! -e "$registries/server.crt" ] || return 0
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
    -keyout "$registries/server.key" -out "$registries/server.crt" 2>/dev/null
}

registry_stop_all() {
  for pid in $registry_pids; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  registry_pids=""
  rm -rf "$registries"
}
