#!/usr/bin/env python3
"""The same Dockerfiles through `docker build` (BuildKit) and `suit build`: dockerfiles.py SUIT SOURCE [NAME...]

Compared are: accepted or refused; the image's configuration; the history, which is the order of the
steps and what each was. docker is Debian's, run by a daemon of our own without a network.
"""

import json
import pathlib
import shutil
import sys
import tempfile

from builders import SKIP, Builders, Missing, make_root_tar
from dockerfile_table import table

# What we answer differently on purpose: name -> reason.
NEWER_ARG = "newer BuildKit writes the value in force into the history of ARG, not only the default"
NEWER_HEALTH = "newer BuildKit has a start interval, too, and writes it into the history"
DEVIATIONS = {
    "words 02": "newer BuildKit cleans the path: /a/ is /a",
    **{f"arg {number:02d}": NEWER_ARG for number in (1, 2, 3, 5, 9, 12)},
    "steps 07": "our history has the flags that change the layer, --chown among them",
    **{f"command {number:02d}": NEWER_HEALTH for number in (14, 15, 16, 17)},
}
# What ends the daemon itself, so that only we are asked: we must refuse it.
ENDS_DOCKER = {
    "refusal 08": "a file of ARGs alone: dockerd 20.10 panics with index out of range [-1]",
}

FIELDS = ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "Labels", "ExposedPorts", "Volumes", "StopSignal",
          "Healthcheck", "Shell", "OnBuild")


def make_context(directory):
    context = directory / "context"
    (context / "dir").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "dir/c.txt", "with blank.txt"):
        (context / name).write_text(name + "\n", encoding="utf-8")
    return context


def description(inspected, history):
    """What is compared: nothing, an empty list and an empty object mean the same."""
    config = inspected["Config"] or {}
    found = {name: config[name] for name in FIELDS if config.get(name)}
    if inspected.get("Author"):
        found["Author"] = inspected["Author"]
    found["History"] = history
    return found


def describe(builders, program, tag):
    inspected = json.loads(builders.run([program, "image", "inspect", tag]).stdout)[0]
    history = builders.run([program, "history", "--no-trunc", "--format", "{{.CreatedBy}}", tag]).stdout
    # Newest first; the base image's own line says how it was imported.
    lines = [line.rstrip() for line in reversed(history.splitlines()) if line.strip()]
    return description(inspected, lines)


def write(context, text):
    """The Dockerfile, beside the context."""
    dockerfile = context.parent / "Dockerfile"
    dockerfile.write_text(text, encoding="utf-8", newline="")
    return dockerfile


def judge(builders, context, name, text, options):
    """The differences of one Dockerfile, in words."""
    dockerfile = write(context, text)
    results = {}
    for engine, program, build in (("docker", builders.docker, builders.build_docker),
                                   ("suit", builders.suit, builders.build_suit)):
        tag = engine + "-" + name.replace(" ", "-") + ":1"
        done = build(context, dockerfile, tag, options)
        results[engine] = describe(builders, program, tag) if done.returncode == 0 else None
        results[engine + " said"] = done.stderr.strip()[-600:]
        if "Cannot connect to the Docker daemon" in done.stderr:
            raise Missing(f"the Docker daemon ended at {name}: {builders.daemon_log()}")
    docker, suit = results["docker"], results["suit"]
    if (docker is None) != (suit is None):
        who = "docker" if docker is None else "suit"
        return [f"only {who} refuses: {results[who + ' said']}"]
    if docker is None:
        return []
    return [f"{key}: docker {docker.get(key)!r}, suit {suit.get(key)!r}"
            for key in sorted(docker.keys() | suit.keys()) if docker.get(key) != suit.get(key)]


def compare(builders, directory, only):
    make_root_tar(directory / "base.tar", shutil.which("busybox"))
    builders.import_base(directory / "base.tar", ["base:1"])
    context = make_context(directory)
    passed = failed = deviated = 0
    for name, text, options in table():
        if only and name not in only:
            continue
        if name in ENDS_DOCKER:
            done = builders.build_suit(context, write(context, text), "x:1", options)
            deviated += done.returncode == 1
            failed += done.returncode != 1
            continue
        differences = judge(builders, context, name, text, options)
        if name in DEVIATIONS and differences:
            deviated += 1
            continue
        if name in DEVIATIONS:
            differences = ["listed as a deviation, and there is no difference"]
        if differences:
            failed += 1
            print(f"--- {name}\n{text.rstrip()}\n    " + "\n    ".join(differences))
        else:
            passed += 1
    print(f"dockerfiles beside {builders.version(builders.docker)}: {passed}/{passed + failed} agree, "
          f"{deviated} differ on purpose")
    return 1 if failed or not passed else 0


def main():
    suit, source, only = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory(prefix="suit-dockerfiles-") as directory:
        try:
            with Builders(suit, source, directory) as builders:
                return compare(builders, pathlib.Path(directory), only)
        except Missing as missing:
            print(f"SKIP: {missing}")
            return SKIP


if __name__ == "__main__":
    sys.exit(main())
