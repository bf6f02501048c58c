"""The note of where development mode runs: its owner's, and gone with the run."""

import json
import os

from service.cli.dev.run_file import RUN_FILE, run_file


def test_it_lies_there_for_its_owner_alone_while_the_run_lasts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with run_file("http://127.0.0.1:1", "http://127.0.0.1:2", "key"):
        assert json.loads(RUN_FILE.read_text()) == {
            "pid": os.getpid(), "url": "http://127.0.0.1:1", "admin": "http://127.0.0.1:2",
            "key": "key",
        }  # fmt: skip
        assert RUN_FILE.stat().st_mode & 0o777 == 0o600
        assert list(RUN_FILE.parent.iterdir()) == [RUN_FILE]
    assert not RUN_FILE.exists()


def test_one_that_a_later_run_left_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with run_file("http://127.0.0.1:1", "", None):
        RUN_FILE.write_text("{}")
    assert RUN_FILE.read_text() == "{}"
