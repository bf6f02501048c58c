"""Twenty seconds of coverage-guided fuzzing of what reads a frame."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.wire.saying import GOOD

SECONDS = 20

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        find_spec("atheris") is None, reason="atheris has no wheel here; run: make install (Linux)"
    ),
]


def fuzz(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the target in a process of its own: it instruments what it imports."""
    command = [sys.executable, "-m", "tests.fuzz.frames", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PURE_PYTHON": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS * 4,
        check=False,
    )


def test_no_frame_is_an_accident(tmp_path: Path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, (event, payload) in enumerate(GOOD.items()):
        packet = f"42{number}{json.dumps([event, payload])}"
        (corpus / str(number)).write_text(packet, encoding="utf-8")
    run = fuzz(f"-max_total_time={SECONDS}", "-max_len=2048", str(corpus), cwd=tmp_path)
    assert run.returncode == 0, run.stderr[-4_000:]
    done = re.search(r"Done (\d+) runs", run.stderr)
    assert done, run.stderr[-4_000:]
    assert int(done[1]) > len(GOOD)
    assert len(list(corpus.iterdir())) > len(GOOD), "nothing new was covered: not instrumented"
