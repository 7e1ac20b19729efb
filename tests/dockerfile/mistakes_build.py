#!/usr/bin/env python3
"""Those mistakes that show only beside a context: mistakes_build.py SUIT FOLDER

Each folder of FOLDER with a list `files` is built: an empty file for each line of the list is the
context. What is said on stderr must equal `expected`, where the paths of the context and of the
store read CONTEXT and STORE.
SUIT_GOLDEN_WRITE=1 writes what is said now; read the difference before keeping it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77


def make_context(folder, context):
    """The context that the folder's list names, with its Dockerfile."""
    for name in (folder / "files").read_text(encoding="utf-8").splitlines():
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in ("Dockerfile", ".dockerignore"):
        if (folder / name).exists():
            (context / name).write_bytes((folder / name).read_bytes())


def build(suit, directory, folder):
    """Exit code and stderr of the build of one mistake."""
    context = directory / folder.name
    context.mkdir()
    make_context(folder, context)
    environment = {**os.environ, "SUIT_ROOT": str(directory / "store")}
    done = subprocess.run([suit, "build", "--pull=never", "-q", "."], cwd=context, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    said = done.stderr.replace(str(context), "CONTEXT").replace(str(directory / "store"), "STORE")
    return done.returncode, said


def main():
    suit, base = sys.argv[1], pathlib.Path(sys.argv[2])
    if os.geteuid() != 0:
        print("SKIP: building needs root here")
        return SKIP
    folders = sorted(path.parent for path in base.glob("*/files"))
    passed = 0
    with tempfile.TemporaryDirectory(prefix="suit-mistakes-") as directory:
        for folder in folders:
            code, said = build(suit, pathlib.Path(directory), folder)
            expected = folder / "expected"
            if "SUIT_GOLDEN_WRITE" in os.environ:
                expected.write_text(said, encoding="utf-8")
            wanted = expected.read_text(encoding="utf-8") if expected.exists() else ""
            if code == 1 and said == wanted and said:
                passed += 1
            else:
                print(f"{folder.name}: exit code {code}\n--- said\n{said}--- expected\n{wanted}")
    print(f"mistakes beside a context: {passed}/{len(folders)} passed")
    return 0 if passed == len(folders) and folders else 1


if __name__ == "__main__":
    sys.exit(main())
