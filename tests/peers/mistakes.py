#!/usr/bin/env python3
"""What three builders say to the mistakes of tests/dockerfile/mistakes: mistakes.py SUIT SOURCE [--write]

Compares tutorials/06-dockerfile-mistakes.md with what is said now; --write writes it. Ours is the text in
`expected`, which tests of its own hold true. The images that the files begin with are stand-ins whose shell
does nothing and succeeds, so that a builder that accepts a file comes to its end.
"""

import difflib
import pathlib
import re
import sys
import tempfile

from builders import SKIP, Builders, Missing, make_root_tar

BASES = ["python:3.12", "debian:12", "golang:1.22"]
PAGE = "tutorials/06-dockerfile-mistakes.md"
SHOWN = 12  # lines of another builder's answer

INTRODUCTION = """# 6b. The same mistake, three builders

{count} mistakes that people make in Dockerfiles, and what is said to each by Spacesuit, by `docker build` ({docker}, its
built-in BuildKit; newer ones say more) and by {buildah}, Debian 12's. The files and our answers lie in
`tests/dockerfile/mistakes`; a test holds this page equal to what the three really say. Back to [the lesson](06-dockerfile.md).

A good answer has four parts: *where* (file, line, column, and the line itself), *what* is wrong, *why*, and *what to write
instead*. Judge for yourself.

{found}
"""


def words_of(folder):
    return folder.name.split("-", 1)[1].replace("-", " ")


def error_of_docker(text):
    """The lines that remain when the steps that went well are left out."""
    lines = [line for line in text.splitlines() if not re.match(r"#\d+ ", line) and line.strip()]
    return "\n".join(lines[-SHOWN:])


def error_of_buildah(text):
    lines = [re.sub(r'^time="[^"]*" ', "", line) for line in text.splitlines()
             if line.strip() and not line.startswith(("STEP", "COMMIT"))]
    for line in lines:
        if line.startswith("panic:"):
            return re.sub(r" \[\d+\] with length \d+", "", line) + "\n(and a stack trace)"
    return "\n".join(line[:400] for line in lines[-SHOWN:])


def steady(text, directory):
    """Without what differs from run to run."""
    text = text.replace(str(directory), "/work")
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"[0-9a-z]{25}::[0-9a-z]{25}", "…", text)
    text = re.sub(r"/var/tmp/buildah\d+", "/var/tmp/buildah…", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "…", text)
    return re.sub(r"buildkit-mount\d+|docker-tmp\d+", "…", text)


def context_of(folder, directory):
    context = directory / folder.name
    context.mkdir()
    names = (folder / "files").read_text(encoding="utf-8").splitlines() if (folder / "files").exists() else []
    for name in names or ["train.py", "model.py", "run.sh", "requirements.txt", "data/train.csv"]:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).touch()
    for name in ("Dockerfile", ".dockerignore"):
        if (folder / name).exists():
            (context / name).write_bytes((folder / name).read_bytes())
    return context


def answer(done, shorten, directory):
    if done.returncode == 0:
        return "accepted, without a word"
    return steady(shorten(done.stderr), directory) or f"refused with exit code {done.returncode}, without a word"


def ask(builders, folder, directory):
    """The answers of docker and buildah."""
    context = context_of(folder, directory)
    tag = "mistake-" + folder.name + ":1"
    dockerfile = context / "Dockerfile"
    docker = answer(builders.build_docker(context, dockerfile, tag), error_of_docker, directory)
    buildah = answer(builders.build_buildah(context, dockerfile, "localhost/" + tag), error_of_buildah, directory)
    return docker, buildah


def fenced(text):
    return "```text\n" + text.rstrip("\n") + "\n```\n"


def has_place(text):
    return re.search(r"(?i)line \d|dockerfile:\d", text) is not None


def make_page(builders, source, directory):
    folders = sorted((source / "tests/dockerfile/mistakes").iterdir())
    sections = []
    placed = {"docker": 0, "buildah": 0, "suit": 0}
    silent = {"docker": 0, "buildah": 0}
    for number, folder in enumerate(folders, 1):
        docker, buildah = ask(builders, folder, directory)
        for name, text in (("docker", docker), ("buildah", buildah)):
            placed[name] += has_place(text)
            silent[name] += text.startswith("accepted")
        file = (folder / "Dockerfile").read_text(encoding="utf-8")
        ours = (folder / "expected").read_text(encoding="utf-8")
        placed["suit"] += has_place(ours)
        sections.append(f"## {number}. {words_of(folder).capitalize()}\n\n" + fenced(file)
                        + "\nSpacesuit:\n\n" + fenced(ours) + "\nDocker:\n\n" + fenced(docker)
                        + "\nbuildah:\n\n" + fenced(buildah))
    found = (f"Of {len(folders)}, Spacesuit names a line for {placed['suit']}. Docker accepts {silent['docker']} without a word, and names a\n"
             f"line for {placed['docker']}; buildah accepts {silent['buildah']} without a word, and names a line for "
             f"{placed['buildah']}. A `warning` of ours\nis what the checks say: the file builds, and is likely wrong.")
    introduction = INTRODUCTION.format(count=len(folders), docker=builders.version(builders.docker).split(",")[0],
                                       buildah=builders.version("buildah").split(" (")[0], found=found)
    return introduction + "\n" + "\n".join(sections)


def main():
    suit, source = sys.argv[1], pathlib.Path(sys.argv[2])
    page = source / PAGE
    with tempfile.TemporaryDirectory(prefix="suit-mistakes-") as directory:
        directory = pathlib.Path(directory)
        try:
            with Builders(suit, source, directory) as builders:
                shell = pathlib.Path(suit).parent / "suit-true"
                make_root_tar(directory / "base.tar", shell)
                builders.import_base(directory / "base.tar", BASES, buildah=True)
                text = make_page(builders, source, directory)
        except Missing as missing:
            print(f"SKIP: {missing}")
            return SKIP
    if "--write" in sys.argv:
        page.write_text(text, encoding="utf-8")
        return 0
    # Of several sources that are missing, docker names another one each time.
    before, text = (re.sub(r'cache key: "[^"]*"', 'cache key: "…"', one)
                    for one in (page.read_text(encoding="utf-8"), text))
    if before.splitlines()[2:4] != text.splitlines()[2:4]:
        print("SKIP: the page was made with other versions of docker or buildah")
        return SKIP
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), text.splitlines(True), "page", "now"))
    return 0 if before == text else 1


if __name__ == "__main__":
    sys.exit(main())
