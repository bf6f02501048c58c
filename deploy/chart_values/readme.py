"""The chart's README: an introduction, and a table of every value."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy.chart_values.values import Value

INTRODUCTION = Path(__file__).with_name("introduction.md")


def text(values: Iterable[Value]) -> str:
    """The whole page."""
    introduction = INTRODUCTION.read_text(encoding="utf-8")
    return "\n".join([introduction, *_table(values), ""])


def _table(values: Iterable[Value]) -> Iterator[str]:
    yield "| value | default | meaning |"
    yield "|---|---|---|"
    for value in values:
        yield f"| `{value.name}` | {_default(value)} | {_cell(value.meaning)} |"


def _default(value: Value) -> str:
    if value.default in ("", None):
        return ""
    return f"`{_cell(json.dumps(value.default, ensure_ascii=False))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
