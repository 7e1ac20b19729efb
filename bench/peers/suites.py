"""Who takes part in each comparison, and with which command.

A suite makes its inputs below a directory and returns its contenders. One that is missing, or that cannot
do the work on this host, is named with the reason and left out; it is never counted as slow.
"""

import dataclasses
import json
import os
import shutil
import subprocess

import fixture

DEFAULTS = {
    "suit": "its default network",
    "docker": "no bridge: engines.sh starts the daemon without one",
    "podman": "its default network: a bridge by CNI or netavark",
}
HYBRID_V2 = "/sys/fs/cgroup/unified"


@dataclasses.dataclass
class Contender:
    name: str
    argv: list
    hide: str = "-"       # a mount that this contender must not see
    ours: bool = False
    floor: bool = False   # the lower bound, not a competitor
    note: str = ""
    bytes: int = 0        # that one run reads, for a rate


@dataclasses.dataclass
class Skip:
    name: str
    reason: str


def hidden(mount, argv):
    """The command in a mount namespace without `mount`: for the runs that are not measured."""
    if mount == "-":
        return argv
    return ["unshare", "-m", "sh", "-c", 'umount "$0" && exec "$@"', mount, *argv]


class Suite:
    """Collects contenders; keeps those whose command works."""

    def __init__(self, name):
        self.name = name
        self.contenders = []
        self.skipped = []
        self.cleanup = []  # commands that end what the suite keeps running

    def close(self):
        for argv in self.cleanup:
            subprocess.run(argv, capture_output=True, check=False)

    def add(self, contender):
        program = contender.argv[0]
        if shutil.which(program) is None:
            self.skipped.append(Skip(contender.name, f"{program} is not installed"))
            return
        try:
            done = subprocess.run(hidden(contender.hide, contender.argv), capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            self.skipped.append(Skip(contender.name, str(error)))
            return
        if done.returncode != 0:
            said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()] or ["nothing"]
            self.skipped.append(Skip(contender.name, f"exit code {done.returncode}, it said: {said[0]}"))
            return
        self.contenders.append(contender)


def seccomp_of_podman(directory):
    """Docker's default profile as podman resolves it for this host: an OCI `linux.seccomp`, or None."""
    if not os.environ.get("CONTAINERS_STORAGE_CONF") or not shutil.which("podman"):
        return None
    archive = os.path.join(directory, "image.tar")
    subprocess.run(["podman", "load", "-q", "-i", archive], capture_output=True, check=False)
    made = subprocess.run(["podman", "create", "--network", "none", fixture.IMAGE], capture_output=True,
                          text=True, check=False)
    if made.returncode != 0:
        return None
    container = made.stdout.strip()
    subprocess.run(["podman", "init", container], capture_output=True, check=False)
    found = subprocess.run(["podman", "inspect", "--format", "{{.OCIConfigPath}}", container],
                           capture_output=True, text=True, check=False)
    try:
        with open(found.stdout.strip(), encoding="utf-8") as file:
            return json.load(file)["linux"].get("seccomp")
    except (OSError, ValueError, KeyError):
        return None
    finally:
        subprocess.run(["podman", "rm", "-f", container], capture_output=True, check=False)


def oci_runtimes(directory, bin_dir):
    """(name, command, mount to hide, why) of the runtimes that take a bundle; suit-oci keeps no state."""
    def stateful(program):
        return [program, "--root", os.path.join(directory, "state-" + program)]

    hide = HYBRID_V2 if os.path.ismount(HYBRID_V2) else "-"
    why = "in a private mount namespace without the v2 tree: crun refuses hybrid hosts" if hide != "-" else ""
    return (("suit-oci", [os.path.join(bin_dir, "suit-oci")], "-", ""), ("crun", stateful("crun"), hide, why),
            ("runc", stateful("runc"), "-", ""))


def add_runs(suite, directory, bin_dir, bundle):
    """`run` to exit: same configuration, same root, same payload."""
    for name, command, hide, note in oci_runtimes(directory, bin_dir):
        argv = [*command, "run", "--bundle", bundle, f"suit-bench-{name}"]
        suite.add(Contender(name, argv, hide, ours=name == "suit-oci", note=note))


def spec_program(bin_dir):
    for program in ("runc", "crun", os.path.join(bin_dir, "suit-oci")):
        if shutil.which(program):
            return program
    return None


def start(directory, bin_dir):
    """Start of a container from a bundle, `run` to exit."""
    suite = Suite("start")
    root = fixture.make_root(directory, os.path.join(bin_dir, "suit-true"))
    suite.add(Contender("floor", [os.path.join(bin_dir, "suit-floor"), "run", root, "/bin/true"], floor=True,
                        note="clone3 into 5 namespaces, chroot, exec: no mounts, no cgroup"))
    suite.add(Contender("bwrap", ["bwrap", "--unshare-all", "--ro-bind", root, "/", "--proc", "/proc", "--dev",
                                  "/dev", "/bin/true"], note="fewer mounts, no cgroup, no masked paths"))
    program = spec_program(bin_dir)
    if program is None:
        suite.skipped.append(Skip("suit-oci crun runc", "no program to write a spec"))
        return [suite]
    config = fixture.oci_config(program)
    add_runs(suite, directory, bin_dir, fixture.make_bundle(directory, "bundle", root, config))
    suites = [suite]
    fixture.make_archive(directory, root)
    profile = seccomp_of_podman(directory)
    secured = Suite("start with Docker's seccomp profile")
    if profile is None:
        secured.skipped.append(Skip("all", "podman is needed to resolve the profile"))
    else:
        config["linux"]["seccomp"] = profile
        add_runs(secured, directory, bin_dir, fixture.make_bundle(directory, "bundle-seccomp", root, config))
    return suites + [secured]


# What podman and containerd do with a runtime: three commands. The shell around them is the same for all.
THREE_COMMANDS = ('bundle=$1; id=$2; shift 2; "$@" create --bundle "$bundle" "$id" </dev/null && '
                  '"$@" start "$id" && "$@" delete --force "$id"')


def lifecycle(directory, bin_dir):
    """create, start, delete as three commands; and exec in a container that runs."""
    three, execs = Suite("create, start, delete"), Suite("exec")
    program = spec_program(bin_dir)
    if program is None or not shutil.which("busybox"):
        three.skipped.append(Skip("all", "needs busybox, and a program to write a spec"))
        return [three]
    root = fixture.make_root(directory, os.path.join(bin_dir, "suit-true"))
    config = fixture.oci_config(program)
    short = fixture.make_bundle(directory, "bundle", root, config)
    config["process"]["args"] = ["/bin/busybox", "sleep", "3600"]
    long = fixture.make_bundle(directory, "bundle-long", root, config)
    for name, base, hide, note in oci_runtimes(directory, bin_dir):
        if shutil.which(base[0]) is None:
            three.skipped.append(Skip(name, f"{base[0]} is not installed"))
            continue
        ours = name == "suit-oci"
        shell = ["busybox", "sh", "-c", THREE_COMMANDS, "sh", short, f"suit-bench-{name}", *base]
        three.add(Contender(name, shell, hide, ours=ours, note=note))
        running = f"suit-bench-{name}-long"
        for words in (["create", "--bundle", long, running], ["start", running]):
            subprocess.run(hidden(hide, base + words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        execs.cleanup.append(hidden(hide, [*base, "delete", "--force", running]))
        execs.add(Contender(name, [*base, "exec", running, "/bin/true"], hide, ours=ours, note=note))
    return [three, execs]


def engines(directory, bin_dir):
    """`run --rm IMAGE /bin/true` with the whole engines; image made here and loaded by each."""
    suite = Suite("engines")
    root = fixture.make_root(directory, os.path.join(bin_dir, "suit-true"))
    archive = fixture.make_archive(directory, root)
    suit = os.path.join(bin_dir, "suit")
    docker = os.environ.get("SUIT_DOCKER") or "docker"
    for name, program in (("suit", suit), ("docker", docker), ("podman", "podman")):
        if shutil.which(program):
            subprocess.run([program, "load", "-i", archive], capture_output=True, check=False)
        run = [program, "run", "--rm"]
        suite.add(Contender(f"{name} run, no network", [*run, "--network", "none", fixture.IMAGE, "/bin/true"],
                            ours=name == "suit"))
        if name != "suit":
            bare = [*run, "--network", "none", "--security-opt", "seccomp=unconfined", fixture.IMAGE, "/bin/true"]
            suite.add(Contender(f"{name} run, bare", bare, note="no network, no seccomp profile: nearest to suit"))
        suite.add(Contender(f"{name} run, defaults", [*run, fixture.IMAGE, "/bin/true"], ours=name == "suit",
                            note=DEFAULTS[name]))
    return [suite]


def hashes(directory, bin_dir, size=256 << 20):
    """SHA-256 of one tar-like file that lies in the page cache."""
    suite = Suite("hash")
    path = os.path.join(directory, "input")
    block = bytes((i * 2654435761 >> 13) & 0xFF for i in range(1 << 16))
    with open(path, "wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
    for name, argv in (("suit-hash", [os.path.join(bin_dir, "suit-hash"), path]),
                       ("openssl dgst", ["openssl", "dgst", "-sha256", path]),
                       ("sha256sum", ["sha256sum", path])):
        suite.add(Contender(name, argv, ours=name == "suit-hash", floor=name == "openssl dgst", bytes=size))
    return [suite]


ALL = {"start": start, "lifecycle": lifecycle, "engines": engines, "hash": hashes}
