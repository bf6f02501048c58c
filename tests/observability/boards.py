"""The committed boards, as Grafana would read them, and their questions as Prometheus would."""

import json
import re
from dataclasses import dataclass
from typing import Any

from deploy.build import CHART
from tests.support.prometheus import Prometheus

FOLDER = CHART / "dashboards"
INTERVAL = "10s"
EVERYTHING = {"$namespace": ".*", "$job": ".*", "$pod": ".*"}
_LABELS = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|ignoring|on|group_left) ?\([^)]*\)")
_NAME = re.compile(r"\b[a-z_]+[_:][a-z0-9_:]+\b(?! ?\()")
_FUNCTIONS = {"group_left"}


@dataclass(frozen=True, slots=True)
class Question:
    """One expression of a panel."""

    board: str
    panel: str
    expr: str
    legend: str

    def __str__(self) -> str:
        return f"{self.board} · {self.panel} · {self.legend}"

    def has_data(self, server: Prometheus, since: float, until: float) -> bool:
        """Whether the panel shows a number for this time (epoch seconds)."""
        span = f"{max(10, round(until - since))}s"
        answer = server.query(self.filled(INTERVAL, span), at=until)
        return any(series.numbers for series in answer)

    def filled(self, interval: str, span: str) -> str:
        """As Grafana sends it, with every variable set to All."""
        expr = self.expr.replace("$__rate_interval", interval).replace("$__range", span)
        for variable, value in EVERYTHING.items():
            expr = expr.replace(variable, value)
        assert "$" not in expr, expr
        return expr


def boards() -> dict[str, dict[str, Any]]:
    """Every board by its file's name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """A board's panels without the rows' headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def questions() -> tuple[Question, ...]:
    """Every expression of every panel."""
    return tuple(
        Question(name, panel["title"], target["expr"], target["legendFormat"])
        for name, board in boards().items()
        for panel in panels(board)
        for target in panel["targets"]
    )


def metrics_in(expr: str) -> set[str]:
    """The names of the metrics that an expression asks for."""
    return set(_NAME.findall(_LABELS.sub("", expr))) - _FUNCTIONS
