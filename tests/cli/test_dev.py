"""`serve --dev` as a newcomer runs it: a process of its own, its output read, its line pasted."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
from typing import Any

import aiohttp
import psutil
import pytest

from service.cli.dev.coturn import answers, installed
from tests.support.coturn import TurnServer, refusal
from tests.support.trial import started, trial
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.e2e

needs_coturn = pytest.mark.skipif(
    not installed(), reason="coturn is not installed; run: apt-get install coturn"
)
needs_curl = pytest.mark.skipif(
    subprocess.run(["sh", "-c", "command -v curl"], check=False, stdout=subprocess.DEVNULL)
    .returncode != 0,
    reason="curl is not installed; run: apt-get install curl",
)  # fmt: skip


def pasted(line: str) -> Any:
    """What the shell makes of a line, read as JSON."""
    run = subprocess.run(["sh", "-c", line], check=False, capture_output=True, timeout=PATIENCE_S)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


async def only_child(pid: int) -> psutil.Process:
    for _ in range(1500):
        if children := psutil.Process(pid).children():
            return children[0]
        await asyncio.sleep(0.02)
    pytest.fail("it started nothing")


async def gone(pid: int) -> bool:
    """Whether it ends within 30 s; one that waits for its new parent to notice has ended."""
    for _ in range(1500):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        await asyncio.sleep(0.02)
    return False


@needs_coturn
@needs_curl
async def test_the_line_to_paste_gives_credentials_that_its_coturn_takes(tmp_path):
    async with trial(tmp_path) as run:
        answer = await asyncio.to_thread(pasted, run.find(r"^  (curl .*)$"))

        turn = next(server for server in answer["iceServers"] if "credential" in server)
        address, port = re.fullmatch(
            r"turn:([\d.]+):(\d+)\?transport=udp", turn["urls"][0]
        ).groups()  # type: ignore[union-attr]
        server = TurnServer(int(port), run.turnservers[0], tmp_path, address)
        assert address == "127.0.0.1"
        assert await refusal(server, turn["username"], turn["credential"]) is None
        assert await refusal(server, turn["username"], "wrong") == 401


async def test_the_addresses_it_prints_answer(tmp_path):
    async with trial(tmp_path) as run:
        pages = {
            name: run.find(rf"^  {name} +(http\S+)") for name in ("Alice", "Bob", "Docs", "Metrics")
        }
        async with aiohttp.ClientSession() as browser:
            for page in pages.values():
                async with browser.get(page) as answer:
                    assert answer.status == 200, page


async def test_taken_ports_are_passed_over_and_said(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        port, admin_port = (str(taken.getsockname()[1]) for taken in (one, other))
        async with trial(tmp_path, RINGLINE_PORT=port, RINGLINE_ADMIN_PORT=admin_port) as run:
            moved = run.find(rf"Port {port} is taken, so this runs on (\d+)\.")
            metrics = run.find(rf"Port {admin_port} is taken, so metrics are on (\d+)\.")
            assert run.find(r"^  Docs +http://127\.0\.0\.1:(\d+)/docs$") == moved
            assert run.find(r"^  Metrics +http://127\.0\.0\.1:(\d+)/metrics$") == metrics
            assert moved != port
            assert metrics != admin_port


@needs_coturn
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_it_and_its_coturn(tmp_path, number):
    async with trial(tmp_path) as run:
        (turnserver,) = run.turnservers
        assert await run.end(number) == 0
        assert not psutil.pid_exists(turnserver)
        assert not list(tmp_path.glob("ringline-*"))


@needs_coturn
async def test_ctrl_c_in_a_terminal_reaches_the_service_and_spares_coturn(tmp_path):
    """A terminal sends SIGINT to every process of the group that runs in it."""
    async with trial(tmp_path) as run:
        (turnserver,) = run.turnservers
        assert os.getpgid(turnserver) != os.getpgid(run.process.pid)
        os.killpg(run.process.pid, signal.SIGINT)
        assert await asyncio.wait_for(run.process.wait(), PATIENCE_S) == 0
        assert not psutil.pid_exists(turnserver)


@needs_coturn
async def test_killed_without_warning_it_leaves_no_coturn(tmp_path):
    async with trial(tmp_path) as run:
        (turnserver,) = run.turnservers
        assert await run.end(signal.SIGKILL) == -signal.SIGKILL
        assert await gone(turnserver)


async def test_a_signal_while_it_starts_ends_what_it_started(tmp_path):
    silent = tmp_path / "turnserver"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)

    async with started(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}") as process:
        child = await only_child(process.pid)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 128 + signal.SIGTERM
        assert await gone(child.pid)


async def test_without_turnserver_it_runs_and_says_what_is_missing(tmp_path):
    async with trial(tmp_path, PATH=str(tmp_path)) as run:
        assert run.turnservers == ()
        assert "only where the two peers reach each other directly" in run.said
        assert "apt-get install coturn" in run.said
        assert await run.end() == 0


async def test_a_coturn_that_fails_is_told_and_done_without(tmp_path):
    broken = tmp_path / "turnserver"
    broken.write_text("#!/bin/sh\necho cannot bind the thing\nexit 1\n")
    broken.chmod(0o755)

    async with trial(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}") as run:
        assert run.turnservers == ()
        assert "cannot bind the thing" in run.said
        assert "TURN       none" in run.said


async def test_a_turn_server_of_ones_own_is_used(tmp_path):
    own = {"RINGLINE_TURN_URLS": "turn:turn.example.org", "RINGLINE_TURN_SECRET": "north"}
    async with trial(tmp_path, **own) as run:
        assert run.turnservers == ()
        assert run.find("TURN +(.*)") == "turn:turn.example.org"


@needs_curl
async def test_on_the_network_it_is_https_under_an_authority_to_trust(tmp_path):
    async with trial(tmp_path, "--lan", RINGLINE_HOST="127.0.0.1") as run:
        line = run.find(r"^  (curl .*)$")
        assert "https://127.0.0.1:" in line
        assert (await asyncio.to_thread(pasted, line))["iceTransportPolicy"] == "all"
        assert "█" in run.said
        assert (tmp_path / "cache" / "ringline" / "ca.pem").exists()


@needs_coturn
async def test_two_run_beside_each_other(tmp_path):
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    async with trial(folders[0]) as one, trial(folders[1]) as other:
        ports = {run.find(r"coturn at 127\.0\.0\.1:(\d+)") for run in (one, other)}
        assert len(ports) == 2
        assert all(answers("127.0.0.1", int(port)) for port in ports)


async def test_a_wrong_setting_ends_it_in_a_sentence(tmp_path):
    with pytest.raises(AssertionError, match="RINGLINE_RING_TIMEOUT") as ended:
        async with trial(tmp_path, RINGLINE_RING_TIMEOUT="soon"):
            pytest.fail("it must not start")
    assert "Traceback" not in str(ended.value)
