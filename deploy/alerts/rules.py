"""What Prometheus' rule files are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RUNBOOK = "docs/runbook.md"
"""Where `runbook_url` leads, from the root of the repository."""
BASE = "{{ with $externalLabels.ringline_docs }}{{ . }}/{{ end }}"
"""What Prometheus puts before it: where its operator says that the documents are, or nothing."""

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A series computed ahead; its name is `level:metric:operation`."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The rule as Prometheus reads it."""
        labels = {"labels": dict(self.labels)} if self.labels else {}
        return {"record": self.name, "expr": self.expr, **labels}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two expressions, each of which has a value all the time, and how they compare."""

    left: str
    operator: Literal["<", ">", "==", ">="]
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Somebody has to look: now (`page`), or in working hours (`ticket`).

    Fires while every comparison holds, once they have held for `wait`. `needs` names the exporter
    that has the metrics, where it is not the service itself.
    """

    name: str
    severity: Severity
    when: tuple[Comparison, ...]
    wait: str
    summary: str
    description: str
    labels: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""

    @property
    def expr(self) -> str:
        """The whole condition."""
        return " and ".join(map(str, self.when))

    @property
    def anchor(self) -> str:
        """The name of its section of the runbook."""
        return self.name.lower()

    def document(self) -> dict[str, object]:
        """The rule as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.wait,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{BASE}{RUNBOOK}#{self.anchor}",
            },
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, one after the other."""

    name: str
    interval: str
    rules: tuple[Recording | Alert, ...]

    def document(self) -> dict[str, object]:
        """The group as Prometheus reads it."""
        rules = [rule.document() for rule in self.rules]
        return {"name": self.name, "interval": self.interval, "rules": rules}
