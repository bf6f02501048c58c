"""The committed pages are what the code says, and a drift is told in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

from deploy import build
from service.calls.machine import TRANSITIONS
from tests.calls.test_transitions import named
from tools import call_states, generate

ROOT = Path(__file__).parents[2]


def test_the_committed_pages_are_current():
    command = [sys.executable, "-m", "tools.generate", "--check"]
    environ = {**os.environ, "PURE_PYTHON": "1"}  # what is compiled has no docstrings
    checked = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


def test_a_drift_is_told_in_one_sentence_a_file_and_mended_by_writing(tmp_path, capsys):
    texts = {"kept": "# kept\n", "changed": "# changed\n", "missing": "# missing\n", "gone": None}
    made = {tmp_path / name: text for name, text in texts.items()}
    (tmp_path / "kept").write_text("# kept\n")
    (tmp_path / "changed").write_text("# something else\n")
    (tmp_path / "gone").write_text("# gone\n")
    assert generate.main(["--check"], made) == 1
    told = capsys.readouterr().out.splitlines()
    for name, line in zip(("changed", "missing", "gone"), told, strict=True):
        assert line.endswith(f"/{name} is not what the code says; run `make format`.")
    assert generate.main([], made) == 0
    assert generate.main(["--check"], made) == 0
    assert capsys.readouterr().out == ""
    there = {path: path.read_text() for path in tmp_path.iterdir()}
    assert there == {path: text for path, text in made.items() if text is not None}


def test_a_file_of_the_chart_that_nothing_makes_any_more_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CHART", tmp_path)
    generate.main([], build.files())
    former = tmp_path / "dashboards" / "former.json"
    former.write_text("{}")
    assert [path for path, text in build.files().items() if text is None] == [former]


def test_every_row_of_the_table_is_on_the_page():
    page = call_states.render()
    sections = page.split("### ")
    for (state, event), rules in TRANSITIONS.items():
        (section,) = [text for text in sections if text.startswith(f"{state}\n")]
        rows = [line for line in section.splitlines() if line.startswith(f"| `{event.__name__}`")]
        assert len(rows) == len(rules), named(state, event, rules[0])


def test_every_move_between_states_is_an_arrow():
    diagram = call_states.render().split("```")[1]
    unaccepted = {"initiating", "ringing"}
    for (state, event), rules in TRANSITIONS.items():
        for rule in (rule for rule in rules if rule.to is not None):
            both = state in unaccepted and rule.to not in unaccepted
            start = f"{'unaccepted' if both else state} --> {rule.to}: "
            arrows = [line.strip() for line in diagram.splitlines()]
            (arrow,) = [line for line in arrows if line.startswith(start)]
            assert event.__name__ in arrow
