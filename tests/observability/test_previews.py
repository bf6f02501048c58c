"""The boards can be drawn from what Prometheus says, and the previews show all of them."""

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.observability.boards import boards
from tests.observability.conftest import Observed
from tests.observability.drawing import dress
from tests.observability.preview import FOLDER, previews
from tests.observability.units import written

pytestmark = pytest.mark.e2e

MOST_BYTES = 200_000
FEWEST_COLORS = 20


def test_every_board_is_drawn_from_a_service_under_load(observed: Observed, tmp_path: Path):
    drawn = previews(observed, tmp_path, interval_s=10)
    assert [path.stem for path in drawn] == list(boards())
    for path in drawn:
        with Image.open(path) as image:
            colors = image.convert("RGB").getcolors(maxcolors=image.width * image.height)
        assert colors is not None
        assert len(colors) > FEWEST_COLORS


def test_the_committed_previews_are_those_of_the_boards_and_small():
    there = {path.stem: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert set(there) == set(boards())
    assert max(there.values()) < MOST_BYTES


def test_the_page_shows_every_preview():
    shown = re.findall(r"!\[[^\]]+\]\((\w+)\.png\)", (FOLDER / "README.md").read_text())
    assert sorted(shown) == sorted(boards())


def test_memory_has_ticks_at_round_mebibytes():
    axes = Figure().add_subplot()
    axes.plot([0, 5], [0, 75 * 2**20])
    dress(axes, {"fieldConfig": {"defaults": {"unit": "bytes"}}}, 5)
    texts = [axes.yaxis.get_major_formatter()(tick, 0) for tick in axes.get_yticks() if tick >= 0]
    assert texts[:3] == ["0", "32 MiB", "64 MiB"]


def test_where_there_is_no_data_the_axis_is_as_long_as_the_others():
    axes = Figure().add_subplot()
    dress(axes, {"fieldConfig": {"defaults": {"unit": "short"}}}, 5)
    assert axes.get_xlim() == (0, 5)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "s", "0"),
        (0.000_012, "s", "12 µs"),
        (0.25, "s", "250 ms"),
        (90, "s", "1.5 min"),
        (7200, "s", "2 h"),
        (0.9956, "percentunit", "99.6 %"),
        (2048, "bytes", "2 KiB"),
        (178_000, "Bps", "178 kB/s"),
        (12.5, "cpm", "12.5/min"),
        (1800, "pps", "1.8k/s"),
        (65536, "short", "65.5k"),
        (4.312, "none", "4.31"),
    ],
)
def test_units_are_written_as_grafana_writes_them(value: float, unit: str, text: str):
    assert written(value, unit) == text
