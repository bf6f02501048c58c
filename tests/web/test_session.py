"""Runs the tests of service/web/session/, which are written in JavaScript, in Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.timeout(120)
@pytest.mark.parametrize("subject", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_in_node(subject: str):
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; run: apt-get install nodejs npm")
    run = [node, "--test", str(HERE / subject)]
    ran = subprocess.run(run, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
