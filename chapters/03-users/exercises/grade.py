#!/usr/bin/env python3
"""Grades an exercise of chapter 3 by the kernel's evidence: grade.py 1|2|3 PROGRAM [OPTION...]

Nothing that the program prints is read. README.md lists the answers and exit codes.
"""

import pathlib
import platform
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import evidence  # noqa: E402
from evidence import ENVIRONMENT, Run, Verdict, exit_code_of, namespace, read, status, wrong  # noqa: E402

CAPABILITIES = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_KILL": 5, "CAP_NET_BIND_SERVICE": 10,
                "CAP_NET_RAW": 13, "CAP_SYS_CHROOT": 18, "CAP_MKNOD": 27, "CAP_AUDIT_WRITE": 29}
# Calls without arguments that everybody may make.
CALLS = {"x86_64": {"sched_yield": 24, "getpriority": 140, "getppid": 110, "gettid": 186},
         "aarch64": {"sched_yield": 124, "getpriority": 141, "getppid": 173, "gettid": 178}}
PROBE = """
import ctypes, sys
call = ctypes.CDLL(None, use_errno=True).syscall
denied = []
for number in sys.argv[3:]:
    ctypes.set_errno(0)
    if call(int(number), 0, 0) == -1 and ctypes.get_errno() == 1:
        denied.append(number)
sys.exit(int(sys.argv[2]) if denied == [sys.argv[1]] else 1 if not denied else 2)
"""


def grade_map(program, _):
    first = random.randrange(100000, 1000000)
    with Run([*program, "--map", str(first)]) as run:
        pid = run.inside
        if namespace(pid, "user") == namespace("self", "user"):
            wrong("its user namespace is the host's")
        for file in ("uid_map", "gid_map"):
            found = read(f"/proc/{pid}/{file}").split()
            if found != ["0", str(first), "65536"]:
                wrong(f"its {file} holds \"{' '.join(found)}\", not \"0 {first} 65536\"")
        for field in ("Uid", "Gid"):
            outside = status(pid, field).split()
            if outside != [str(first)] * 4:
                wrong(f"seen from outside its {field} is {outside[0]}, not {first}: it has not become 0 inside")
        run.check_no_leak()
    return "root inside, nobody outside"


def grade_capabilities(program, _):
    keep = random.sample(sorted(CAPABILITIES), random.randint(2, 5))
    mask = sum(1 << CAPABILITIES[name] for name in keep)
    words = [word for name in keep for word in ("--keep", name)]
    with Run([*program, *words]) as run:
        for field, right in (("CapBnd", mask), ("CapPrm", mask), ("CapEff", mask), ("CapInh", 0), ("CapAmb", 0)):
            found = int(status(run.inside, field), 16)
            if found != right:
                wrong(f"its {field} is {found:016x}, not {right:016x}")
        if status(run.inside, "NoNewPrivs") != "1":
            wrong("its NoNewPrivs is 0: a setuid program could still gain something")
        run.check_no_leak()
    return "it has what was asked for, and can get nothing else"


def grade_filter(program, _):
    calls = CALLS.get(platform.machine())
    if calls is None:
        raise Verdict(ENVIRONMENT, f"needs x86-64 or aarch64, and this is {platform.machine()}")
    name = random.choice(sorted(calls))
    with Run([*program, "--deny", name]) as run:
        if status(run.inside, "Seccomp") != "2":
            wrong(f"Seccomp in its status is {status(run.inside, 'Seccomp')}, not 2: no filter is loaded")
    secret = random.randrange(10, 90)
    numbers = [str(number) for number in calls.values()]
    code = exit_code_of([*program, "--deny", name, sys.executable, "-c", PROBE, str(calls[name]), str(secret), *numbers])
    if code != secret:
        wrong(f"{name} is not answered with EPERM" if code == 1 else f"not only {name} is answered with EPERM"
              if code == 2 else f"a program that makes harmless calls ended with {code} under your filter")
    return f"{name}, and only {name}, is answered with EPERM"


if __name__ == "__main__":
    sys.exit(evidence.main(__doc__, {"1": grade_map, "2": grade_capabilities, "3": grade_filter}))
