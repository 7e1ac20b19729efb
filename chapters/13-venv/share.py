#!/usr/bin/env python3
"""What do two Python environments share?

share.py facts                 prints what this process is and sees, one fact a line
share.py compare ONE OTHER     compares two such lists: same, or own
"""

import os
import platform
import sys
import sysconfig


#> facts
def same_file(path):
    """Names a file or directory: two processes that get the same answer have the same one."""
    status = os.stat(path)
    return f"{status.st_dev}:{status.st_ino}"


def c_library():
    """The file of the C library that this very process uses."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return next(line.split()[-1] for line in maps if "/libc.so" in line)


def facts():
    yield "python packages", same_file(sysconfig.get_path("purelib"))
    yield "python program", same_file(os.path.realpath(sys.executable))
    yield "C library", same_file(c_library())
    yield "files: /", same_file("/")
    yield "user", os.getuid()
    for name, kind in (("processes", "pid"), ("network", "net"), ("shared memory", "ipc"), ("host name", "uts")):
        yield name, os.readlink(f"/proc/self/ns/{kind}")
    yield "kernel", platform.release()
#< facts


def read(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("\t") for line in file)


def compare(one, other):
    for name, value in one.items():
        yield name, "same" if other[name] == value else "own"


def main(words):
    if words == ["facts"]:
        for name, value in facts():
            print(f"{name}\t{value}")
    elif len(words) == 3 and words[0] == "compare":
        for name, answer in compare(read(words[1]), read(words[2])):
            print(f"{name:16} {answer}")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
