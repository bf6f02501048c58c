"""The quickstart's first client runs as it is written, and what it quotes is what one sees."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, section, text_of
from tests.support.service import TestService, token

PAGE = ROOT / "docs" / "quickstart.md"
LIBRARIES = ROOT / "tests" / "e2e" / "node_modules"
PATIENCE_S = 30.0
SHOWN = sorted((ROOT / "service" / "web").glob("*.js"))


@pytest.mark.e2e
async def test_the_first_client_declines_a_call(service: TestService, tmp_path: Path):
    if shutil.which("node") is None or not LIBRARIES.exists():
        pytest.skip("Node.js and socket.io-client are not here; run: tools/peers all")
    (first,) = blocks(text_of(PAGE), "js")
    assert "http://127.0.0.1:8001" in first
    (tmp_path / "node_modules").symlink_to(LIBRARIES)
    (tmp_path / "first.mjs").write_text(first.replace("http://127.0.0.1:8001", service.url))
    process = await asyncio.create_subprocess_exec(
        "node", "first.mjs", cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "TOKEN": token("carol")},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readuntil(b"joined; ICE servers:"), PATIENCE_S)
        alice = await service.join("alice")
        call_id = (await alice.done("call:initiate", {"to": "carol", "callType": "video"}))[
            "callId"
        ]
        assert (await alice.next("call:rejected"))["callId"] == call_id
        said += await asyncio.wait_for(process.stdout.readuntil(b"declining\n"), PATIENCE_S)
        assert b"alice calls (video); declining" in said
    finally:
        process.kill()
        await process.wait()


def test_what_it_quotes_is_what_one_sees():
    table = section(PAGE, "When something does not work")
    quoted = re.findall(r'^\| "([^"]+)"', table, re.MULTILINE)
    words = "".join(path.read_text(encoding="utf-8") for path in SHOWN)
    filled = [said(template) for template in re.findall(r"`([^`\n]*\$\{[^`\n]*)`", words)]
    assert len(quoted) >= 4
    assert [
        one
        for one in quoted
        if one not in words and not any(text.fullmatch(one) for text in filled)
    ] == []


def said(template: str) -> re.Pattern[str]:
    """What a template of the page may become; `${…}` stands for anything."""
    return re.compile(re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(template.rstrip("."))))
