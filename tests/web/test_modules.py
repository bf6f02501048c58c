"""Runs the tests of service/web/session/ and call/, which are written in JavaScript, in Node."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WEB = HERE.parent.parent / "service" / "web"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("subject", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_in_node(subject: str):
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; run: apt-get install nodejs npm")
    run = [node, "--test", str(HERE / subject)]
    ran = subprocess.run(run, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("folder", "known"), [("session", ["session"]), ("call", ["call", "session"])]
)
def test_a_session_knows_no_calls_and_a_call_no_page(folder: str, known: list[str]):
    for path in (WEB / folder).glob("*.js"):
        named = re.findall(r'from "(.+)"', path.read_text())
        strangers = [one for one in named if (path.parent / one).resolve().parent.name not in known]
        assert strangers == [], path.name
