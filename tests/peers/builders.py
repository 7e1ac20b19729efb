"""Other builders of Dockerfiles, each with data of its own below one directory, and ours beside them.

Used by dockerfiles.py and mistakes.py. bench/peers/engines.sh starts and ends what must run.
"""

import os
import pathlib
import shutil
import subprocess
import tarfile

SKIP = 77


class Missing(Exception):
    """Something that the host lacks: a reason to skip, in words."""


def call(words, timeout=120, **more):
    """Runs a program to its end; its output as text."""
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=timeout, errors="replace", **more)


def make_root_tar(path, shell):
    """A small root file system as a tar; its /bin/sh is the program `shell`."""
    with tarfile.open(path, "w") as tar:
        for name in ("bin", "etc", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        tar.add(shell, arcname="bin/sh")
        tar.add(shutil.which("busybox"), arcname="bin/busybox")


class Builders:
    """The engines while they run: `with Builders(suit, source, directory) as builders`."""

    def __init__(self, suit, source, directory):
        self.suit, self.directory = suit, pathlib.Path(directory)
        self.engines = pathlib.Path(source) / "bench/peers/engines.sh"
        self.environment = {**os.environ, "SUIT_PEERS_DIR": str(self.directory / "peers"),
                            "SUIT_ROOT": str(self.directory / "store"), "DOCKER_BUILDKIT": "1",
                            "BUILDKIT_PROGRESS": "plain", "DOCKER_CONFIG": str(self.directory / "docker")}
        self.docker = None

    def __enter__(self):
        for program in ("dockerd", "busybox"):
            if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
                raise Missing(f"needs {program} (Debian's docker.io and busybox-static)")
        if os.geteuid() != 0:
            raise Missing("needs root")
        started = call(["sh", self.engines, "start"], env=self.environment)
        if started.returncode != 0:
            raise Missing("the peers do not start here: " + started.stderr.strip().splitlines()[-1])
        for line in call(["sh", self.engines, "env"], env=self.environment).stdout.splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            self.environment[name] = value.strip("'")
        self.docker = self.environment["SUIT_DOCKER"]
        return self

    def __exit__(self, *_):
        call(["sh", self.engines, "stop"], env=self.environment)

    def run(self, words, **more):
        return call(words, env=self.environment, **more)

    def import_base(self, tar, names, buildah=False):
        """The same root file system under the same names in every engine."""
        for name in names:
            commands = [[self.docker, "import", tar, name], [self.suit, "import", tar, name]]
            if buildah:
                commands.append(["podman", "import", "-q", tar, "docker.io/library/" + name])
            for words in commands:
                done = self.run(words)
                if done.returncode != 0:
                    raise Missing(f"{words[0]} import: {done.stderr.strip()}")

    def build_docker(self, context, dockerfile, tag, options=()):
        return self.run([self.docker, "build", "--network", "none", "-t", tag, "-f", dockerfile, *options,
                         context])

    def build_suit(self, context, dockerfile, tag, options=()):
        return self.run([self.suit, "build", "--pull=never", "--progress", "plain", "--network", "none", "-t", tag,
                         "-f", dockerfile, *options, context])

    def build_buildah(self, context, dockerfile, tag):
        # Isolated by chroot alone, which crun's and runc's demands on cgroups do not concern.
        return self.run(["buildah", "bud", "--isolation", "chroot", "--pull=never", "-t", tag,
                         "-f", dockerfile, context])

    def daemon_log(self):
        """The end of what dockerd said."""
        log = self.directory / "peers/dockerd.log"
        return log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else "no log"

    def version(self, program):
        text = self.run([program, "version" if program == self.suit else "--version"]).stdout
        return text.splitlines()[0].strip()
