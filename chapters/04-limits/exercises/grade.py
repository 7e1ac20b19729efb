#!/usr/bin/env python3
"""Grades an exercise of chapter 4 by the kernel's evidence: grade.py 1|2|3 PROGRAM [OPTION...]

Nothing that the program prints is read. README.md lists the answers and exit codes.
"""

import os
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import evidence  # noqa: E402
from evidence import ENVIRONMENT, PATIENCE, TIMEOUT, Run, Verdict, ended, exit_code_of, gone, read, wrong  # noqa: E402

OUT_OF_MEMORY = 200  # what exercise 2 asks for


def tree(controller):
    """(where the controller's groups are, its name in /proc/PID/cgroup)."""
    for line in read("/proc/self/mountinfo").splitlines():
        left, right = line.split(" - ", 1)
        kind, _, options = right.split()[:3]
        place = left.split()[4]
        if kind == "cgroup" and controller in options.split(","):
            return place, controller
        if kind == "cgroup2" and controller in read(f"{place}/cgroup.controllers").split():
            return place, ""
    raise Verdict(ENVIRONMENT, f"needs the cgroup controller {controller}")


def group(pid, controller):
    """The directory of the process's group; the controller must be there."""
    place, name = tree(controller)
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if name in names.split(","):
            return place + path
    raise Verdict(ENVIRONMENT, f"/proc/{pid}/cgroup does not name {controller}")


def limit(folder, *names):
    """The number in the first file that is there."""
    for name in names:
        if os.path.exists(f"{folder}/{name}"):
            return read(f"{folder}/{name}").strip()
    return "no limit"


def grade_limits(program, _):
    memory = random.randint(40, 90) << 20
    pids = random.randint(10, 60)
    with Run([*program, "--memory", str(memory), "--pids", str(pids)]) as run:
        for controller, right, names in (("memory", memory, ("memory.max", "memory.limit_in_bytes")),
                                         ("pids", pids, ("pids.max",))):
            folder = group(run.inside, controller)
            if folder == group("self", controller):
                wrong(f"it is in the same {controller} group as the grader")
            found = limit(folder, *names)
            if found != str(right):
                wrong(f"the {controller} limit of its group is {found}, not {right}")
    return "it is in a group of its own, with both limits"


def grade_reason(program, _):
    tree("memory")
    words = [*program, "--memory", str(60 << 20)]
    number = random.randint(2, 90)
    for reason, right, command in (
            (f"it exited with {number}", number, ["/bin/sh", "-c", f"exit {number}"]),
            ("signal 9 from somebody killed it", 137, ["/bin/sh", "-c", "kill -9 $$"]),
            ("memory ran out", OUT_OF_MEMORY, [sys.executable, "-c", "bytearray(300 << 20)"])):
        code = exit_code_of([*words, *command])
        if code == 99:
            ended(99)
        if code != right:
            wrong(f"{reason}: yours ended with {code}, not {right}")
    return "it tells who killed the program"


def grade_end(program, _):
    number = random.randint(2, 90)
    own = {controller: group("self", controller) for controller in ("memory", "pids")}
    # A program that leaves a process behind, in a session of its own.
    with Run([*program, "/bin/sh", "-c", f'setsid "$0" "$@" & sleep 2; exit {number}']) as run:
        folders = [group(run.inside, controller) for controller in own]
        try:
            code = run.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Verdict(TIMEOUT, f"did not end within {PATIENCE:.0f} s") from None
        if code != number:
            wrong(f"the program exited with {number}, yours with {code}")
        if not gone(run.inside):
            wrong("a process that the program had started lives on")
        left = [folder for folder in folders if folder not in own.values() and os.path.isdir(folder)]
        if left:
            wrong("its group is still there: " + left[0])
    return "nothing is left, no process and no group"


if __name__ == "__main__":
    sys.exit(evidence.main(__doc__, {"1": grade_limits, "2": grade_reason, "3": grade_end}))
