"""Write every generated file anew; `--check` only compares, and says which one has drifted.

Each page of docs/ that is generated has a module here, with its address, `PAGE`, and its text,
`render()`. `deploy.build` makes the chart's files.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy import build
from tools import bounds_docs, call_states, metrics_docs, reasons_docs, settings_docs

ROOT = Path(__file__).parents[1]
PAGES = (bounds_docs, call_states, metrics_docs, reasons_docs, settings_docs)


def files() -> dict[Path, str | None]:
    """The text of every generated file; None for one that nothing makes any more."""
    return {**{page.PAGE: page.render() for page in PAGES}, **build.files()}


def main(arguments: Sequence[str], made: Mapping[Path, str | None]) -> int:
    """Write, or compare; the exit status."""
    drifted = [path for path, text in made.items() if text != _written(path)]
    for path in drifted:
        text = made[path]
        if "--check" in arguments:
            print(f"{os.path.relpath(path, ROOT)} is not what the code says; run `make format`.")
        elif text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if drifted and "--check" in arguments else 0


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], files()))
