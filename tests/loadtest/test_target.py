"""Which service is loaded: the one that is named, or the `make run` beside it."""

import asyncio
import json
import sys

import pytest

from loadtest.target import NoTarget, Target, target
from service.cli.dev.run_file import RUN_FILE
from tests.loadtest.running import load
from tests.support.trial import trial


@pytest.mark.parametrize(
    "environ",
    [
        {"URL": "https://calls.example.org/", "KEY": "k"},
        {"URL": "https://calls.example.org", "RINGLINE_JWT_SECRET": "k"},
        {"URL": "https://calls.example.org", "KEY": "k", "RINGLINE_JWT_SECRET": "other"},
    ],
)
def test_a_named_service(tmp_path, environ):
    assert target(environ, tmp_path) == Target("https://calls.example.org", "k")


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "start one with `make run`"),
        ({"KEY": "k"}, "start one with `make run`"),
        ({"URL": "https://calls.example.org"}, "KEY=…"),
        ({"URL": "calls.example.org", "KEY": "k"}, "write an address"),
    ],
)
def test_a_mistake_is_a_sentence_that_says_what_to_do(tmp_path, environ, sentence):
    with pytest.raises(NoTarget, match=sentence):
        target(environ, tmp_path)


async def test_the_run_beside_it_is_found_while_it_runs(tmp_path):
    async with trial(tmp_path) as run:
        found = target({}, tmp_path)
        assert found.url == run.find(r"^  Docs +(http://127\.0\.0\.1:\d+)/docs$")
        assert len(found.key) >= 32
        assert (tmp_path / RUN_FILE).stat().st_mode & 0o777 == 0o600
        assert await run.end() == 0
    with pytest.raises(NoTarget, match="make run"):
        target({}, tmp_path)


async def test_a_note_of_a_dead_run_names_nobody(tmp_path):
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    note = tmp_path / RUN_FILE
    note.parent.mkdir()
    note.write_text(json.dumps({"pid": ended.pid, "url": "http://127.0.0.1:1", "key": "k"}))
    with pytest.raises(NoTarget, match="make run"):
        target({}, tmp_path)


async def test_a_run_that_believes_another_issuer_cannot_be_loaded(tmp_path):
    async with trial(tmp_path, RINGLINE_JWKS_URL="https://idp.example.org/keys") as run:
        with pytest.raises(NoTarget, match="RINGLINE_JWT_SECRET"):
            target({}, tmp_path)
        await run.end()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [({}, "make run"), ({"USERS": "many", "URL": "http://a", "KEY": "k"}, "USERS is 'many'")],
)
async def test_the_command_ends_with_status_2(tmp_path, variables, sentence):
    done = await load(tmp_path, **variables)
    assert done.status == 2
    assert sentence in done.said
    assert "Traceback" not in done.said
