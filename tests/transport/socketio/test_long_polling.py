"""Long-polling of one connection: one GET and one POST at a time, and nothing is lost between."""

import asyncio
import json
import socket
import time

import aiohttp
import pytest

from tests.security.surroundings import eventually
from tests.support.polling import RECORD_SEPARATOR, Ended, Polling
from tests.support.service import TestService, token

EVENT = '42["user:status",{"userId":"x"}]'


@pytest.fixture
async def alice(service: TestService, http: aiohttp.ClientSession) -> Polling:
    polling = await Polling.handshake(http, service.port)
    await polling.join(token("alice"), "alice")
    return polling


def told(service: TestService, polling: Polling, *numbers: int) -> None:
    """Have the service send events."""
    for number in numbers:
        service.node.engine.eio.sockets[polling.sid].client.write(b'2["told",%d]' % number)


def numbers_of(packets: list[str]) -> list[int]:
    assert all(packet.startswith("42") for packet in packets), packets
    return [json.loads(packet[2:])[1] for packet in packets]


async def waits(service: TestService, polling: Polling) -> None:
    """Until a poll waits."""
    serving = service.node.engine.eio.sockets[polling.sid].client.polling
    await eventually(lambda: serving._wake is not None)


def request(polling: Polling) -> bytes:
    """A poll, as it is sent."""
    path = f"/socket.io/?EIO=4&transport=polling&sid={polling.sid}"
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


class Raw:
    """One poll on a TCP connection of its own, which can be torn at any time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def poll(cls, service: TestService, polling: Polling) -> "Raw":
        raw = cls(*await asyncio.open_connection("127.0.0.1", service.port))
        raw.writer.write(request(polling))
        return raw

    async def hang_up(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def test_answers_have_a_length_and_are_not_stored(
    service: TestService, http: aiohttp.ClientSession, alice: Polling
):
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    for method, query, body in (("GET", "", None), ("POST", f"&sid={alice.sid}", EVENT),
                                ("GET", f"&sid={alice.sid}", None)):  # fmt: skip
        async with http.request(method, url + query, data=body) as answer:
            text = await answer.read()
            assert answer.headers["Content-Length"] == str(len(text))
            assert "Transfer-Encoding" not in answer.headers
            assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
            assert answer.headers["Cache-Control"] == "no-store"


async def test_at_most_sixteen_packets_a_poll(service: TestService, alice: Polling):
    told(service, alice, *range(40))
    polls = [await alice.poll() for _ in range(3)]
    assert [len(packets) for packets in polls] == [16, 16, 8]
    assert numbers_of([packet for packets in polls for packet in packets]) == list(range(40))


async def test_an_aborted_poll_loses_nothing(service: TestService, alice: Polling):
    raw = await Raw.poll(service, alice)
    await waits(service, alice)
    await raw.hang_up()
    told(service, alice, 1)
    again = asyncio.create_task(alice.poll())
    told(service, alice, 2)
    assert numbers_of(await again) == [1, 2]


async def test_a_hundred_aborted_polls_lose_nothing(service: TestService, alice: Polling):
    got: list[int] = []
    for number in range(100):
        raw = await Raw.poll(service, alice)
        await waits(service, alice)
        await raw.hang_up()
        told(service, alice, number)
        while len(got) <= number:
            packets = await alice.poll()
            got += numbers_of([packet for packet in packets if packet != "2"])
            if "2" in packets:  # a busy machine takes longer than a heartbeat
                await alice.post("3")
    assert got == list(range(100))


async def test_who_polls_anew_before_the_hang_up_is_heard_is_served(
    service: TestService, alice: Polling
):
    for number in range(20):
        raw = await Raw.poll(service, alice)
        await waits(service, alice)
        raw.writer.close()  # and not waited for
        again = asyncio.create_task(alice.poll())
        await asyncio.sleep(0)
        told(service, alice, number)
        assert numbers_of(await again) == [number]
    await alice.emit("user:status", {"userId": "x"})
    await alice.until('42["user:status"')


async def test_a_hang_up_is_heard_that_came_while_the_loop_was_held_up(
    service: TestService, alice: Polling
):
    raw = await Raw.poll(service, alice)
    await waits(service, alice)
    connection = service.node.engine.eio.sockets[alice.sid]
    before = connection.heard
    again = asyncio.create_task(alice.poll())
    await eventually(lambda: connection.heard > before)
    raw.writer.write_eof()
    time.sleep(0.3)  # noqa: ASYNC251 - holds the loop up for longer than a second poll waits
    assert await raw.reader.read() == b""
    told(service, alice, 1)
    assert numbers_of(await again) == [1]
    await raw.hang_up()


async def test_a_second_poll_at_a_time_ends_the_connection(service: TestService, alice: Polling):
    first = asyncio.create_task(alice.poll())
    await waits(service, alice)
    with pytest.raises(Ended) as refused:
        await alice.poll()
    assert refused.value.args == (400,)
    assert await first == ["1"]
    with pytest.raises(Ended):
        await alice.poll()
    assert len(service.node.engine) == 0


async def test_a_second_post_at_a_time_ends_the_connection(
    service: TestService, http: aiohttp.ClientSession, alice: Polling
):
    waiting = asyncio.create_task(alice.poll())
    await waits(service, alice)
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    path = f"/socket.io/?EIO=4&transport=polling&sid={alice.sid}"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n42[".encode())
    serving = service.node.engine.eio.sockets[alice.sid].client.polling
    await eventually(lambda: serving.posting.busy)
    assert await alice.post(EVENT) == 400
    assert await waiting == ["1"]
    with pytest.raises(Ended):
        await alice.poll()
    writer.close()
    await writer.wait_closed()


async def test_a_poll_ends_with_its_connection(service: TestService, alice: Polling):
    waiting = asyncio.create_task(alice.poll())
    await waits(service, alice)
    assert await alice.post("1") == 200
    assert await waiting == ["6"]


@pytest.mark.parametrize("waits_for_it", [True, False], ids=["a poll waits", "between two polls"])
async def test_what_was_queued_before_the_server_s_end_is_fetched(
    service: TestService, alice: Polling, *, waits_for_it: bool
):
    polls = asyncio.create_task(alice.poll()) if waits_for_it else None
    if polls is not None:
        await waits(service, alice)
    told(service, alice, *range(20))
    service.node.engine.eio.sockets[alice.sid].client.cut("shutdown")
    got = await polls if polls is not None else []
    while "1" not in got:
        got += await alice.poll()
    assert numbers_of(got[:-1]) == list(range(20))
    await eventually(lambda: len(service.node.engine) == 0)


async def test_the_last_poll_is_answered_that_came_while_the_loop_was_held_up(
    service: TestService, alice: Polling
):
    client = service.node.engine.eio.sockets[alice.sid].client
    serving = client.polling
    client.cut("shutdown")
    await eventually(lambda: serving._fetched is not None)
    with socket.create_connection(("127.0.0.1", service.port)) as tcp:
        tcp.sendall(request(alice))
        time.sleep(0.7)  # noqa: ASYNC251 - holds the loop up for longer than there is to poll
        tcp.settimeout(0)
        answer = await asyncio.get_running_loop().sock_recv(tcp, 1024)
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_packets_before_a_malformed_one_are_handled(service: TestService, alice: Polling):
    bob = await service.join("bob")
    call = '42["call:initiate",{"to":"bob","callType":"audio"}]'
    assert await alice.post(call, "nonsense", EVENT) == 200
    await bob.next("call:incoming")
    assert (await bob.next("call:ended"))["reason"] == "connection_lost"


async def test_a_client_that_never_polls_is_bounded(service: TestService, alice: Polling):
    client = service.node.engine.eio.sockets[alice.sid].client
    for _ in range(100):
        client.write(b'2["told","%b"]' % (b"x" * 16_384))
    assert client.why == "slow"
    assert client.queued() < 1024 * 1024 + 2 * 16_384
    await eventually(lambda: len(service.node.engine) == 0)


async def test_a_body_may_be_chunked(
    service: TestService, http: aiohttp.ClientSession, alice: Polling
):
    assert await alice.post(EVENT, EVENT, chunked=True) == 200
    packets = await alice.poll()
    assert len(RECORD_SEPARATOR.join(packets).split('"user:status"')) > 1


async def test_what_comes_after_the_end_is_not_acknowledged(service: TestService, alice: Polling):
    service.node.engine.eio.sockets[alice.sid].client.cut("shutdown")
    assert await alice.post(EVENT) == 400
    assert await alice.poll() == ["1"]


async def test_half_a_body_is_no_fault(service: TestService, alice: Polling):
    """A phone that changes networks hangs up in the middle of a POST."""
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    head = f"POST /socket.io/?EIO=4&transport=polling&sid={alice.sid} HTTP/1.1\r\nHost: x\r\n"
    writer.write(head.encode() + b"Content-Length: 26\r\n\r\n" + EVENT.encode()[:9])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await alice.post(EVENT) in {200, 400}  # the half may be read still
    assert await alice.post(EVENT) == 200
