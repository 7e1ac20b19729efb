#!/usr/bin/env python3
"""Grades an exercise of chapter 1 by the kernel's evidence: grade.py 1|2|3 PROGRAM [OPTION...]

Nothing that the program prints is read. README.md lists the answers and exit codes.
"""

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PASS, WRONG, NOT_IMPLEMENTED, TIMEOUT, ENVIRONMENT = 0, 1, 3, 4, 5
CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_SHARED = 0x20000, 1 << 14, 1 << 18, 1 << 20
PATIENCE = 10.0  # seconds: a right answer needs some milliseconds

libc = ctypes.CDLL(None, use_errno=True)


class Verdict(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def wrong(text):
    raise Verdict(WRONG, text)


def environment():
    """A shared mount namespace of our own, as systemd's hosts have: leaks show, and go with us."""
    if os.geteuid() != 0:
        raise Verdict(ENVIRONMENT, "needs root")
    if not shutil.which("busybox"):
        raise Verdict(ENVIRONMENT, "needs busybox (package busybox-static)")
    if libc.unshare(CLONE_NEWNS) != 0:
        raise Verdict(ENVIRONMENT, "needs the right to make namespaces: " + os.strerror(ctypes.get_errno()))
    libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    libc.mount(None, b"/", None, MS_REC | MS_SHARED, None)


def make_root(directory):
    root = os.path.join(directory, "root")
    for name in ("bin", "proc", "tmp"):
        os.makedirs(os.path.join(root, name))
    shutil.copy(shutil.which("busybox"), os.path.join(root, "bin/busybox"))
    for part in ("sh", "sleep"):
        os.symlink("busybox", os.path.join(root, "bin", part))
    return root


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def find_process(nonce):
    """The host's id of the process that has `nonce` as an argument of its own, after execve."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            words = read(f"/proc/{name}/cmdline").split("\0")
        except OSError:
            continue
        if words[0] == "/bin/sleep" and nonce in words:
            return int(name)
    return None


class Run:
    """The learner's program with a `sleep` in it that only this run has."""

    def __init__(self, program, root):
        self.mounts_before = set(read("/proc/self/mountinfo").splitlines())
        self.nonce = f"{random.randint(1000, 9999)}.{random.randint(1000, 9999)}"
        self.process = subprocess.Popen([*program, root, "/bin/sleep", self.nonce], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        self.inside = None
        while self.inside is None and time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.check_no_leak()
                ended(self.process.returncode)
            self.inside = find_process(self.nonce)
            time.sleep(0.01)
        if self.inside is None:
            self.kill()
            raise Verdict(TIMEOUT, f"no /bin/sleep was started within {PATIENCE:.0f} s")

    def kill(self):
        for pid in (find_process(self.nonce), self.process.pid):
            try:
                if pid:
                    os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def check_no_leak(self):
        leaked = set(read("/proc/self/mountinfo").splitlines()) - self.mounts_before
        if leaked:
            wrong("your mounts reached the host: " + ", ".join(sorted(line.split()[4] for line in leaked)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def ended(code):
    if code == 99:
        raise Verdict(NOT_IMPLEMENTED, "the starter says so")
    wrong(f"your program ended ({code}) before the program in the container had run")


def mounts(pid):
    """(root in its file system, mount point, type) of every mount that the process can reach."""
    found = []
    for line in read(f"/proc/{pid}/mountinfo").splitlines():
        left, right = line.split(" - ", 1)
        fields = left.split()
        found.append((fields[3], fields[4], right.split()[0]))
    return found


def namespace(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def check_own_processes(pid):
    if namespace(pid, "pid") == namespace("self", "pid"):
        wrong(f"its pid namespace is the host's, {namespace(pid, 'pid')}")
    numbers = [line for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("NSpid")][0].split()[1:]
    if numbers[-1] != "1":
        wrong(f"NSpid says that it is process {numbers[-1]} in its namespace, not 1")


def check_proc(pid, nonce):
    if not any(point == "/proc" and kind == "proc" for _, point, kind in mounts(pid)):
        wrong("no proc is mounted on its /proc")
    try:
        first = read(f"/proc/{pid}/root/proc/1/cmdline")
    except OSError:
        first = ""
    if nonce not in first:
        wrong("process 1 of its /proc is another process: that is another namespace's proc")


def identity(path):
    status = os.stat(path)
    return status.st_dev, status.st_ino


def root_of_namespace(pid):
    """(device, inode) of `/` for somebody who enters the process's mount namespace."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        fd = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
        good = libc.setns(fd, CLONE_NEWNS) == 0
        os.write(writer, repr(identity("/") if good else None).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as answer:
        return answer.read()


def check_root(pid, root):
    if namespace(pid, "mnt") == namespace("self", "mnt"):
        wrong("its mount namespace is the host's")
    if identity(f"/proc/{pid}/root") != identity(root):
        wrong("its root is not ROOT")
    if root_of_namespace(pid) != repr(identity(root)):
        wrong("its mount namespace still has another root below or above ROOT: there is a way back")
    strangers = [point for _, point, _ in mounts(pid) if point not in ("/", "/proc")]
    if strangers or len([1 for _, point, _ in mounts(pid) if point == "/"]) != 1:
        wrong("it can reach more mounts than its root: " + " ".join(strangers or ["a second /"]))


def grade_processes(program, root):
    with Run(program, root) as run:
        check_own_processes(run.inside)
        check_proc(run.inside, run.nonce)
        run.check_no_leak()
    return "process 1 of its own namespace, with that namespace's /proc"


def grade_root(program, root):
    with Run(program, root) as run:
        check_root(run.inside, root)
        run.check_no_leak()
    return "ROOT is its root, and the only one"


def exit_code_of(program, root, script):
    try:
        return subprocess.run([*program, root, "/bin/sh", "-c", script], stdin=subprocess.DEVNULL, timeout=PATIENCE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    except subprocess.TimeoutExpired:
        raise Verdict(TIMEOUT, f"did not end within {PATIENCE:.0f} s") from None


def gone(pid):
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            if read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def grade_end(program, root):
    number = random.randint(2, 90)
    code = exit_code_of(program, root, f"exit {number}")
    if code == 99:
        ended(99)
    if code != number:
        wrong(f"the program exited with {number}, yours with {code}")
    with Run(program, root) as run:
        os.kill(run.inside, signal.SIGKILL)
        try:
            code = run.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Verdict(TIMEOUT, "did not end after its program had been killed") from None
        if code != 137:
            wrong(f"signal 9 killed the program, yours ended with {code}, not 137")
    with Run(program, root) as run:
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        if not gone(run.inside):
            wrong("your process was killed and its program lives on, an orphan")
    return "it ends as its program does, and takes it along"


GRADERS = {"1": grade_processes, "2": grade_root, "3": grade_end}


def grade(number, program, root):
    """Prints the verdict; its exit code."""
    try:
        environment()
        print("PASS:", GRADERS[number](program, root))
        return PASS
    except Verdict as verdict:
        names = {WRONG: "WRONG", NOT_IMPLEMENTED: "NOT IMPLEMENTED", TIMEOUT: "TIMEOUT", ENVIRONMENT: "ENVIRONMENT"}
        print(f"{names[verdict.code]}: {verdict}")
        return verdict.code


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in GRADERS:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="suit-grade-") as directory:
        root = make_root(directory) if shutil.which("busybox") else directory
        # A child enters the mount namespace and we do not: what a wrong answer mounted below `directory`
        # must not be there when it is removed, or the removal would follow a bind mount to the host's files.
        child = os.fork()
        if child == 0:
            code = grade(sys.argv[1], sys.argv[2:], root)
            sys.stdout.flush()
            os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
