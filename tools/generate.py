"""Write every generated page anew; `--check` only compares, and says which one has drifted.

A generator is a module with the page's address, `PAGE`, and its text, `render()`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import bounds_docs
import call_states
import metrics_docs
import settings_docs


class Generator(Protocol):
    """What makes one page."""

    PAGE: Path

    def render(self) -> str:
        """The whole page."""
        ...


GENERATORS: tuple[Generator, ...] = (bounds_docs, call_states, metrics_docs, settings_docs)


def drifted(generators: Sequence[Generator]) -> list[str]:
    """One sentence for each page that is not what its generator makes."""
    return [
        f"docs/{generator.PAGE.name} is not what the code says; run `make format`."
        for generator in generators
        if not generator.PAGE.exists()
        or generator.PAGE.read_text(encoding="utf-8") != generator.render()
    ]


def write(generators: Sequence[Generator]) -> None:
    """Write each page that has drifted or is not there."""
    for generator in generators:
        generator.PAGE.write_text(generator.render(), encoding="utf-8")


def main(arguments: Sequence[str], generators: Sequence[Generator] = GENERATORS) -> int:
    """Write or compare all pages; the exit status."""
    if "--check" not in arguments:
        write(generators)
        return 0
    sentences = drifted(generators)
    print("\n".join(sentences), end="\n" if sentences else "")
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
