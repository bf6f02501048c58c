"""A flame graph as a plain picture: collapsed stacks in, SVG out.

    py-spy record -p PID -r 500 -d 10 -f raw -o stacks; tools/flame.py TITLE < stacks > graph.svg

Each box is a function, as wide as the time that it and what it called took; ours are warm, the
libraries grey. https://www.brendangregg.com/flamegraphs.html
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

WIDTH, ROW, TOP = 1200, 18, 34
NARROWEST = 0.002
"""A share of the time below which a box is left out."""
_LETTER, _FEWEST_LETTERS = 6.7, 4
_ROOT = "Runner.run"
_FRAME = re.compile(r"^(?P<name>.+?) \((?P<path>.+?)(?::\d+)?\)$")
_COLOURS = {"transport": "#f2a65a", "wire": "#f6c177", "telemetry": "#e78a6b"}
_OURS, _THEIRS = "#f4d58d", "#c9cdd3"


@dataclass(slots=True)
class Box:
    """A function in one place of the stack."""

    name: str
    colour: str
    time: int = 0
    inside: dict[str, "Box"] = field(default_factory=dict)


def read(lines: Iterable[str]) -> Box:
    """All stacks of the event loop, as one tree."""
    root = Box("event loop", _THEIRS)
    for line in lines:
        stack, _, time = line.rpartition(" ")
        frames = stack.split(";")
        start = next((i for i, frame in enumerate(frames) if frame.startswith(_ROOT)), None)
        if start is None:
            continue
        box = root
        box.time += int(time)
        for frame in frames[start + 1 :]:
            name, colour = _named(frame)
            box = box.inside.setdefault(name, Box(name, colour))
            box.time += int(time)
    return root


def _named(frame: str) -> tuple[str, str]:
    found = _FRAME.match(frame)
    if found is None:
        return frame, _THEIRS
    parts = found["path"].split("/")
    ours = "service" in parts
    folder = parts[parts.index("service") + 1] if ours else ""
    return found["name"], _COLOURS.get(folder, _OURS) if ours else _THEIRS


def draw(root: Box, title: str) -> Iterator[str]:
    """The lines of the SVG."""
    boxes = list(_placed(root, 0, 0.0, root.time))
    height = TOP + ROW * (1 + max(depth for _, depth, _, _ in boxes)) + 6
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="ui-monospace, monospace" font-size="11">'
    )
    yield f'<rect width="{WIDTH}" height="{height}" fill="#fffdf8"/>'
    yield f'<text x="8" y="21" font-size="14" font-weight="bold">{escape(title)}</text>'
    for box, depth, left, wide in boxes:
        x, w, y = left * WIDTH, wide * WIDTH, TOP + depth * ROW
        share = f"{box.name}: {wide:.1%}"
        yield (
            f'<g><title>{escape(share)}</title><rect x="{x:.1f}" y="{y}" width="{w:.1f}" '
            f'height="{ROW - 1}" rx="1" fill="{box.colour}" stroke="#fffdf8" stroke-width="0.5"/>'
            f'<text x="{x + 3:.1f}" y="{y + 13}">{escape(_label(box.name, w))}</text></g>'
        )
    yield "</svg>"


def _label(name: str, width: float) -> str:
    """As much of a name as fits: all of it, the method's, or the beginning of that."""
    letters = int((width - 6) / _LETTER)
    if len(name) <= letters:
        return name
    method = name.rpartition(".")[2]
    if len(method) <= letters:
        return method
    return f"{method[: letters - 1]}…" if letters >= _FEWEST_LETTERS else ""


def _placed(
    box: Box, depth: int, left: float, total: int
) -> Iterator[tuple[Box, int, float, float]]:
    """Each box with its depth, and where it begins and how wide it is as shares of the whole."""
    yield box, depth, left, box.time / total
    for inner in sorted(box.inside.values(), key=lambda each: -each.time):
        if inner.time / total >= NARROWEST:
            yield from _placed(inner, depth + 1, left, total)
        left += inner.time / total


if __name__ == "__main__":
    for line in draw(read(sys.stdin), sys.argv[1]):
        print(line)
