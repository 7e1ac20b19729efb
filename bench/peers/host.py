"""What a measurement must say about the machine it was made on."""

import os
import platform
import shutil
import subprocess


def first_line(argv, env=None):
    """The first line that a command prints, or None if it cannot be run."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, env=env, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if lines else None


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def cgroup_layout():
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as info:
        kinds = {line.split(" - ")[1].split()[0] for line in info}
    v1, v2 = "cgroup" in kinds, "cgroup2" in kinds
    return "hybrid" if v1 and v2 else "v1" if v1 else "v2" if v2 else "none"


def commit(source):
    """`abc1234`, with `+changes` when the working tree is not that commit."""
    ask = ["git", "-C", source, "rev-parse", "--short", "HEAD"]
    head = subprocess.run(ask, capture_output=True, text=True, check=False)
    if head.returncode != 0:
        return "none"
    changed = subprocess.run(["git", "-C", source, "status", "--porcelain"], capture_output=True, check=False)
    return head.stdout.strip() + ("+changes" if changed.stdout else "")


def versions(bin_dir):
    """Version of every program that takes part, None when it is missing."""
    asks = {
        "suit": [os.path.join(bin_dir, "suit"), "version"],
        "suit-oci": [os.path.join(bin_dir, "suit-oci"), "--version"],
        "crun": ["crun", "--version"],
        "runc": ["runc", "--version"],
        "bwrap": ["bwrap", "--version"],
        "docker": [os.environ.get("SUIT_DOCKER") or "docker", "--version"],
        "dockerd": ["dockerd", "--version"],
        "podman": ["podman", "--version"],
        "openssl": ["openssl", "version"],
        "sha256sum": ["sha256sum", "--version"],
    }
    return {name: first_line(argv) if shutil.which(argv[0]) else None for name, argv in asks.items()}


def facts(source, bin_dir):
    return {
        "kernel": platform.release(),
        "cpu": cpu_model(),
        "cpus": len(os.sched_getaffinity(0)),
        "cgroups": cgroup_layout(),
        "load": os.getloadavg()[0],
        "commit": commit(source),
        "versions": versions(bin_dir),
    }
