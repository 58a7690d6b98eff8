"""Charts as SVG, drawn with strings: they follow the page's colours, light or dark."""

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.measure import Result

WIDTH, ROW, LABEL = 860, 26, 400
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.good { fill: #2a7f62 } .bad { fill: #b8562b }
.line { fill: none; stroke: #2a6db0; stroke-width: 1.5 }
.axis { stroke: #888; stroke-width: 1 } .note { font-size: 11px; fill: #777 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .good { fill: #57b894 } .bad { fill: #e08a5b } .line { stroke: #79b3ea }
  .note { fill: #999 }
}
"""
BEGIN = "<!-- written by nox -s bench -->"
END = "<!-- end -->"
FIELDS = {
    "memory_mb": "resident memory, MB",
    "descriptors": "descriptors",
    "median_ms": "sent to woken, median, ms",
    "p99_ms": "sent to woken, p99, ms",
}


def margins(results: Sequence[Result]) -> str:
    """How far each figure is on the good side of its target, on a scale of doublings."""
    shown = [result for result in results if not result.missing]
    middle, most = LABEL + (WIDTH - LABEL) / 2, 4.0
    parts = []
    for number, result in enumerate(shown):
        better = result.target / result.value if result.value else 2.0**most
        doublings = math.log2(better if result.bound == "most" else 1 / better)
        doublings = max(-most, min(most, doublings))
        length = abs(doublings) / most * (WIDTH - LABEL) / 2.2
        left, top = min(middle, middle + math.copysign(length, doublings)), 34 + number * ROW
        kind = "good" if result.holds else "bad"
        cells = table.cells(result)
        parts.append(
            f'<text x="{LABEL - 8}" y="{top + 13}" text-anchor="end">{escape(result.what)}</text>'
            f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{max(1.0, length):.1f}" '
            f'height="16"><title>{escape(" | ".join(cells))}</title></rect>'
        )
    height = 44 + len(shown) * ROW
    parts.append(
        f'<line class="axis" x1="{middle}" y1="28" x2="{middle}" y2="{height - 6}"/>'
        f'<text class="note" x="{middle}" y="18" text-anchor="middle">'
        "misses its target  ←  |  →  better than its target (each half is a factor of 16)</text>"
    )
    return _svg(height, "Each figure against its target", parts)


def course(samples: Sequence[dict[str, float]]) -> str:
    """A soak's samples over time, one curve to a field."""
    parts = []
    last = samples[-1]["minute"]
    for number, (field, label) in enumerate(FIELDS.items()):
        top, high = 24 + number * 120, 80
        # The most may be a moment in which another program had the machine: cut off above p98.
        ordered = sorted(it[field] for it in samples)
        most = 1.1 * ordered[int(0.98 * (len(ordered) - 1))] or 1.0
        points = " ".join(
            f"{70 + it['minute'] / last * (WIDTH - 100):.1f},"
            f"{top + high - min(1.0, it[field] / most) * high:.1f}"
            for it in samples
        )
        parts.append(
            f'<text x="70" y="{top - 6}">{label}</text>'
            f'<text class="note" x="62" y="{top + 10}" text-anchor="end">{most:.0f}</text>'
            f'<text class="note" x="62" y="{top + high}" text-anchor="end">0</text>'
            f'<line class="axis" x1="70" y1="{top + high}" x2="{WIDTH - 30}" y2="{top + high}"/>'
            f'<polyline class="line" points="{points}"/>'
        )
    height = 24 + len(FIELDS) * 120
    parts.append(
        f'<text class="note" x="{WIDTH - 30}" y="{height - 12}" text-anchor="end">'
        f"{last:.0f} minutes</text>"
    )
    return _svg(height, "The course of a soak", parts)


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def write(folder: Path, kept: dict[str, Any]) -> None:
    """Draw the chart of the table, and put the table into the page beside it, if there is one."""
    results = table.results(kept)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.svg").write_text(margins(results))
    page = folder / "benchmarks.md"
    if page.exists():
        before, begin, rest = page.read_text().partition(BEGIN)
        _, end, after = rest.partition(END)
        when = f"{kept['measured'][:10]}, {kept['machine']}; load average {kept['load']}"
        versions = ", ".join(f"{name} {version}" for name, version in kept["versions"].items())
        told = f"\n{when}.\n{versions}.\n\n{table.markdown(results)}\n"
        page.write_text(before + begin + told + end + after)
