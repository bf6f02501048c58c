"""What a client is told in one turn of the loop: in order, whole, and written at once."""

import asyncio
import json
from typing import Any

import pytest

from tests.security.surroundings import CANDIDATE
from tests.support.client import Client
from tests.support.logged import logged
from tests.support.service import TestService, running
from tests.support.waiting import until
from tests.transport.connections.test_hot_path import connected

MEBIBYTE = 1024 * 1024
SIZES = (30, 125, 126, 127, 65_535, 65_536, 70_000)
"""Bytes of a frame's payload, about where its header changes (RFC 6455, 5.2)."""


@pytest.fixture
async def service():
    async with running() as service:
        yield service


@pytest.fixture
async def alice(service: TestService):
    return await service.join("alice")


@pytest.fixture
def client(service: TestService, alice: Client) -> Any:
    """The way out to Alice."""
    (socket,) = service.node.engine.eio.sockets.values()
    return socket.client


def packet(size: int) -> bytes:
    """A packet whose frame has a payload of `size` bytes, with the 4 of Engine.IO before it."""
    start, end = b'2["padded","', b'"]'
    return start + b"x" * (size - 1 - len(start) - len(end)) + end


async def sizes_that_came(alice: Client, count: int) -> list[int]:
    """How large the next frames are."""
    for _ in range(count):
        await alice.next("padded")
    return [len(frame) for frame in alice.frames if '"padded"' in frame][-count:]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_frame_is_as_long_as_it_says(alice: Client, client: Any, size: int, times: int):
    for _ in range(times):
        client.write(packet(size))
    assert await sizes_that_came(alice, times) == [size] * times


async def test_large_and_small_keep_their_order(alice: Client, client: Any):
    sizes = [300_000, 40, 70_000, 50, 60]
    for _ in range(3):
        for size in sizes:
            client.write(packet(size))
        assert await sizes_that_came(alice, len(sizes)) == sizes


async def test_what_is_left_of_one_turn_goes_before_the_next(alice: Client, client: Any):
    alice.socket.transport.pause_reading()
    sizes: list[int] = []
    turns_after_it_was_full = 0
    while turns_after_it_was_full < 10:
        turns_after_it_was_full += client.queued() > 0
        for _ in range(1 + len(sizes) % 2):
            sizes.append(30_000 + len(sizes))
            client.write(packet(sizes[-1]))
        await asyncio.sleep(0.001)
    alice.socket.transport.resume_reading()
    assert await sizes_that_came(alice, len(sizes)) == sizes


async def test_who_reads_nothing_is_cut_in_the_very_turn(alice: Client, client: Any):
    alice.socket.transport.pause_reading()
    written = 0
    while not client.cut_off and written < 50 * MEBIBYTE:
        client.write(packet(40_000))
        written += 40_000
    assert client.why == "slow"
    assert client.queued() < 2 * MEBIBYTE


async def test_what_comes_after_picows_own_close_frame_goes_nowhere(alice: Client, client: Any):
    with logged() as lines:
        alice.socket.transport.write(b"\x81\x01x")  # not masked (RFC 6455, 5.1)
        await until(lambda: client.writer._socket.is_close_frame_sent, "picows' close frame")
        for _ in range(3):
            client.write(packet(40))
            client.write(packet(50))
            await asyncio.sleep(0)
        assert await alice.until_closed() == 1002
        assert not lines.of("socket.write_failed")
    assert "padded" not in alice.events()


@pytest.mark.parametrize(
    "fault", [KeyError("ours"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "ours too")]
)
async def test_a_fault_of_ours_is_logged_and_no_fault_of_the_client_s(
    service: TestService, alice: Client, monkeypatch: pytest.MonkeyPatch, fault: Exception
):
    def fails(*_told: object) -> None:
        raise fault

    monkeypatch.setattr(service.node.connections, "received", fails)
    with logged() as lines:
        await alice.emit("user:status", {"userIds": ["bob"]})
        assert await alice.until_closed() == 1011
        assert len(lines.of("socket.frame_failed")) == 1
        assert not lines.of("socket.protocol_error")


async def test_what_a_turn_has_goes_before_the_close_frame(alice: Client, client: Any):
    client.write(packet(40))
    client.write(packet(50))
    client.cut("internal", 1011)
    assert await alice.until_closed() == 1011
    assert list(map(len, alice.frames[-2:])) == [40, 50]


async def test_what_waits_counts_as_queued(client: Any):
    client.write(packet(40))
    client.write(packet(50))
    assert client.queued() == 90
    await until(lambda: client.queued() == 0, "the end of the turn")


class Beside:
    """A transport that another one stands before."""

    def __init__(self, client: Any, *, broken: bool = False) -> None:
        self.transport, self.broken = client.writer._transport, broken
        self.written: list[bytes] = []
        client.writer._transport = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Remember it."""
        if self.broken:
            raise OSError("broken")
        self.written.append(data)
        self.transport.write(data)


def wires(service: TestService) -> dict[str, Any]:
    """The way out to each user."""
    engine: Any = service.node.engine
    return {client.connection.session.user: client for client in engine.clients()}


async def test_a_burst_of_candidates_is_written_once(service: TestService):
    alice, bob, call_id = await connected(service)
    await bob.settle()
    frame = "42" + json.dumps(["ice:candidate", {"candidate": CANDIDATE, "callId": call_id}])
    beside = Beside(wires(service)["bob"])
    for _ in range(7):
        await alice.socket.send(frame)
    for _ in range(7):
        await bob.next("ice:candidate")
    assert [data.count(b'["ice:candidate",') for data in beside.written] == [7]


async def test_a_line_that_cannot_be_written_leaves_the_others_alone(service: TestService):
    alice, bob, _ = await connected(service)
    to = wires(service)
    with logged() as lines:
        beside = Beside(to["alice"], broken=True)
        for size in (40, 41):  # two are joined, and go to the transport itself
            to["alice"].write(packet(size))
        to["bob"].write(packet(50))
        assert await sizes_that_came(bob, 1) == [50]
        assert lines.of("socket.write_failed")
    beside.broken = False
    for size in (60, 61):
        to["alice"].write(packet(size))
    assert await sizes_that_came(alice, 2) == [60, 61]
