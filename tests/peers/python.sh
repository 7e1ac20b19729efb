#!/bin/sh
# The article's Dockerfile on a real Debian with Python and pip.
. "$(dirname "$0")/../e2e/lib.sh"
command -v mmdebstrap >/dev/null || skip "needs mmdebstrap"
rootfs=${SUIT_PYTHON_ROOTFS:-$here/python.tar}
# A mirror may be away for a moment: three tries.
for attempt in 1 2 3; do
  [ -s "$rootfs" ] && break
  mmdebstrap --quiet --variant=minbase --include=python3,python3-pip bookworm "${rootfs%.tar}.new.tar" >mm.log 2>&1 &&
    mv "${rootfs%.tar}.new.tar" "$rootfs"
  [ -s "$rootfs" ] || sleep "$attempt"
done
[ -s "$rootfs" ] || skip "cannot make a Debian root file system here: $(grep -m 3 '^E:' mm.log | tr '\n' ' ')"
mounts_before=$(mounts_now)

ok "$SUIT" import "$rootfs" python:3.9
mkdir -p p/wheels/spacepack && cd p || exit 1
# A wheel is a zip of the package and its metadata; Python's own zipfile makes one.
cat >make_wheel.py <<'P'
import zipfile
for version in ("1.0", "1.1"):
    info = f"spacepack-{version}.dist-info"
    with zipfile.ZipFile(f"wheels/spacepack-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("spacepack.py", f"version = '{version}'\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: spacepack\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"spacepack.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
P
rmdir wheels/spacepack
ok "$SUIT" run --rm -v "$PWD:/w" -w /w python:3.9 python3 make_wheel.py
printf 'spacepack==1.0\n' >requirements.txt
printf 'import spacepack\nprint("Hello from Python with spacepack", spacepack.version)\n' >app.py
printf 'make_wheel.py\n' >.dockerignore
cat >Dockerfile <<'D'
FROM python:3.9
ENV PIP_BREAK_SYSTEM_PACKAGES=1
WORKDIR /app
COPY wheels /wheels
COPY requirements.txt .
RUN pip install --no-index --find-links /wheels -r requirements.txt
COPY app.py .
CMD ["python3", "app.py"]
D
ok "$SUIT" build . -t myimage:1.0 --network none
ok "$SUIT" run --rm myimage:1.0
same "Python prints" "$out" "Hello from Python with spacepack 1.0"
ok "$SUIT" run --rm myimage:1.0 echo "Hello world"
same "the article's command" "$out" "Hello world"
ok "$SUIT" build . -t myimage:1.0 --network none
same "a rebuild is all CACHED" "$(echo "$err$out" | grep -c '^#[0-9]* CACHED$')" 6
lacks "a rebuild runs nothing" "$err$out" "Successfully installed"

printf 'spacepack==1.1\n' >requirements.txt
ok "$SUIT" build . -t myimage:1.1 --network none
same "before the change: CACHED" "$(echo "$err$out" | grep -c '^#[0-9]* CACHED$')" 3
holds "after it: run again" "$err$out" "Successfully installed spacepack-1.1"
ok "$SUIT" run --rm myimage:1.1
same "the new one" "$out" "Hello from Python with spacepack 1.1"

# The same image says the same under Docker and podman.
if command -v dockerd podman >/dev/null; then
  engines="$SUIT_SOURCE_DIR/bench/peers/engines.sh"
  export SUIT_PEERS_DIR="$here/peers"
  trap 'sh "$engines" stop >/dev/null 2>&1' EXIT
  if sh "$engines" start >engines.log 2>&1; then
    eval "$(sh "$engines" env)"
    ok "$SUIT" save -o my.tar myimage:1.1
    ok "$SUIT_DOCKER" load -i my.tar
    same "docker" "$("$SUIT_DOCKER" run --rm --pull never --network none myimage:1.1)" "Hello from Python with spacepack 1.1"
    ok podman load -i my.tar
    same "podman" "$(podman run --rm --pull never --network none myimage:1.1)" "Hello from Python with spacepack 1.1"
  else
    fail "the peers do not start: $(tail -3 engines.log)"
  fi
  sh "$engines" stop >/dev/null 2>&1
fi
mounts_before=$(mounts_now)
finish
