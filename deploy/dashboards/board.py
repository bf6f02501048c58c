"""A dashboard as a value: rows of panels, each with its queries to Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Look(Enum):
    """How a panel shows its series."""

    LINES = "lines"
    STACK = "stack"
    NUMBER = "number"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and the legend of its series; `{{label}}` stands for a label."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Grades:
    """Where a value turns from bad to fair, and from fair to good. Bad may lie at either end."""

    fair: float
    good: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture.

    `unit` is Grafana's word for it. `meaning` tells what is seen, and what a bad value means.
    `width` is in 24ths of the board. `colors` are by legend.
    """

    title: str
    meaning: str
    unit: str
    queries: tuple[Query, ...]
    look: Look = Look.LINES
    width: int = 8
    height: int = 8
    most: float | None = None
    grades: Grades | None = None
    colors: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard. The labels of the metric `known_by` fill its variables."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    known_by: str = "ringline_build_info"
