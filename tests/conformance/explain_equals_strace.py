#!/usr/bin/env python3
"""Holds an explanation equal to what strace sees.

    explain_equals_strace.py EXPLANATION -- COMMAND [ARGUMENT...]

COMMAND runs a container and writes its explanation (the JSON of runtime/explain.h, with times) to
the file EXPLANATION. It is run under `strace -f`; then every call that the explanation says was
made is looked for in the trace, in order, with its name, its arguments and its result, in the
process that the explanation says made it. What the trace has beyond that, in the container's
process, must be instrumentation (the clock, the mapping of the list). Exit code 1 shows the first
difference.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

# What measuring itself needs, and what a C++ program does for memory.
INSTRUMENTATION = {"mmap", "clock_gettime"}
ENGINE_NOISE = INSTRUMENTATION | {
    "brk", "munmap", "mprotect", "madvise", "rt_sigprocmask", "futex", "fcntl", "memfd_create", "ftruncate",
    "close", "dup"}

# Names that strace 6.1 does not know yet: it prints the bits.
UNKNOWN_TO_STRACE = {"MFD_EXEC": "0x10", "CLONE_INTO_CGROUP": "0x200000000"}

LINE = re.compile(r"^(?P<pid>\d+) +(?P<rest>.*)$")
UNFINISHED = re.compile(r"^(?P<call>.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
CALL = re.compile(r"^(?P<name>\w+)\((?P<args>.*)\)\s+= (?P<result>-?\d+|\?)(?: (?P<errno>E\w+))?")


def read_trace(path):
    """[(pid, name, arguments, result)] in the order in which the calls began."""
    calls, open_calls = [], {}
    for line in open(path, errors="replace"):
        match = LINE.match(line)
        if not match:
            continue
        pid, rest = int(match["pid"]), match["rest"]
        if match := UNFINISHED.match(rest):
            open_calls[pid] = (len(calls), match["call"])
            calls.append(None)
            continue
        at = None
        if match := RESUMED.match(rest):
            at, begun = open_calls.pop(pid)
            rest = begun + match["rest"]
        match = CALL.match(rest)
        if not match:
            continue
        call = (pid, match["name"], match["args"], match["errno"] or match["result"])
        if at is None:
            calls.append(call)
        else:
            calls[at] = call
    return [call for call in calls if call]


def split_arguments(text):
    parts, depth, quoted, current = [], 0, False, ""
    previous = ""
    for char in text:
        if char == '"' and previous != "\\":
            quoted = not quoted
        if not quoted:
            depth += (char in "([{") - (char in ")]}")
            if char == "," and depth == 0:
                parts.append(current.strip())
                current = ""
                continue
        current += char
        previous = char
    return parts + [current.strip()] if current.strip() else parts


def normal(argument):
    """The same value has one spelling: flags sorted, comments of strace left out."""
    argument = re.sub(r"/\*.*?\*/", "", argument).strip()
    if argument.startswith("{") and argument.endswith("}"):
        members = [normal(member) for member in split_arguments(argument[1:-1])]
        return "{" + ", ".join(members) + "}"
    if "=" in argument and not argument.startswith('"'):
        name, value = argument.split("=", 1)
        return name + "=" + normal(value)
    if not argument.startswith('"') and "|" in argument:
        parts = [UNKNOWN_TO_STRACE.get(part, part) for part in argument.split("|")]
        return "|".join(sorted(part for part in parts if part != "O_RDONLY"))
    if re.fullmatch(r"\d+\*1024", argument):
        return str(int(argument.split("*")[0]) * 1024)
    return UNKNOWN_TO_STRACE.get(argument, argument)


def arguments_agree(name, explained, seen):
    if name == "clone3":
        # strace shows the addresses that we leave out.
        flags = lambda text: normal(re.search(r"flags=([^,}]*)", text)[1])
        return flags(explained) == flags(seen)
    mine, theirs = split_arguments(explained), split_arguments(seen)
    for index, argument in enumerate(mine):
        if "…" in argument or "/*" in argument:
            continue
        if index >= len(theirs):
            return False
        if theirs[index].endswith("...") or "0x7" in theirs[index][:4]:
            continue  # abbreviated by strace, or an address
        if normal(argument) != normal(theirs[index]):
            return False
    return True


def result_agrees(op, seen):
    if "result" not in op:
        return True  # the exec that worked
    result = op["result"]
    if op["call"] == "umask":
        return result == int(seen, 8)
    return os.strerror(-result) == os.strerror(getattr(__import__("errno"), seen, 0)) if result < 0 else str(result) == seen


def differ(op, what):
    print(f"explain_equals_strace: {what}\n  explained: {op['text']} = {op.get('result', '?')}  ({op['step']})")
    return 1


def match_engine(ops, calls, engine):
    """Explained calls of the engine are a subsequence of its trace; the rest is noise."""
    mine = [call for call in calls if call[0] == engine]
    at, begun = 0, False
    for op in ops:
        while at < len(mine):
            _, name, arguments, result = mine[at]
            at += 1
            if name == op["call"] and arguments_agree(name, op["text"][len(name) + 1:-1], arguments) and result_agrees(op, result):
                begun = True
                break
            if begun and name not in ENGINE_NOISE:
                return differ(op, f"the engine called {name}({arguments[:200]}) instead")
        else:
            return differ(op, "not seen in the engine's process")
    return 0


def match_container(ops, calls, child):
    """Call by call: nothing is left out, nothing is added."""
    mine = [call for call in calls if call[0] == child and call[1] not in INSTRUMENTATION]
    for index, op in enumerate(ops):
        if index >= len(mine):
            return differ(op, "the container's trace ends before it")
        _, name, arguments, result = mine[index]
        explained = op["text"][len(op["call"]) + 1:-1]
        if name != op["call"] or not arguments_agree(name, explained, arguments) or not result_agrees(op, result):
            print(f"  seen:      {name}({arguments[:400]}) = {result}")
            return differ(op, f"call {index} of the container differs")
    return 0


def main():
    if "--" not in sys.argv or len(sys.argv) < 4:
        sys.exit(__doc__)
    explanation, command = sys.argv[1], sys.argv[sys.argv.index("--") + 1:]
    with tempfile.NamedTemporaryFile(suffix=".strace") as trace:
        run = subprocess.run(["strace", "-f", "-v", "-s", "4096", "-o", trace.name, *command])
        calls = read_trace(trace.name)
    if run.returncode != 0:
        sys.exit(f"the command failed with {run.returncode}")
    plan = json.load(open(explanation))
    ran = lambda ops: [op for op in ops if op.get("ran")]
    host, container = ran(plan["host"]), ran(plan["container"])
    clones = [call for call in calls if call[1] == "clone3" and "CLONE_PIDFD" in call[2] and call[3].isdigit()]
    engine = clones[-1][0]
    # The child, as strace numbers it: the one that execs the sealed helper.
    child = [call[0] for call in calls if call[1] == "execveat"][-1]
    in_child = [op for op in host if op["process"] == "container"]
    status = match_engine([op for op in host if op["process"] == "engine"], calls, engine)
    status = status or match_container(in_child + container, calls, child)
    if status == 0:
        print(f"explain equals strace: {len(host) - len(in_child)} calls of the engine, "
              f"{len(in_child) + len(container)} of the container")
    sys.exit(status)


if __name__ == "__main__":
    main()
