"""What the graders of text exercises share: cases made anew for each run, verdicts, exit codes.

A case knows its answer because it was put together from answers: no grader holds a solution.
"""

import dataclasses
import random
import subprocess
import sys

PASS, WRONG, NOT_IMPLEMENTED, TIMEOUT, ENVIRONMENT = 0, 1, 3, 4, 5
NAMES = {WRONG: "WRONG", NOT_IMPLEMENTED: "NOT IMPLEMENTED", TIMEOUT: "TIMEOUT", ENVIRONMENT: "ENVIRONMENT"}
CASES = 60  # a run takes a second or two
PATIENCE = 10.0  # seconds a case: a right answer needs some milliseconds


class Verdict(Exception):
    """Why a run ends before its last case."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


@dataclasses.dataclass
class Case:
    """One question, and its only right answer."""

    expected: str = ""
    words: tuple = ()
    stdin: str = ""
    code: int = 0


def show(case):
    """The question, as a person would ask it."""
    words = " ".join(repr(word) for word in case.words)
    return (f" {words}" if words else "") + (f" with the input\n{case.stdin}" if case.stdin else "")


def ask(program, case):
    try:
        done = subprocess.run([*program, *case.words], input=case.stdin, capture_output=True, text=True,
                              timeout=PATIENCE, check=False, errors="replace")
    except subprocess.TimeoutExpired:
        raise Verdict(TIMEOUT, f"no answer within {PATIENCE:.0f} s to{show(case)}") from None
    except OSError as error:
        raise Verdict(ENVIRONMENT, f"{program[0]} does not start: {error.strerror}") from None
    if done.returncode == 99:
        raise Verdict(NOT_IMPLEMENTED, "the starter says so")
    if done.returncode != case.code:
        raise Verdict(WRONG, f"exit code {done.returncode}, not {case.code}, to{show(case)}")
    if done.stdout.rstrip("\n") != case.expected.rstrip("\n"):
        raise Verdict(WRONG, f"asked{show(case)}\n--- right\n{case.expected}\n--- yours\n{done.stdout}")


def main(usage, makers):
    """`makers`: exercise number -> function of a random generator that makes a case."""
    arguments = sys.argv[1:]
    seed = random.randrange(1 << 30)
    if "--seed" in arguments:
        at = arguments.index("--seed")
        seed = int(arguments[at + 1])
        del arguments[at:at + 2]
    if len(arguments) < 2 or arguments[0] not in makers:
        print(usage.splitlines()[0], file=sys.stderr)
        return 2
    generator = random.Random(seed)
    try:
        for _ in range(CASES):
            ask(arguments[1:], makers[arguments[0]](generator))
    except Verdict as verdict:
        print(f"{NAMES[verdict.code]}: {verdict}")
        if verdict.code == WRONG:
            print(f"(the same questions again: --seed {seed})")
        return verdict.code
    print(f"PASS: {CASES} questions answered")
    return PASS
