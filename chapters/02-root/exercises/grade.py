#!/usr/bin/env python3
"""Grades an exercise of chapter 2 by the kernel's evidence: grade.py 1|2|3 PROGRAM [OPTION...]

Nothing that the program prints is read. README.md lists the answers and exit codes.
"""

import os
import pathlib
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import evidence  # noqa: E402
from evidence import Run, identity, mounts, namespace, wrong  # noqa: E402

NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}


def at(pid, point):
    """The mount that is seen at a place, the last one there."""
    found = [mount for mount in mounts(pid) if mount.point == point]
    return found[-1] if found else None


def check_root(pid, root):
    if namespace(pid, "mnt") == namespace("self", "mnt"):
        wrong("its mount namespace is the host's")
    if identity(f"/proc/{pid}/root") != identity(root):
        wrong("its root is not ROOT")


def check_nodes(dev):
    for name, number in NODES.items():
        try:
            found = os.lstat(f"{dev}/{name}")
        except OSError:
            wrong(f"/dev/{name} is missing")
        if not stat.S_ISCHR(found.st_mode) or (os.major(found.st_rdev), os.minor(found.st_rdev)) != number:
            wrong(f"/dev/{name} is not character device {number[0]}:{number[1]}")
        if stat.S_IMODE(found.st_mode) != 0o666:
            wrong(f"/dev/{name} has mode {stat.S_IMODE(found.st_mode):o}, not 666: think of the umask")


def check_links(dev):
    for name, to in LINKS.items():
        if not os.path.islink(f"{dev}/{name}") or os.readlink(f"{dev}/{name}") != to:
            wrong(f"/dev/{name} is no link to {to}")


def grade_dev(program, root):
    with Run([*program, root]) as run:
        check_root(run.inside, root)
        dev = at(run.inside, "/dev")
        if dev is None or dev.kind != "tmpfs":
            wrong("no tmpfs is mounted on its /dev")
        check_nodes(f"/proc/{run.inside}/root/dev")
        check_links(f"/proc/{run.inside}/root/dev")
        pts = at(run.inside, "/dev/pts")
        if pts is None or pts.kind != "devpts":
            wrong("no devpts is mounted on its /dev/pts")
        run.check_no_leak()
    if os.listdir(f"{root}/dev"):
        wrong("the image's own /dev is not empty any more: " + " ".join(os.listdir(f"{root}/dev")))
    return "six nodes, the links and terminals, in memory of its own"


def grade_bind(program, root):
    sources = []
    for name in ("one", "two"):
        sources.append(os.path.join(os.path.dirname(root), name))
        os.mkdir(sources[-1])
    os.mkdir(f"{root}/results")
    os.symlink("/home", f"{root}/data")  # the trap: an image's link, from its own `/`
    words = ["--bind", f"{sources[0]}:/data:ro", "--bind", f"{sources[1]}:/results"]
    with Run([*program, *words, root]) as run:
        check_root(run.inside, root)
        for place, source, flag in (("/home", sources[0], "ro"), ("/results", sources[1], "rw")):
            mount = at(run.inside, place)
            if mount is None or identity(f"/proc/{run.inside}/root{place}") != identity(source):
                wrong(f"its {place} does not show {os.path.basename(source)}" + (
                    ": /data is a link in the image" if place == "/home" else ""))
            if flag not in mount.options:
                wrong(f"the mount on its {place} is not {flag}")
        run.check_no_leak()
    return "both directories, where the image's links lead inside the image"


def grade_read_only(program, root):
    with Run([*program, root]) as run:
        check_root(run.inside, root)
        if "ro" not in at(run.inside, "/").options:
            wrong("its / can be written to")
        tmp = at(run.inside, "/tmp")
        if tmp is None or tmp.kind != "tmpfs" or "rw" not in tmp.options:
            wrong("no writable tmpfs is mounted on its /tmp")
        try:
            with open(f"{root}/of-the-host", "w", encoding="utf-8"):
                pass
        except OSError:
            wrong("the host cannot write to ROOT any more: the file system is read-only, not the mount")
        run.check_no_leak()
    return "its root is read-only, its /tmp is not, and the host does not notice"


if __name__ == "__main__":
    sys.exit(evidence.main(__doc__, {"1": grade_dev, "2": grade_bind, "3": grade_read_only}))
