"""type.py [-r ROWS -c COLUMNS] PROGRAM ARG... < SCRIPT: runs the program at a terminal and types for it.

A line of the script is `WAIT<tab>KEYS`: once WAIT (a regular expression) has been printed, KEYS are typed,
\\r and \\x10 as in Python; `resize 10 20` changes the window instead, `kill` the program with SIGKILL. What
it printed goes to stdout; the exit code is the program's. At the end the terminal's modes must be as they
were, or the last line says so."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

args = sys.argv[1:]
rows, columns = 24, 80
while args[0] in ("-r", "-c"):
    if args[0] == "-r":
        rows = int(args[1])
    else:
        columns = int(args[1])
    args = args[2:]
script = [line.rstrip("\n").split("\t", 1) for line in sys.stdin if line.strip()]

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.closerange(3, 100)
    os.execvp(args[0], args)

printed = b""
seen = 0  # what an earlier WAIT has matched
deadline = time.time() + 30
code = None
while time.time() < deadline:
    ready, _, _ = select.select([master], [], [], 0.05)
    if ready:
        try:
            printed += os.read(master, 65536)
        except OSError:
            break
    if script:
        match = re.compile(script[0][0].encode()).search(printed, seen)
        if match:
            seen = match.end()
            keys = script.pop(0)[1]
            if keys.startswith("resize "):
                size = [int(word) for word in keys.split()[1:]]
                fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[0], size[1], 0, 0))
                os.kill(pid, signal.SIGWINCH)
            elif keys == "kill":
                os.kill(pid, signal.SIGKILL)
            else:
                os.write(master, keys.encode().decode("unicode_escape").encode("latin-1"))
    if code is None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
    elif not ready:
        break
sys.stdout.write(printed.decode(errors="replace").replace("\r", ""))
if code is None:
    os.kill(pid, signal.SIGKILL)
    print("\ntype.py: no end within 30 s; still waiting for", script[:1])
    sys.exit(99)
if script:
    print("\ntype.py: never printed:", script[0][0])
    sys.exit(98)
if termios.tcgetattr(slave) != before:
    print("\ntype.py: the terminal was left in another mode")
    sys.exit(97)
sys.exit(code if code >= 0 else 128 - code)
