#!/usr/bin/env python3
"""Compares this engine with its peers: same work, in turns, on this machine.

    compare.py [start] [lifecycle] [engines] [hash] [--bin DIR] [--rounds N] [--json FILE]

`start` runs one bundle, `lifecycle` creates, starts, deletes it and execs into it, `engines` runs one image (it
needs engines.sh: see README.md), `hash` hashes one file. Each suite runs twice: back to back, and with 100 ms
between runs (then the kernel's RCU grace periods are cold, which is what a person typing commands meets).
bench/report draws the JSON.
"""

import argparse
import collections
import json
import os
import shlex
import subprocess
import sys
import tempfile

import host
import suites

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
CONDITIONS = (("back to back", 0), ("100 ms apart", 100))


def percentile(values, share):
    """The value that `share` of the sorted values do not exceed (nearest rank)."""
    return values[min(len(values) - 1, int(len(values) * share))]


def summary(values, scale):
    values = sorted(values)
    shares = (("min", 0.0), ("p25", 0.25), ("p50", 0.5), ("p90", 0.9))
    return {name: round(percentile(values, share) / scale, 4) for name, share in shares}


def interleave(bin_dir, contenders, rounds, gap_ms):
    """Rows (wall ns, cpu ns, KiB, exit code) by contender."""
    for contender in contenders:
        assert not any(c in word for word in contender.argv for c in "\t\n"), contender.argv
    lines = "".join("\t".join([c.name, c.hide, *c.argv]) + "\n" for c in contenders)
    argv = [os.path.join(bin_dir, "suit-interleave"), "--rounds", str(rounds), "--gap-ms", str(gap_ms)]
    done = subprocess.run(argv, input=lines, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=True)
    rows = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        name, *numbers = line.split("\t")
        rows[name].append(tuple(int(number) for number in numbers))
    return rows


class DaemonMeter:
    """CPU time of dockerd, containerd, its shims and runc: wait4 of the client does not see it.

    They are moved into a cpuacct cgroup (v1), which their children inherit; containers are in /docker.
    """

    ROOT = "/sys/fs/cgroup/cpuacct"

    def __init__(self):
        self.group = None
        pidfile = os.path.join(os.environ.get("SUIT_PEERS_DIR", ""), "docker.pid")
        if not os.environ.get("SUIT_PEERS_DIR") or not os.path.exists(pidfile) or not os.path.isdir(self.ROOT):
            return
        with open(pidfile, encoding="ascii") as file:
            dockerd = file.read().strip()
        with open(f"/proc/{dockerd}/task/{dockerd}/children", encoding="ascii") as file:
            pids = [dockerd, *file.read().split()]
        self.group = f"{self.ROOT}/suit-peers-{dockerd}"
        os.makedirs(self.group, exist_ok=True)
        for pid in pids:
            with open(f"{self.group}/cgroup.procs", "w", encoding="ascii") as file:
                file.write(pid)

    def nanoseconds(self):
        total = 0
        for group in (self.group, f"{self.ROOT}/docker"):
            if group and os.path.isdir(group):
                with open(f"{group}/cpuacct.usage", encoding="ascii") as file:
                    total += int(file.read())
        return total


def measure(suite, bin_dir, rounds, meter):
    results = []
    for condition, gap_ms in CONDITIONS:
        before = meter.nanoseconds()
        rows = interleave(bin_dir, suite.contenders, rounds, gap_ms)
        spent = meter.nanoseconds() - before
        dockers = sum("docker" in c.name for c in suite.contenders)
        for contender in suite.contenders:
            good = [row for row in rows[contender.name] if row[3] == 0]
            if not good:
                suite.skipped.append(suites.Skip(contender.name, f"every run failed, {condition}"))
                continue
            result = {
                "suite": suite.name, "condition": condition, "contender": contender.name,
                "ours": contender.ours, "floor": contender.floor, "note": contender.note,
                "runs": len(good), "failed": len(rows[contender.name]) - len(good),
                "wall_ms": summary([row[0] for row in good], 1e6),
                "cpu_ms": summary([row[1] for row in good], 1e6),
                "rss_mib": summary([row[2] for row in good], 1024),
                "command": shlex.join(contender.argv),
            }
            if contender.bytes:
                result["gib_per_s"] = round(contender.bytes / (1 << 30) / (result["wall_ms"]["p50"] / 1e3), 3)
            if "docker" in contender.name and meter.group:
                # The daemon cannot tell its clients apart: its time is divided evenly among their runs.
                result["daemon_cpu_ms"] = round(spent / 1e6 / dockers / (rounds + 1), 3)
            results.append(result)
    return results


def print_table(results):
    ours = [r for r in results if r["ours"]]
    base = ours[0]["wall_ms"]["p50"] if ours else None
    print(f"\n{results[0]['suite']}, {results[0]['condition']} "
          f"({results[0]['runs']} runs each; wall ms; ratio of medians to ours)")
    print(f"  {'':26}{'min':>9}{'p25':>9}{'p50':>9}{'p90':>9}{'cpu p50':>9}{'MiB':>7}{'ratio':>8}")
    for result in sorted(results, key=lambda r: r["wall_ms"]["p50"]):
        wall = result["wall_ms"]
        ratio = f"{wall['p50'] / base:.2f}x" if base else "-"
        extra = " (floor)" if result["floor"] else ""
        extra += f" +daemon {result['daemon_cpu_ms']:.1f} ms cpu" if "daemon_cpu_ms" in result else ""
        extra += f" {result['gib_per_s']:.2f} GiB/s" if "gib_per_s" in result else ""
        extra += f" {result['failed']} runs FAILED" if result["failed"] else ""
        print(f"  {result['contender']:26}{wall['min']:9.3f}{wall['p25']:9.3f}{wall['p50']:9.3f}{wall['p90']:9.3f}"
              f"{result['cpu_ms']['p50']:9.3f}{result['rss_mib']['p50']:7.1f}{ratio:>8}{extra}")


def run_suite(name, bin_dir, rounds):
    results, skipped = [], []
    # Below /var/tmp: a bundle on tmpfs would be easier for everybody than what people have.
    with tempfile.TemporaryDirectory(prefix="suit-bench-", dir="/var/tmp") as directory:
        os.environ["SUIT_ROOT"] = os.path.join(directory, "store")
        for suite in suites.ALL[name](directory, bin_dir):
            meter = DaemonMeter() if name == "engines" else NoMeter()
            if suite.contenders:
                results += measure(suite, bin_dir, rounds, meter)
            suite.close()
            skipped += [{"suite": suite.name, "contender": s.name, "reason": s.reason} for s in suite.skipped]
    return results, skipped


class NoMeter:
    group = None

    def nanoseconds(self):
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="start, lifecycle, engines, hash (default: all)")
    parser.add_argument("--bin", default=os.path.join(SOURCE, "build/release/bin"), help="our programs")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", help="write the results here")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.suites if name not in suites.ALL]
    if unknown:
        parser.error(f"no suite {unknown[0]}; there are: {', '.join(suites.ALL)}")
    if not os.path.exists(os.path.join(arguments.bin, "suit-interleave")):
        parser.error(f"{arguments.bin} has no suit-interleave: build with SUIT_BUILD_BENCH=ON")

    bin_dir = os.path.abspath(arguments.bin)
    document = {"schema": 1, "host": host.facts(SOURCE, bin_dir), "results": [], "skipped": []}
    for name in arguments.suites or list(suites.ALL):
        results, skipped = run_suite(name, bin_dir, arguments.rounds)
        document["results"] += results
        document["skipped"] += skipped
    document["host"]["load_after"] = os.getloadavg()[0]

    groups = collections.OrderedDict()
    for result in document["results"]:
        groups.setdefault((result["suite"], result["condition"]), []).append(result)
    for results in groups.values():
        print_table(results)
    for skip in document["skipped"]:
        print(f"left out: {skip['contender']} ({skip['suite']}): {skip['reason']}", file=sys.stderr)
    facts = document["host"]
    print(f"\nkernel {facts['kernel']}, {facts['cpus']} x {facts['cpu']}, cgroups {facts['cgroups']}, "
          f"load {facts['load']:.2f} -> {facts['load_after']:.2f}, commit {facts['commit']}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
    return 0 if document["results"] else 1


if __name__ == "__main__":
    sys.exit(main())
