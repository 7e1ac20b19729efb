#!/usr/bin/env python3
"""Grades an exercise of chapter 8: grade.py 1|2|3 PROGRAM [OPTION...] [--seed N]

README.md lists the answers and exit codes.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import grading  # noqa: E402

REGISTRIES = ("ghcr.io", "localhost", "localhost:5000", "host:80", "europe-west4-docker.pkg.dev", "[2001:db8::1]:5000",
              "127.0.0.1:5000", "Registry", "docker.io")
PARTS = ("python", "a", "my-app", "x__y", "v1.2", "0", "a---b", "library-x")
TAGS = ("1", "latest", "5000", "3.12-slim", "_x", "V1", "a.b_c-d", "T" * 128)
BAD_PARTS = ("", "-a", "a-", "a..b", "a___b", "A", "a b", "a._b", "_", "é")
BAD_TAGS = ("", "-x", ".x", "a+b", "a b", "T" * 129, "ä")


def digits(generator, count):
    return "".join(generator.choice("0123456789abcdef") for _ in range(count))


def make_parts(generator):
    """Registry or None, repository, tag or None, digest or None."""
    registry = generator.choice((None, None, *REGISTRIES))
    path = "/".join(generator.choice(PARTS) for _ in range(generator.randint(1, 3)))
    if registry is None and "/" in path:
        path = generator.choice(("user/", "localhost0/", "a-b/")) + path  # no dot: not a registry
    tag = generator.choice((None, *TAGS))
    digest = "sha256:" + digits(generator, 64) if generator.random() < 0.3 else None
    return registry, path, tag, digest


def join(registry, path, tag, digest):
    return ((registry + "/" if registry else "") + path + (":" + tag if tag is not None else "")
            + ("@" + digest if digest else ""))


def make_split(generator):
    parts = make_parts(generator)
    return grading.Case("\n".join(part or "-" for part in parts), words=(join(*parts),))


def make_canonical(generator):
    registry, path, tag, digest = make_parts(generator)
    bad = generator.random()
    if bad < 0.2:
        name = join("ghcr.io", path + "/" + generator.choice(BAD_PARTS), tag, digest)
        return grading.Case(words=(name,), code=1)
    if bad < 0.35:
        return grading.Case(words=(join(registry, path, generator.choice(BAD_TAGS), digest),), code=1)
    typed = join("index.docker.io" if registry == "docker.io" and bad < 0.7 else registry, path, tag, digest)
    registry = registry or "docker.io"
    if registry == "docker.io" and "/" not in path:
        path = "library/" + path
    if tag is None and digest is None:
        tag = "latest"
    return grading.Case(join(registry, path, tag, digest), words=(typed,))


def make_short_id(generator):
    start = digits(generator, 3)
    ids = ["sha256:" + digits(generator, 64) for _ in range(generator.randint(0, 4))]
    ids += ["sha256:" + start + digits(generator, 61) for _ in range(generator.randint(0, 2))]
    ids += [generator.choice(ids)] if ids else []
    generator.shuffle(ids)
    text = start[:generator.randint(1, 3)]
    if ids and generator.random() < 0.5:
        text = generator.choice(ids)[7:7 + generator.choice((4, 12, 64))]
    text = generator.choice(("", "sha256:")) + text
    if generator.random() < 0.2:
        text = generator.choice(("", "sha256:", "SHA256:" + start, start + "x", "sha512:" + start))
        return grading.Case("none", words=(text, *ids))
    found = sorted({one for one in ids if one[7:].startswith(text.removeprefix("sha256:"))})
    return grading.Case("none" if not found else found[0] if len(found) == 1 else "ambiguous", words=(text, *ids))


if __name__ == "__main__":
    sys.exit(grading.main(__doc__, {"1": make_split, "2": make_canonical, "3": make_short_id}))
