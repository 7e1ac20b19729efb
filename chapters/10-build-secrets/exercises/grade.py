#!/usr/bin/env python3
"""Grades an exercise of chapter 10: grade.py 1|2|3 PROGRAM [OPTION...] [--seed N]

README.md lists the answers and exit codes.
"""

import base64
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import grading  # noqa: E402

PATHS = ("/app/.env", "/root/.netrc", "/etc/pip.conf", "/tmp/key")


def word(generator, letters, shortest, longest):
    return "".join(generator.choice(letters) for _ in range(generator.randint(shortest, longest)))


def make_stream(generator):
    """Few letters, so that beginnings of the value are everywhere."""
    value = word(generator, "ab", 2, 4) + generator.choice(("", "c", "ab"))
    text = "".join(generator.choice((value, value[:-1], word(generator, "abc", 1, 4), "-"))
                   for _ in range(generator.randint(1, 8)))
    cuts = sorted(generator.randrange(len(text) + 1) for _ in range(generator.randint(0, 5)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)])]
    lines, held = [], ""
    for piece in pieces:
        parts = (held + piece).split(value)  # left to right, without overlap
        longest = min(len(value) - 1, len(parts[-1]))
        keep = next(size for size in range(longest, -1, -1) if value.startswith(parts[-1][len(parts[-1]) - size:]))
        held = parts[-1][len(parts[-1]) - keep:]
        parts[-1] = parts[-1][:len(parts[-1]) - keep]
        lines.append("***".join(parts))
    return grading.Case("\n".join([*lines, held]), words=(value,), stdin="\n".join(pieces) + "\n")


def make_base64(generator):
    value = word(generator, "abcdefgh-0123", 8, 16)
    before = word(generator, "xyz ", 0, 7)
    after = word(generator, "xyz ", 0, 7)
    there = generator.random() < 0.6
    middle = value if there else value[:-3] + "XXX"
    text = base64.b64encode((before + middle + after).encode()).decode()
    return grading.Case("yes" if there else "no", words=(value,), stdin=text + "\n")


def make_image(generator):
    value = word(generator, "abcdefgh0123", 8, 12)
    texts = (f"token={value}", value, f"a {value} b", "harmless", f"x{value[:-1]}", "")
    lines, places = [], []
    for number in range(1, generator.randint(2, 5)):
        for _ in range(generator.randint(0, 3)):
            path = generator.choice(PATHS) + generator.choice(("", "", "", value))
            kind = generator.choice(("add", "add", "remove"))
            text = generator.choice(texts) if kind == "add" else ""
            lines.append(f"layer {number} {kind} {path} {text}".rstrip(" "))
            if value in path or value in text:
                places.append(f"layer {number} {path}")
    for _ in range(generator.randint(0, 3)):
        text = generator.choice(texts)
        lines.append(f"history RUN {text}")
        places += ["history"] if value in text else []
    for _ in range(generator.randint(0, 2)):
        name, text = generator.choice(("TOKEN", "PATH")), generator.choice(texts)
        lines.append(f"env {name}={text}")
        places += [f"env {name}"] if value in text else []
    return grading.Case("\n".join(places), words=(value,), stdin="\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(grading.main(__doc__, {"1": make_stream, "2": make_base64, "3": make_image}))
