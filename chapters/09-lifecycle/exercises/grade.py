#!/usr/bin/env python3
"""Grades an exercise of chapter 9: grade.py 1|2 PROGRAM [OPTION...] [--seed N]

README.md lists the answers and exit codes.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import grading  # noqa: E402


def make_restarts(generator):
    policy = generator.choice(("no", "always", "unless-stopped", "on-failure",
                               f"on-failure:{generator.randint(1, 4)}"))
    runs = [(generator.choice((0, 1, 1, 1, 137)), generator.choice((5, 900, 9999, 10000, 70000)))
            for _ in range(generator.choice((1, 3, 6, 14)))]
    lines, delay = [], 0
    most = int(policy.split(":")[1]) if ":" in policy else 0
    for restarts, (code, ran_for) in enumerate(runs):
        failed_only = policy.startswith("on-failure")
        if policy == "no" or (failed_only and (code == 0 or (most and restarts >= most))):
            lines.append("stays")
            break
        delay = 100 if delay == 0 or ran_for >= 10000 else min(delay * 2, 60000)
        lines.append(str(delay))
    return grading.Case("\n".join(lines), words=(policy, *(f"{code}:{ran}" for code, ran in runs)))


def make_exit_code(generator):
    kind = generator.choice(("exit", "exit", "killed", "dumped", "stopped", "goes on"))
    if kind == "exit":
        code = generator.choice((0, 1, 125, 126, 127, 137, 255))
        return grading.Case(str(code), words=(str(code << 8),))
    if kind == "stopped":
        return grading.Case("lives", words=(str(generator.randint(1, 31) << 8 | 127),))
    if kind == "goes on":
        return grading.Case("lives", words=("65535",))
    signal = generator.choice((1, 2, 6, 9, 11, 15))
    return grading.Case(str(128 + signal), words=(str(signal | (128 if kind == "dumped" else 0)),))


if __name__ == "__main__":
    sys.exit(grading.main(__doc__, {"1": make_restarts, "2": make_exit_code}))
