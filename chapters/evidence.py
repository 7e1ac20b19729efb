"""What the graders by the kernel's evidence share: a host of their own, the learner's program with a process in it
that only this run has, and what /proc says about that process. Nothing that a program prints is read.
"""

import collections
import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from grading import ENVIRONMENT, NAMES, NOT_IMPLEMENTED, PASS, TIMEOUT, WRONG, Verdict

CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_SHARED = 0x20000, 1 << 14, 1 << 18, 1 << 20
PATIENCE = 10.0  # seconds: a right answer needs some milliseconds

libc = ctypes.CDLL(None, use_errno=True)
Mount = collections.namedtuple("Mount", "root point options kind")


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
    for name in ("bin", "dev", "home", "proc", "sys", "tmp"):
        os.makedirs(os.path.join(root, name))
    shutil.copy(shutil.which("busybox"), os.path.join(root, "bin/busybox"))
    for part in ("chmod", "sh", "sleep"):
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


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Run:
    """The learner's program with a `sleep` in it that only this run has."""

    def __init__(self, words):
        self.mounts_before = set(read("/proc/self/mountinfo").splitlines())
        self.nonce = f"{random.randint(1000, 9999)}.{random.randint(1000, 9999)}"
        self.process = subprocess.Popen([*words, "/bin/sleep", self.nonce], stdin=subprocess.DEVNULL,
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
        """The process inside first: a right answer then ends by itself, and tidies up."""
        inside = find_process(self.nonce)
        if inside:
            kill(inside)
        try:
            self.process.wait(2 if inside else 0)
        except subprocess.TimeoutExpired:
            kill(self.process.pid)
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
    """Every mount that the process can reach."""
    found = []
    for line in read(f"/proc/{pid}/mountinfo").splitlines():
        left, right = line.split(" - ", 1)
        fields = left.split()
        found.append(Mount(fields[3], fields[4], fields[5].split(","), right.split()[0]))
    return found


def namespace(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


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


def exit_code_of(words):
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, timeout=PATIENCE,
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


def status(pid, field):
    """A line of /proc/PID/status without its name."""
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1].strip()
    return ""


def grade(grader, program, root):
    """Prints the verdict; its exit code."""
    try:
        environment()
        print("PASS:", grader(program, root))
        return PASS
    except Verdict as verdict:
        print(f"{NAMES[verdict.code]}: {verdict}")
        return verdict.code


def main(usage, graders):
    """`graders`: exercise number -> function of the learner's words and a root file system; says what is proven."""
    if len(sys.argv) < 3 or sys.argv[1] not in graders:
        print(usage.splitlines()[0], file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="suit-grade-") as directory:
        os.chmod(directory, 0o755)
        root = make_root(directory) if shutil.which("busybox") else directory
        # A child enters the mount namespace and we do not: what a wrong answer mounted below `directory`
        # must not be there when it is removed, or the removal would follow a bind mount to the host's files.
        child = os.fork()
        if child == 0:
            code = grade(graders[sys.argv[1]], sys.argv[2:], root)
            sys.stdout.flush()
            os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
