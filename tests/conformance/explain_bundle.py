#!/usr/bin/env python3
"""Holds the explanation of a bundle's start equal to what strace sees.

    explain_bundle.py SUIT_OCI plain|rich|userns

Makes a bundle of busybox in a temporary directory and hands it to explain_equals_strace.py. `plain`
is the default spec; `rich` has binds, a plain user, limits, sysctls, devices, a read-only root; `userns` runs in
user and time namespaces of its own, with scheduling and personality.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
HERE = os.path.dirname(os.path.abspath(__file__))


def make_rootfs(path):
    for name in ("bin", "etc", "proc", "dev", "sys", "tmp"):
        os.makedirs(f"{path}/{name}")
    shutil.copy("/bin/busybox", f"{path}/bin/busybox")
    for applet in ("sh", "true", "id", "cat"):
        os.symlink("busybox", f"{path}/bin/{applet}")


def enrich(spec, bundle):
    os.makedirs(f"{bundle}/volume")
    with open(f"{bundle}/file", "w") as file:
        file.write("hello\n")
    process = spec["process"]
    process["args"] = ["sh", "-c", "id; cat /new/file"]
    process["user"] = {"uid": 33, "gid": 34, "additionalGids": [5, 6], "umask": 0o77}
    process["noNewPrivileges"] = True
    process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 512, "hard": 1024}]
    process["oomScoreAdj"] = 100
    process["cwd"] = "/srv/app/deep"
    sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
    process["capabilities"] = {name: ["CAP_KILL", "CAP_NET_BIND_SERVICE"] for name in sets}
    spec["root"]["readonly"] = True
    spec["mounts"] += [
        {"destination": "/data", "type": "bind", "source": "volume", "options": ["rbind", "ro", "nosuid", "nodev"]},
        {"destination": "/new/file", "type": "bind", "source": "file", "options": ["rbind", "rslave", "rro"]},
        {"destination": "/cache", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m", "noatime"]}]
    spec["linux"]["devices"] = [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200,
                                 "fileMode": 0o666, "uid": 0, "gid": 5}]
    spec["linux"]["sysctl"] = {"kernel.shmmax": "100", "net.ipv4.ip_forward": "1"}


def separate(spec, bundle):
    maps = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    linux, process = spec["linux"], spec["process"]
    linux["namespaces"] += [{"type": "user"}, {"type": "time"}]
    linux["uidMappings"] = linux["gidMappings"] = maps
    linux["timeOffsets"] = {"boottime": {"secs": 1000}}
    linux["personality"] = {"domain": "LINUX32"}
    linux["rootfsPropagation"] = "rshared"
    process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 512, "hard": 1024}]
    process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 19}
    process["ioPriority"] = {"class": "IOPRIO_CLASS_IDLE"}
    for folder, _, files in os.walk(f"{bundle}/rootfs"):
        for name in [folder] + [f"{folder}/{file}" for file in files]:
            os.lchown(name, 100000, 100000)


def main():
    suit_oci, kind = sys.argv[1:]
    for reason, missing in (("root", os.geteuid() != 0), ("strace", not shutil.which("strace")),
                            ("busybox-static", not os.access("/bin/busybox", os.X_OK))):
        if missing:
            print(f"skipped: needs {reason}")
            sys.exit(SKIP)
    with tempfile.TemporaryDirectory(prefix="suit-explain-") as bundle:
        os.chmod(bundle, 0o755)
        make_rootfs(f"{bundle}/rootfs")
        subprocess.run([suit_oci, "spec", "-b", bundle], check=True)
        with open(f"{bundle}/config.json") as file:
            spec = json.load(file)
        spec["process"]["args"] = ["true"]
        if kind == "rich":
            enrich(spec, bundle)
        if kind == "userns":
            separate(spec, bundle)
        with open(f"{bundle}/config.json", "w") as file:
            json.dump(spec, file)
        explanation = f"{bundle}/explanation.json"
        sys.exit(subprocess.run([sys.executable, f"{HERE}/explain_equals_strace.py", explanation, "--",
                                 suit_oci, "run", "-b", bundle, "--explain", explanation,
                                 f"explain-{kind}-{os.getpid()}"]).returncode)


if __name__ == "__main__":
    main()
