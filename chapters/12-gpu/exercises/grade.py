#!/usr/bin/env python3
"""Grades an exercise of chapter 12: grade.py 1|2|3 PROGRAM [OPTION...] [--seed N]

README.md lists the answers and exit codes.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import grading  # noqa: E402

IDS = ("0", "1", "2", "GPU-edfee158", "0:1", "MIG-c6d4f1ef", "7")
HOST = ("gpu", "module", "nodes", "libraries", "smi")
IMAGE = ("cuda", "framework", "libc")


def make_gpus_flag(generator):
    fields, count, devices = [], None, []
    if generator.random() < 0.5:
        count = generator.choice((-1, 1, 2, 8, 0))
        word = "all" if count == -1 and generator.random() < 0.8 else str(count)
        fields.append(generator.choice(("", "count=")) + word)
    if generator.random() < 0.6:
        devices = generator.sample(IDS, generator.randint(1, 3))
        text = "device=" + ",".join(devices)
        if len(devices) > 1 and devices[1].isdigit() and count is None and generator.random() < 0.4:
            # The mistake: without quotes the second device is a count.
            devices, text = devices[:2], "device=" + ",".join(devices[:2])
            return grading.Case(words=(text,), code=1 if devices[1] != "0" else 0,
                                expected="" if devices[1] != "0" else f"count 0\ndevices {devices[0]}")
        fields.append(f'"{text}"' if len(devices) > 1 or generator.random() < 0.3 else text)
    if not fields:
        fields, count = ["all"], -1
    generator.shuffle(fields)
    if count is None:
        count = 0 if devices else 1
    if count != 0 and devices:
        return grading.Case(words=(",".join(fields),), code=1)
    return grading.Case(f"count {count}\ndevices {' '.join(devices) or '-'}", words=(",".join(fields),))


def make_cdi_order(generator):
    names = ["vendor.com/gpu=0", "vendor.com/gpu=1", "vendor.com/net=0", "other.org/gpu=0"]
    lines, claims = [], {}
    for number in range(generator.randint(0, 8)):
        priority, name = generator.randint(0, 2), generator.choice(names)
        file = f"/cdi/{number}.json"
        lines.append(f"{priority} {file} {name}")
        claims.setdefault(name, {}).setdefault(priority, []).append(file)
    wanted = generator.choice(names)
    best = max(claims.get(wanted, {}).items(), default=None)
    answer = "none" if best is None else best[1][0] if len(best[1]) == 1 else "conflict"
    return grading.Case(answer, words=(wanted,), stdin="".join(line + "\n" for line in lines))


def make_whose_side(generator):
    side = generator.choice(("ok", "host", "image", "both", "request"))
    wrong = set()
    if side in ("host", "both"):
        wrong |= set(generator.sample(HOST, generator.randint(1, 3)))
    if side in ("image", "both"):
        wrong |= set(generator.sample(IMAGE, generator.randint(1, 2)))
    if side == "request" or (side != "ok" and generator.random() < 0.4):
        wrong.add("asked")
    facts = [(name, "no") for name in wrong]
    facts += [(name, "yes") for name in (*HOST, *IMAGE, "asked") if name not in wrong and generator.random() < 0.8]
    generator.shuffle(facts)
    return grading.Case(side, stdin="".join(f"{name} {value}\n" for name, value in facts))


if __name__ == "__main__":
    sys.exit(grading.main(__doc__, {"1": make_gpus_flag, "2": make_cdi_order, "3": make_whose_side}))
