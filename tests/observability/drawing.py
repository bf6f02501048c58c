"""Boards drawn with matplotlib, for readers without a Grafana: the same panels, the same data."""

import re
from collections.abc import Callable
from io import BytesIO
from math import ceil, log2, nan
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator
from PIL import Image

from tests.observability.boards import Question, panels
from tests.observability.units import written
from tests.support.prometheus import Prometheus, Series

mpl.use("Agg")
_COLUMNS, _WIDTH_IN, _UNIT_IN, _DPI = 24, 16.0, 0.36, 80
_INK, _FAINT, _CARD, _PAGE = "#24292e", "#8b949e", "#ffffff", "#f4f5f5"
_PALETTE = ("#56a64b", "#e0b400", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#19a3a3", "#9c755f")
_COLORS = {
    "green": "#56a64b", "light-green": "#96d98d", "blue": "#3274d9", "light-blue": "#8ab8ff",
    "yellow": "#f2cc0c", "dark-yellow": "#cc9d00", "orange": "#ff9830", "dark-orange": "#e0652d",
    "red": "#e02f44", "dark-red": "#a3142a", "purple": "#a352cc", "dark-green": "#37872d",
}  # fmt: skip
_TICKS, _LEGEND_ROWS = 4, 2
_PIXELS = _WIDTH_IN * _DPI
_PLACE = tuple[float, float, float, float]


class Moment:
    """What to draw from: a Prometheus, and the span (epoch seconds) that it has watched."""

    def __init__(self, server: Prometheus, since: float, until: float, interval_s: int) -> None:
        self._server = server
        self._since, self._until = since, until
        self._interval = f"{interval_s}s"
        self._span = f"{round(until - since)}s"
        self._step = max(1.0, (until - since) / 240)

    def now(self, question: Question) -> list[Series]:
        """The answer at the end of the span."""
        return self._server.query(question.filled(self._interval, self._span), at=self._until)

    def course(self, question: Question) -> list[Series]:
        """The answer over the span."""
        expr = question.filled(self._interval, self._span)
        return self._server.course(expr, self._since, self._until, self._step)

    def curve(self, series: Series) -> tuple[list[float], list[float]]:
        """Where the points lie; broken where the series was not there."""
        minutes, values, last = [], [], series.points[0][0]
        for at, value in series.points:
            if at - last > 1.5 * self._step:
                minutes.append(self.minutes(at))
                values.append(nan)
            minutes.append(self.minutes(at))
            values.append(value)
            last = at
        return minutes, values

    @property
    def length(self) -> float:
        """How long the axis is, in minutes."""
        return self.minutes(self._until)

    def minutes(self, at: float) -> float:
        """Where a point lies on the axis."""
        return (at - self._since) / 60


def draw(name: str, board: dict[str, Any], moment: Moment, path: Path) -> None:
    """Draw one board into a PNG."""
    height = max(place["gridPos"]["y"] + place["gridPos"]["h"] for place in board["panels"]) + 2
    figure = Figure(figsize=(_WIDTH_IN, height * _UNIT_IN), dpi=_DPI, facecolor=_PAGE)
    figure.text(
        0.008, 1 - 1.0 / height, board["title"], size=17, weight="bold", color=_INK, va="center"
    )
    for panel in board["panels"]:
        if panel["type"] == "row":
            top = 1 - (panel["gridPos"]["y"] + 2.55) / height
            figure.text(
                0.008, top, panel["title"], size=12.5, weight="bold", color=_INK, va="center"
            )
    for panel in panels(board):
        _panel(figure, name, panel, moment, height)
    _save(figure, path)


def _panel(
    figure: Figure, board: str, panel: dict[str, Any], moment: Moment, height: float
) -> None:
    at = panel["gridPos"]
    left, width = at["x"] / _COLUMNS, at["w"] / _COLUMNS
    bottom, tall = 1 - (at["y"] + at["h"] + 2) / height, at["h"] / height
    gap_x, gap_y = 0.0035, 0.12 / height
    card = figure.add_axes((left + gap_x, bottom + gap_y, width - 2 * gap_x, tall - 2 * gap_y))
    card.set_facecolor(_CARD)
    card.set_xticks([])
    card.set_yticks([])
    for edge in card.spines.values():
        edge.set_color("#d8d9da")
    title = bottom + tall - 0.72 / height
    figure.text(
        left + 0.010, title, panel["title"], size=10, weight="bold", color=_INK, va="center"
    )
    legend = 2.05 if panel["type"] == "timeseries" else 0.4
    place = (left + 0.045, bottom + legend / height, width - 0.055, tall - (legend + 1.35) / height)
    questions = [
        Question(board, panel["title"], target["expr"], target["legendFormat"])
        for target in panel["targets"]
    ]
    _DRAWN[panel["type"]](figure, place, panel, questions, moment)


def _lines(
    figure: Figure, place: _PLACE, panel: dict[str, Any], questions: list[Question], moment: Moment
) -> None:
    axes = figure.add_axes(place)
    courses = _named(questions, moment.course)
    colors = _colors(panel, [name for name, _ in courses])
    stacked = panel["fieldConfig"]["defaults"]["custom"].get("stacking", {}).get("mode") == "normal"
    if stacked:
        _stack(axes, courses, colors, moment)
    else:
        for (name, series), color in zip(courses, colors, strict=True):
            axes.plot(*moment.curve(series), color=color, label=name, linewidth=1.4)
    dress(axes, panel, moment.length)
    if courses:
        _legend_below(axes, place, courses)
    else:
        axes.text(0.5, 0.5, "no data", color=_FAINT, ha="center", transform=axes.transAxes)


def _legend_below(axes: Axes, place: _PLACE, courses: list[tuple[str, Series]]) -> None:
    """Two rows of names, and how many more there are, largest first: Grafana would scroll."""
    longest = max(len(name) for name, _ in courses)
    columns = max(1, min(len(courses), int(place[2] * _PIXELS / (longest * 5.3 + 28))))
    fit = columns * _LEGEND_ROWS
    handles, names = axes.get_legend_handles_labels()
    if len(courses) > fit:
        by_size = sorted(range(len(courses)), key=lambda at: -courses[at][1].numbers[-1])
        kept = sorted(by_size[: fit - 1])
        more = Line2D([], [], linestyle="none")
        handles = [*(handles[at] for at in kept), more]
        names = [*(names[at] for at in kept), f"+ {len(courses) - len(kept)} more"]
    axes.legend(
        handles, names, loc="upper left", bbox_to_anchor=(-0.02, -0.13), ncols=columns, fontsize=8,
        frameon=False, handlelength=1.1, columnspacing=1.1, labelcolor=_INK, borderaxespad=0,
    )  # fmt: skip


def _stack(
    axes: Axes, courses: list[tuple[str, Series]], colors: list[str], moment: Moment
) -> None:
    times = sorted({at for _, series in courses for at, _ in series.points})
    heights = []
    for _, series in courses:
        values = {at: value if value == value else 0.0 for at, value in series.points}  # noqa: PLR0124 - NaN
        heights.append([values.get(at, 0.0) for at in times])
    if heights:
        names = [name for name, _ in courses]
        minutes = [moment.minutes(at) for at in times]
        axes.stackplot(minutes, *heights, colors=colors, labels=names, alpha=0.75)


def dress(axes: Axes, panel: dict[str, Any], minutes: float) -> None:
    """Ticks, units and limits; all axes are equally long, whatever there is to show."""
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_facecolor(_CARD)
    axes.spines[:].set_visible(False)
    axes.grid(visible=True, color="#e8e9ea", linewidth=0.8)
    axes.tick_params(colors=_FAINT, labelsize=8, length=0)
    axes.locator_params(axis="y", nbins=_TICKS)
    axes.yaxis.set_major_formatter(lambda value, _: written(value, defaults["unit"]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} min")
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlim(0, minutes)
    high = axes.dataLim.y1 if axes.dataLim.y1 > 0 else 1.0
    axes.set_ylim(0, defaults.get("max", high * 1.05))
    if defaults["unit"] == "bytes" and high > 1:
        axes.yaxis.set_major_locator(MultipleLocator(2.0 ** ceil(log2(high / _TICKS))))


def _number(
    figure: Figure, place: _PLACE, panel: dict[str, Any], questions: list[Question], moment: Moment
) -> None:
    found = _named(questions, moment.now)
    left, bottom, width, tall = place
    middle = (left + width / 2 - 0.018, bottom + tall * 0.52)
    value = found[0][1].last if found else None
    text = "no data" if value is None else _worded(value, panel)
    color = _FAINT if value is None else _graded(value, panel)
    figure.text(*middle, text, size=24, weight="bold", color=color, ha="center", va="center")


def _gauge(
    figure: Figure, place: _PLACE, panel: dict[str, Any], questions: list[Question], moment: Moment
) -> None:
    found = sorted(_named(questions, moment.now), key=lambda named: named[0])
    defaults = panel["fieldConfig"]["defaults"]
    left, bottom, width, tall = place
    axes = figure.add_axes((left - 0.033, bottom, width - 0.01, tall))
    most = defaults.get("max") or max([series.last for _, series in found], default=1.0) or 1.0
    fixed = panel["fieldConfig"].get("overrides")
    own = _colors(panel, [name for name, _ in found])
    for row, (name, series) in enumerate(found):
        color = own[row] if fixed else _graded(series.last, panel)
        axes.barh(row, most, color="#eeefef", height=0.4)
        axes.barh(row, min(max(series.last, 0.0), most), color=color, height=0.4)
        axes.text(0, row - 0.42, name, va="center", color=_INK, size=9)
        text = _worded(series.last, panel)
        axes.text(most * 1.02, row, text, va="center", color=color, size=10, weight="bold")
    axes.set_xlim(0, most)
    axes.set_ylim(len(found) - 0.5, -0.7)
    axes.set_axis_off()


def _named(
    questions: list[Question], ask: Callable[[Question], list[Series]]
) -> list[tuple[str, Series]]:
    """Every series with numbers, by its legend."""
    return [
        (_legend(question.legend, series), series)
        for question in questions
        for series in ask(question)
        if series.numbers
    ]


def _legend(template: str, series: Series) -> str:
    named = re.sub(r"{{(\w+)}}", lambda label: series.labels.get(label[1], ""), template)
    return named.strip() or "value"


def _colors(panel: dict[str, Any], names: list[str]) -> list[str]:
    fixed = {
        override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
        for override in panel["fieldConfig"].get("overrides", [])
    }
    chosen = [fixed.get(name, _PALETTE[turn % len(_PALETTE)]) for turn, name in enumerate(names)]
    return [_COLORS.get(color, color) for color in chosen]


def _graded(value: float, panel: dict[str, Any]) -> str:
    color = "blue"
    for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    return _COLORS[color]


def _worded(value: float, panel: dict[str, Any]) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    words = [mapping["options"] for mapping in defaults.get("mappings", [])]
    known = {key: result["text"] for options in words for key, result in options.items()}
    if f"{value:g}" in known:
        return str(known[f"{value:g}"])
    return written(value, defaults["unit"], defaults.get("decimals"))


def _save(figure: Figure, path: Path) -> None:
    drawn = BytesIO()
    figure.savefig(drawn, facecolor=_PAGE)
    # A third of the bytes, and flat colors stay what they are.
    few = Image.open(drawn).convert("RGB").quantize(dither=Image.Dither.NONE)
    few.save(path, optimize=True)


_DRAWN = {"timeseries": _lines, "stat": _number, "bargauge": _gauge}
