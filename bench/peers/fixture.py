"""The inputs that all contenders share: one root file system, one bundle, one image archive.

The root holds two programs: bin/true without a C library, so that the payload's own start hides nothing,
and busybox. No registry is asked.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

IMAGE = "suit-bench:1"


def make_root(directory, payload):
    """A root file system; returns its path."""
    root = os.path.join(directory, "rootfs")
    for name in ("bin", "dev", "proc", "sys", "tmp", "etc"):
        os.makedirs(os.path.join(root, name))
    shutil.copy(payload, os.path.join(root, "bin/true"))
    busybox = shutil.which("busybox")
    if busybox:
        shutil.copy(busybox, os.path.join(root, "bin/busybox"))
        os.symlink("busybox", os.path.join(root, "bin/sh"))
    with open(os.path.join(root, "etc/passwd"), "w", encoding="ascii") as passwd:
        passwd.write("root:x:0:0:root:/:/bin/sh\n")
    return root


def oci_config(spec_program):
    """The runtime-spec configuration that `PROGRAM spec` writes: what everybody's bundle begins with."""
    import tempfile

    with tempfile.TemporaryDirectory() as where:
        subprocess.run([spec_program, "spec"], cwd=where, check=True, capture_output=True)
        with open(os.path.join(where, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/true"]
    return config


def make_bundle(directory, name, root, config):
    bundle = os.path.join(directory, name)
    os.makedirs(bundle)
    config = dict(config, root={"path": root, "readonly": True})
    with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    return bundle


def make_archive(directory, root):
    """A `docker save` archive of one layer, which docker, podman and suit all load."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(root, arcname=".", filter=owned_by_root)
    layer = layer.getvalue()
    config = json.dumps({
        "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64",
        "os": "linux",
        "config": {"Cmd": ["/bin/true"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created_by": "bench"}],
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]).encode()
    path = os.path.join(directory, "image.tar")
    with tarfile.open(path, mode="w") as tar:
        for name, data in ((config_name, config), ("layer.tar", layer), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def owned_by_root(info):
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = 0
    return info
