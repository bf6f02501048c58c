"""Write what the chart is made of; `--check` only compares, and says what has drifted."""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.alerts import build as alerts
from deploy.chart import build as chart
from deploy.dashboards import build as dashboards

CHART = Path(__file__).parent / "helm" / "ringline"


def files() -> dict[Path, str]:
    """Every generated file, and its text."""
    made = {**dashboards.files(), **alerts.files(), **chart.files()}
    return {CHART / name: text for name, text in made.items()}


def drifted() -> list[Path]:
    """The files that are not what the code makes, and those that it no longer makes."""
    made = files()
    # Beside these, the chart's own folder has what is written by hand.
    folders = {path.parent for path in made} - {CHART}
    there = {path for folder in folders for path in folder.glob("*")}
    differ = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    return sorted([*differ, *(there - set(made))])


def main(arguments: Sequence[str]) -> int:
    """Write, or compare; the exit status."""
    if "--check" in arguments:
        for path in drifted():
            sys.stdout.write(
                f"{path.relative_to(CHART)} is not what deploy/ says; run `make format`.\n"
            )
        return 1 if drifted() else 0
    for path in drifted():
        path.unlink(missing_ok=True)
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
