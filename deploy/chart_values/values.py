"""The chart's values as `values.yaml` has them: name, default and meaning.

A comment that begins with `# --` is the meaning of the value on the next line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VALUES = Path(__file__).parents[1] / "helm" / "ringline" / "values.yaml"
_KEY = re.compile(r"(?P<indent> *)(?P<key>\w+):")
_MARK = "# -- "


@dataclass(frozen=True, slots=True)
class Value:
    """One value that may be set: `("turn", "mode")`, what it is by default, what it means."""

    path: tuple[str, ...]
    default: Any
    meaning: str

    @property
    def name(self) -> str:
        """As `--set` takes it."""
        return ".".join(self.path)


class Undocumented(Exception):
    """A value has no `# --` above it."""


def values(text: str) -> tuple[Value, ...]:
    """Every value, in order.

    Raises:
        Undocumented: one has no meaning.
    """
    meanings = dict(_meanings(text))
    return tuple(_leaves(yaml.safe_load(text), (), meanings))


def _meanings(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    path: list[tuple[int, str]] = []
    said = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            comment = line.strip()
            said = comment.removeprefix(_MARK) if comment.startswith(_MARK) else ""
        elif found := _KEY.match(line):
            depth = len(found["indent"])
            path = [(at, key) for at, key in path if at < depth] + [(depth, found["key"])]
            if said:
                yield tuple(key for _, key in path), said
            said = ""


def _leaves(
    tree: dict[str, Any], above: tuple[str, ...], meanings: dict[tuple[str, ...], str]
) -> Iterator[Value]:
    for key, default in tree.items():
        path = (*above, key)
        if path in meanings:
            yield Value(path, default, meanings[path])
        elif isinstance(default, dict) and default:
            yield from _leaves(default, path, meanings)
        else:
            raise Undocumented(f"values.yaml: {'.'.join(path)} has no `{_MARK}…` above it.")
