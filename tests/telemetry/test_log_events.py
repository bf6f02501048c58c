"""Every event that the design promises of the log, made to happen."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from service.telemetry.network import network_of
from tests.support.logged import Lines
from tests.support.process import started
from tests.support.service import SECRET, TestService, running, token
from tests.support.waiting import PATIENCE_S, until

FORGED = token("mallory")[:-4] + "AAAA"
OF_A_NODE = {
    "socket.connected", "socket.rejected", "socket.closed", "auth.refused", "auth.refresh_refused",
    "call.state", "call.summary", "accept.lost", "ratelimit.hit",
}  # fmt: skip
OF_A_PROCESS = {"config.loaded", "node.ready", "node.draining"}


async def test_a_node_tells_each_of_its_own(service: TestService, lines: Lines):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.accepted(alice, phone)
    await tablet.refusal("call:accept", {"callId": call_id})
    await alice.refusal("auth:refresh", {"token": FORGED})
    for _ in range(8):
        await alice.request("call:initiate", {"to": "nobody", "callType": "audio"})
    await service.connect(FORGED)
    await alice.done("call:end", {"callId": call_id})
    await alice.close()
    await until(lambda: lines.of("socket.closed"), "the end")
    assert {line["event"] for line in lines.all()} >= OF_A_NODE
    assert all(line["node"] for line in lines.all())


async def test_a_process_tells_its_start_and_its_end(tmp_path: Path):
    turn = {"turn_secret": "of-the-relay-and-of-nobody-else", "turn_urls": "turn:127.0.0.88:9"}
    process = await started(tmp_path, jwt_secret=SECRET, **turn)
    assert process.stderr is not None
    try:
        said = await asyncio.wait_for(process.stderr.readuntil(b"node.ready"), PATIENCE_S)
        process.send_signal(signal.SIGTERM)
        said += await asyncio.wait_for(process.stderr.read(), PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    lines = {line["event"]: line for line in map(json.loads, said.decode().splitlines())}
    assert set(lines) >= OF_A_PROCESS
    assert lines["config.loaded"]["settings"]["jwt_secret"] == "environment"
    for hidden in (SECRET, *turn.values(), "127.0.0.88"):
        assert hidden not in said.decode()


class TestClosed:
    @pytest.mark.parametrize(("frame", "reason"), [("41", "client"), ("4x", "protocol_error")])
    async def test_says_what_ended_it_and_how_long_it_was(
        self, service: TestService, lines: Lines, frame: str, reason: str
    ):
        alice = await service.join("alice")
        await service.advance(3)
        await alice.send(frame)
        await until(lambda: lines.of("socket.closed"), "the end")
        (line,) = lines.of("socket.closed")
        assert (line["reason"], line["level"]) == (reason, "debug")
        assert 3 <= line["seconds"] < 30


class TestRejected:
    async def test_by_the_gate_without_an_error_of_the_server_s(
        self, service: TestService, lines: Lines
    ):
        with pytest.raises(InvalidStatus):
            await service.open(origin="https://elsewhere.example")
        service.node.drain()
        with pytest.raises(InvalidStatus):
            await service.open()
        assert [line["code"] for line in lines.of("socket.rejected")] == [
            "forbidden",
            "server_draining",
        ]
        await service.node.sweeper.sweep()
        assert [line for line in lines.all() if line["level"] == "error"] == []

    async def test_where_there_is_no_room(self, lines: Lines):
        async with running(max_connections=1) as service:
            await service.join("alice")
            with pytest.raises(InvalidStatus):
                await service.open()
        assert [line["code"] for line in lines.of("socket.rejected")] == ["overloaded"]

    async def test_who_never_asks(self, service: TestService, lines: Lines):
        client = await service.open()
        await service.advance(11)
        await client.until_closed()
        assert [line["code"] for line in lines.of("socket.rejected")] == ["silent"]


class TestLimits:
    async def test_a_flood_is_told_once_with_its_number(self, lines: Lines):
        async with running(rate_limit_scale=0.1) as service:
            alice = await service.join("alice")
            refused = 0
            for _ in range(40):
                answer = await alice.request("user:status", {"userId": "bob"})
                refused += not answer["ok"]
            await until(lambda: len(lines.of("ratelimit.hit")) > 1, "the others")
        told = lines.of("ratelimit.hit")
        assert {line["scope"] for line in told} == {"events"}
        assert sum(1 + line.get("more", 0) for line in told) == refused

    async def test_an_address_is_told_at_debug_and_as_its_network(
        self, service: TestService, lines: Lines
    ):
        await service.connect(FORGED)
        (line,) = lines.of("auth.refused")
        assert (line["level"], line["reason"]) == ("debug", "bad_signature")
        assert line["client"] == "127.0.0.0/24"
        for line in lines.all():
            assert "client" not in line or line["level"] == "debug"


class TestSummary:
    async def test_names_path_and_trace(self, service: TestService, lines: Lines):
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.accepted(alice, bob)
        stats = {"path": "relay"}
        media = {"callId": call_id, "state": "connected", "stats": stats}
        await alice.done("call:media", media)
        await alice.done("call:end", {"callId": call_id})
        await until(lambda: lines.of("call.summary"), "the summary")
        (summary,) = lines.of("call.summary")
        assert summary["path"] == "relay"
        assert {"call_id", "type", "outcome", "reason", "ring_s", "setup_s", "duration_s",
                "devices", "trace_id", "span_id"} <= set(summary)  # fmt: skip


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:77:1::7", "2001:db8:77::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("testclient", None),
        ("", None),
    ],
)
def test_the_network_of_an_address(address: str, network: str | None):
    assert network_of(address) == network
