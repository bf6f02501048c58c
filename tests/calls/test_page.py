"""The committed pages are what the code says, and a drift is told in a sentence."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.calls.machine import TRANSITIONS
from tests.calls.test_transitions import named

ROOT = Path(__file__).parents[2]


@pytest.fixture
def generate(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("generate")


def test_the_committed_pages_are_current():
    command = [sys.executable, str(ROOT / "tools" / "generate.py"), "--check"]
    environ = {**os.environ, "PURE_PYTHON": "1"}  # what is compiled has no docstrings
    checked = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


def test_a_drift_is_told_in_one_sentence_a_page_and_mended_by_writing(generate, tmp_path, capsys):
    pages = [
        SimpleNamespace(PAGE=tmp_path / f"{name}.md", render=lambda name=name: f"# {name}\n")
        for name in ("kept", "changed", "missing")
    ]
    pages[0].PAGE.write_text("# kept\n")
    pages[1].PAGE.write_text("# something else\n")
    assert generate.main(["--check"], pages) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/changed.md is not what the code says; run `make format`.",
        "docs/missing.md is not what the code says; run `make format`.",
    ]
    assert generate.main([], pages) == 0
    assert generate.main(["--check"], pages) == 0
    assert capsys.readouterr().out == ""
    assert [page.PAGE.read_text() for page in pages] == ["# kept\n", "# changed\n", "# missing\n"]


def test_every_row_of_the_table_is_on_the_page(generate):
    page = generate.call_states.render()
    sections = page.split("### ")
    for (state, event), rules in TRANSITIONS.items():
        (section,) = [text for text in sections if text.startswith(f"{state}\n")]
        rows = [line for line in section.splitlines() if line.startswith(f"| `{event.__name__}`")]
        assert len(rows) == len(rules), named(state, event, rules[0])


def test_every_move_between_states_is_an_arrow(generate):
    diagram = generate.call_states.render().split("```")[1]
    unanswered = {"initiating", "ringing"}
    for (state, event), rules in TRANSITIONS.items():
        for rule in (rule for rule in rules if rule.to is not None):
            both = state in unanswered and rule.to not in unanswered
            start = f"{'unanswered' if both else state} --> {rule.to}: "
            arrows = [line.strip() for line in diagram.splitlines()]
            (arrow,) = [line for line in arrows if line.startswith(start)]
            assert event.__name__ in arrow
