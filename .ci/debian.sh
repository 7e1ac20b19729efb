# What Spacesuit needs from Debian 12, and how the scripts install it and report. POSIX sh, sourced by
# chapters/00-first-flight/fly.sh, tests/run.sh and .ci/run; reasons for the libraries: lib/README.md.

# To build `suit`.
BUILD_PACKAGES="g++ cmake ninja-build libfmt-dev nlohmann-json3-dev libssl-dev libzstd-dev zlib1g-dev
  liblzma-dev libbz2-dev libdeflate-dev libyaml-dev libcurl4-openssl-dev busybox-static ca-certificates"
# To build and run the tests, the benchmarks and the checks.
TEST_PACKAGES="ccache googletest libgtest-dev libgmock-dev libbenchmark-dev libarchive-dev libseccomp-dev libmnl-dev nftables slirp4netns git jq strace
  procps iproute2
  pocl-opencl-icd
  ocl-icd-libopencl1 util-linux tar gzip zstd attr libcap2-bin python3 curl
  docker-registry apache2-utils user-mode-linux"
CHECK_PACKAGES="clang-19 clang-format-19 clang-tidy-19 doxygen graphviz"
# To fuzz: tests/fuzz/run.sh.
FUZZ_PACKAGES="clang-19 libclang-rt-19-dev"
# Other engines: oracles that our images and containers are compared with.
PEER_PACKAGES="docker.io podman buildah skopeo umoci crun runc bubblewrap containerd"

started=$(date +%s)

# say TEXT: one line with the time since the start.
say() {
  elapsed=$(($(date +%s) - started))
  printf '[%02d:%02d] %s\n' $((elapsed / 60)) $((elapsed % 60)) "$*"
}

# die REASON FIX
die() {
  say "failed: $1" >&2
  [ -z "${2:-}" ] || printf '        what to do: %s\n' "$2" >&2
  exit 1
}

# Sets SUDO: what goes before a command that needs root.
find_root() {
  SUDO=""
  [ "$(id -u)" -eq 0 ] && return
  command -v sudo >/dev/null 2>&1 ||
    die "this needs root to $1, and there is no sudo" "run it as root: su -c 'sh $0'"
  sudo -n true 2>/dev/null || say "asking sudo for root, to $1"
  sudo -v || die "sudo refused" "run it as a user who may use sudo, or as root"
  SUDO="sudo"
}

check_debian() {
  # shellcheck disable=SC1091
  [ -r /etc/os-release ] && . /etc/os-release
  [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ] && return
  [ -n "${SUIT_ANY_SYSTEM:-}" ] && return
  die "this is ${PRETTY_NAME:-an unknown system}, not Debian 12" \
    "use Debian 12 (a virtual machine, or a debootstrap chroot), or install the packages of \
.ci/debian.sh by hand and set SUIT_ANY_SYSTEM=1"
}

# check_space FOLDER MEGABYTES
check_space() {
  free=$(df -Pm "$1" | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$2" ] ||
    die "$1 has $free MB free, and this needs $2 MB" "free some space, or clone to a larger disk"
}

# watch_command TITLE LOG COMMAND...: runs it, its output in LOG, its last line shown now and then.
watch_command() {
  title=$1 log=$2
  shift 2
  say "$title"
  "$@" >"$log" 2>&1 &
  child=$!
  trap 'kill $child 2>/dev/null; exit 130' INT TERM
  ticks=0
  while kill -0 "$child" 2>/dev/null; do
    sleep 1
    ticks=$((ticks + 1))
    [ $((ticks % 15)) -ne 0 ] || say "  ... $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"
  done
  trap - INT TERM
  wait "$child"
}

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      printf '%s ' "$package"
  done
}

# install_packages WHAT-FOR PACKAGE...
# Services of the packages (docker, containerd) are not started: a policy-rc.d says no meanwhile,
# unless the machine has one of its own.
install_packages() {
  purpose=$1
  shift
  missing=$(missing_packages "$@")
  if [ -z "$missing" ]; then
    say "packages for $purpose: all $# are installed"
    return
  fi
  check_debian
  find_root "install packages"
  check_space /var 1500
  apt_log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  watch_command "packages for $purpose: reading the package lists" "$apt_log" \
    $SUDO apt-get -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update ||
    apt_failed "the package lists cannot be read" "$apt_log"
  policy=/usr/sbin/policy-rc.d
  own_policy=""
  if [ ! -e "$policy" ]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $SUDO tee "$policy" >/dev/null
    $SUDO chmod 755 "$policy"
    # shellcheck disable=SC2064
    trap "$SUDO rm -f $policy" EXIT
  fi
  installed=yes
  # shellcheck disable=SC2086
  watch_command "packages for $purpose: installing $missing" "$apt_log" \
    $SUDO env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends $missing || installed=no
  if [ -n "$own_policy" ]; then
    $SUDO rm -f "$policy"
    trap - EXIT
  fi
  [ "$installed" = yes ] || apt_failed "apt-get could not install them" "$apt_log"
  rm -f "$apt_log"
}

# apt_failed REASON LOG
apt_failed() {
  tail -n 15 "$2" >&2
  if grep -qE 'Temporary failure|Could not resolve|Could not connect|Network is unreachable|Connection failed' "$2"; then
    die "$1: no network" "connect this machine to a Debian mirror (see /etc/apt/sources.list), then run this again"
  elif grep -q 'No space left' "$2"; then
    die "$1: the disk is full" "free some space in /var, then run this again"
  elif grep -q 'Unable to locate package' "$2"; then
    die "$1: the mirror lacks a package" "enable 'main' of bookworm, bookworm-updates and bookworm-security in the apt sources"
  fi
  die "$1 (above: the end of its log)" "mend that, then run this again"
}

# show_failure LOG WHAT: the part of a build log that matters.
show_failure() {
  grep -nE 'error|FAILED|fatal|No space left' "$1" | head -n 20 >&2
  tail -n 25 "$1" >&2
  if grep -q 'No space left' "$1"; then
    die "$2: the disk is full" "free some space, then run this again"
  elif grep -qE 'Killed|internal compiler error' "$1"; then
    die "$2: the compiler was killed; memory was short" "give the machine 2 GB, or run with SUIT_JOBS=1"
  fi
  die "$2; the whole log: $1" "if the tree is unchanged, remove its build/ folder and run this again"
}

# build_preset PRESET TARGET...: configures and builds; the logs lie in build/<preset>/.
build_preset() {
  preset=$1
  shift
  mkdir -p "build/$preset"
  watch_command "configuring build/$preset" "build/$preset/configure.log" cmake --preset "$preset" ||
    show_failure "build/$preset/configure.log" "cmake could not configure the tree"
  watch_command "building build/$preset: $*" "build/$preset/build.log" \
    cmake --build "build/$preset" -j "${SUIT_JOBS:-$(nproc)}" --target "$@" ||
    show_failure "build/$preset/build.log" "the build failed"
  say "built: $(tail -n 1 "build/$preset/build.log" | cut -c 1-100)"
}
