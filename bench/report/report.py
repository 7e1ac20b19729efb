#!/usr/bin/env python3
"""Draws the JSON of bench/peers/compare.py: report.py RESULTS.json OUT.html

One page without scripts or fonts from elsewhere: for each suite and condition a bar per contender (median), a whisker
from the minimum to the 90th percentile, and the floor as a line through all of them.
"""

import collections
import html
import json
import sys

WIDTH, LEFT, RIGHT, ROW, TOP = 860, 200, 150, 30, 34

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6b7d; --peer: #9db2c9; --ours: #2e7d4f; --grid: #d5dde6; --back: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4eaf1; --soft: #9aa7b4; --peer: #4d6580; --ours: #4fae78; --grid: #33414f; --back: #12181f } }
body { font: 15px/1.45 sans-serif; color: var(--ink); background: var(--back); max-width: 900px; margin: 2em auto; padding: 0 1em }
svg text { font: 13px sans-serif; fill: var(--ink) } svg .soft { fill: var(--soft); font-size: 12px }
.peer { fill: var(--peer) } .ours { fill: var(--ours) } .grid { stroke: var(--grid) } .whisker { stroke: var(--ink); stroke-width: 1.4 }
.floor { stroke: #c0392b; stroke-width: 1.5; stroke-dasharray: 5 4 }
table { border-collapse: collapse; font-size: 13px } td, th { padding: 2px 9px; text-align: right; border-bottom: 1px solid var(--grid) }
td:first-child, th:first-child { text-align: left } code { font-size: 12px } .soft { color: var(--soft) }
"""


def nice_step(limit):
    """A step of 1, 2 or 5 times a power of ten that gives 4 to 10 grid lines."""
    step = 10 ** len(str(int(limit))) / 1000
    while True:
        for factor in (1, 2, 5):
            if limit / (step * factor) <= 8:
                return step * factor
        step *= 10


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def plot(results):
    """The SVG of one suite under one condition."""
    results = sorted(results, key=lambda result: result["wall_ms"]["p50"])
    limit = max(result["wall_ms"]["p90"] for result in results) * 1.02
    scale = (WIDTH - LEFT - RIGHT) / limit
    height = TOP + ROW * len(results) + 10
    ours = next((r["wall_ms"]["p50"] for r in results if r["ours"]), None)
    out = [f'<svg viewBox="0 0 {WIDTH} {height}" width="100%" role="img" aria-label="wall time by contender">']
    step = nice_step(limit)
    for i in range(int(limit / step) + 1):
        x = LEFT + i * step * scale
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 8}"/>')
        out.append(f'<text class="soft" x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{i * step:g} ms</text>')
    for row, result in enumerate(results):
        out += bar(result, TOP + row * ROW, scale, ours)
    for result in results:
        if result["floor"]:
            x = LEFT + result["wall_ms"]["p50"] * scale
            out.append(f'<line class="floor" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 8}"/>')
    out.append("</svg>")
    return "\n".join(out)


def bar(result, y, scale, ours):
    wall = result["wall_ms"]
    middle = y + ROW / 2 - 3
    kind = "ours" if result["ours"] else "peer"
    ratio = f" · {wall['p50'] / ours:.2f}×" if ours else ""
    low, high = LEFT + wall["min"] * scale, LEFT + wall["p90"] * scale
    name = html.escape(result["contender"])
    return [
        f'<text x="{LEFT - 10}" y="{middle + 5:.1f}" text-anchor="end">{name}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{max(wall["p50"] * scale, 1):.1f}" height="{ROW - 12}" rx="2">'
        f'<title>{html.escape(result["command"])}</title></rect>',
        f'<line class="whisker" x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}"/>',
        f'<text class="soft" x="{high + 8:.1f}" y="{middle + 5:.1f}">{number(wall["p50"])} ms{ratio}</text>',
    ]


def table(results):
    head = "<tr><th></th><th>min</th><th>p25</th><th>p50</th><th>p90</th><th>CPU p50</th><th>peak MiB</th><th>runs</th></tr>"
    rows = []
    for result in sorted(results, key=lambda r: r["wall_ms"]["p50"]):
        cells = [number(result["wall_ms"][key]) for key in ("min", "p25", "p50", "p90")]
        cpu = number(result["cpu_ms"]["p50"])
        if "daemon_cpu_ms" in result:
            cpu += f" + {number(result['daemon_cpu_ms'])} daemon"
        cells += [cpu, number(result["rss_mib"]["p50"]), str(result["runs"])]
        note = f' <span class="soft">{html.escape(result["note"])}</span>' if result["note"] else ""
        rate = f' <span class="soft">{result["gib_per_s"]} GiB/s</span>' if "gib_per_s" in result else ""
        rows.append(f"<tr><td>{html.escape(result['contender'])}{note}{rate}</td>"
                    + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return "<table>" + head + "".join(rows) + "</table>"


def page(document):
    facts = document["host"]
    groups = collections.OrderedDict()
    for result in document["results"]:
        groups.setdefault((result["suite"], result["condition"]), []).append(result)
    out = ["<!doctype html><html lang='en'><meta charset='utf-8'><title>Spacesuit beside its peers</title>",
           f"<style>{STYLE}</style><h1>Spacesuit beside its peers</h1>",
           f"<p class='soft'>Kernel {html.escape(facts['kernel'])}, {facts['cpus']} × {html.escape(facts['cpu'])}, "
           f"cgroups {facts['cgroups']}, load {facts['load']:.2f} before and {facts['load_after']:.2f} after, "
           f"commit {html.escape(facts['commit'])}. Bars: median of interleaved runs; whiskers: minimum to 90th "
           "percentile; dashed: the floor. Ratios are of medians, to ours.</p>"]
    for (suite, condition), results in groups.items():
        out.append(f"<h2>{html.escape(suite)}, {html.escape(condition)}</h2>")
        out += [plot(results), table(results)]
    if document["skipped"]:
        out.append("<h2>Left out</h2><ul>")
        out += [f"<li>{html.escape(s['contender'])} ({html.escape(s['suite'])}): {html.escape(s['reason'])}</li>"
                for s in document["skipped"]]
        out.append("</ul>")
    out.append("<h2>Versions and commands</h2><ul>")
    out += [f"<li>{html.escape(name)}: {html.escape(version)}</li>"
            for name, version in facts["versions"].items() if version]
    commands = collections.OrderedDict((r["contender"], r["command"]) for r in document["results"])
    out += [f"<li>{html.escape(name)}: <code>{html.escape(command)}</code></li>" for name, command in commands.items()]
    return "\n".join(out) + "</ul></html>\n"


def main():
    if len(sys.argv) != 3:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(page(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
