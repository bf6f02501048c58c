"""Draw the previews of docs/observability: `python -m tests.observability.preview [seconds]`."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from service.telemetry import log
from tests.docs.pages import ROOT
from tests.observability.boards import boards
from tests.observability.conftest import Observed, observe
from tests.observability.drawing import Moment, draw

FOLDER = ROOT / "docs" / "observability"
_LONG_S, _INTERVAL_S = 300.0, 20
_PACE = {"pause_s": 0.03, "usual_each": 60}


def previews(observed: Observed, folder: Path, interval_s: int) -> list[Path]:
    """Draw every board into the folder; the files."""
    moment = Moment(observed.server, observed.since, observed.until, interval_s)
    drawn = []
    for name, board in boards().items():
        draw(name, board, moment, folder / f"{name}.png")
        drawn.append(folder / f"{name}.png")
    return drawn


def main(arguments: list[str]) -> None:
    """Watch a service under load for some minutes, and draw what was seen."""
    log.configure("warning")  # a line for each call on a console would be what one sees
    seconds = float(arguments[0]) if arguments else _LONG_S
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ringline-")))
        seen = observe(stack, folder, seconds, **_PACE)
        # The first windows are not full yet.
        settled = replace(seen, since=seen.since + 1.5 * _INTERVAL_S)
        previews(settled, FOLDER, _INTERVAL_S)


if __name__ == "__main__":
    main(sys.argv[1:])
