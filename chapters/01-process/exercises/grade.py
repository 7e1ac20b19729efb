#!/usr/bin/env python3
"""Grades an exercise of chapter 1 by the kernel's evidence: grade.py 1|2|3 PROGRAM [OPTION...]

Nothing that the program prints is read. README.md lists the answers and exit codes.
"""

import os
import pathlib
import random
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import evidence  # noqa: E402
from evidence import (PATIENCE, TIMEOUT, Run, Verdict, ended, exit_code_of, gone, identity, mounts,  # noqa: E402
                      namespace, read, root_of_namespace, status, wrong)


def check_own_processes(pid):
    if namespace(pid, "pid") == namespace("self", "pid"):
        wrong(f"its pid namespace is the host's, {namespace(pid, 'pid')}")
    number = status(pid, "NSpid").split()[-1]
    if number != "1":
        wrong(f"NSpid says that it is process {number} in its namespace, not 1")


def check_proc(pid, nonce):
    if not any(mount.point == "/proc" and mount.kind == "proc" for mount in mounts(pid)):
        wrong("no proc is mounted on its /proc")
    try:
        first = read(f"/proc/{pid}/root/proc/1/cmdline")
    except OSError:
        first = ""
    if nonce not in first:
        wrong("process 1 of its /proc is another process: that is another namespace's proc")


def check_root(pid, root):
    if namespace(pid, "mnt") == namespace("self", "mnt"):
        wrong("its mount namespace is the host's")
    if identity(f"/proc/{pid}/root") != identity(root):
        wrong("its root is not ROOT")
    if root_of_namespace(pid) != repr(identity(root)):
        wrong("its mount namespace still has another root below or above ROOT: there is a way back")
    strangers = [mount.point for mount in mounts(pid) if mount.point not in ("/", "/proc")]
    if strangers or len([1 for mount in mounts(pid) if mount.point == "/"]) != 1:
        wrong("it can reach more mounts than its root: " + " ".join(strangers or ["a second /"]))


def grade_processes(program, root):
    with Run([*program, root]) as run:
        check_own_processes(run.inside)
        check_proc(run.inside, run.nonce)
        run.check_no_leak()
    return "process 1 of its own namespace, with that namespace's /proc"


def grade_root(program, root):
    with Run([*program, root]) as run:
        check_root(run.inside, root)
        run.check_no_leak()
    return "ROOT is its root, and the only one"


def grade_end(program, root):
    number = random.randint(2, 90)
    code = exit_code_of([*program, root, "/bin/sh", "-c", f"exit {number}"])
    if code == 99:
        ended(99)
    if code != number:
        wrong(f"the program exited with {number}, yours with {code}")
    with Run([*program, root]) as run:
        os.kill(run.inside, signal.SIGKILL)
        try:
            code = run.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Verdict(TIMEOUT, "did not end after its program had been killed") from None
        if code != 137:
            wrong(f"signal 9 killed the program, yours ended with {code}, not 137")
    with Run([*program, root]) as run:
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        if not gone(run.inside):
            wrong("your process was killed and its program lives on, an orphan")
    return "it ends as its program does, and takes it along"


if __name__ == "__main__":
    sys.exit(evidence.main(__doc__, {"1": grade_processes, "2": grade_root, "3": grade_end}))
