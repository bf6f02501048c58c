"""Frames that no client of the protocol sends: the connection is closed and forgotten.

Each also from a client that keeps answering pings, which is to say: one that would be kept.
"""

import asyncio
import contextlib
import json

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed

from tests.security.surroundings import Bystanders, eventually, gone, sizes
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running, token

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEEP = "[" * 5_000 + "]" * 5_000
BROKEN = {
    "empty": "",
    "not a packet": "9",
    "open": '0{"sid":"x"}',
    "noop": "6",
    "a ping of the client": "2",
    "an upgrade of what is a WebSocket": "5",
    "a probe of what is a WebSocket": "2probe",
    "message without packet": "4",
    "unknown packet": "4abc",
    "packet type 7": "47",
    "an event that is an object": "42{}",
    "an event without a name": "42[]",
    "a number for a name": "42[1]",
    "null for a name": "42[null]",
    "JSON that engineio would parse": '4"2[\\"user:status\\"]"',
    "an object that engineio would parse": '4{"a":1}',
    "5,000 deep": "42" + DEEP,
    "60,000 brackets": "42" + "[" * 60_000,
    "60,000 brackets that engineio would parse": "4" + "[" * 60_000,
    "a lone surrogate for a name": '42["\\ud800"]',
    "a name of 65 letters": '42["' + "x" * 65 + '"]',
    "NaN for a name": "42[NaN]",
    "an acknowledgement id of 16 digits": '421234567890123456["user:status"]',
    "a negative acknowledgement id": '42-1["user:status"]',
    "an acknowledgement id in Arabic digits": '42\u0661["user:status"]',
    "another namespace": '42/admin,["user:status"]',
    "the server's acknowledgement": "431[]",
    "a refusal": '44{"message":"no"}',
    "a binary event": '451-["x",{"_placeholder":true,"num":0}]',
    "a binary event with a billion attachments": '451000000000-["x"]',
    "a binary event without attachments": '450-["x"]',
    "a binary acknowledgement": '461-1[{"_placeholder":true,"num":0}]',
    "a goodbye to another namespace": "41/admin,",
    "base64 as in polling": "bAAAA",
    "a second CONNECT": "40",
}


@pytest.mark.parametrize("answers_pings", [True, False], ids=["answering", "silent"])
@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN)
async def test_a_broken_frame_closes_a_joined_session(
    service: TestService, bystanders: Bystanders, frame: str, *, answers_pings: bool
):
    mallory = await service.join("mallory")
    mallory.answers_pings = answers_pings
    await mallory.send(frame)
    assert await mallory.until_closed() == 1008
    assert "protocol_error" in await cuts(service)


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN)
async def test_a_broken_frame_closes_long_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, frame: str
):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    await mallory.join(token("mallory"), "mallory")
    status = await mallory.post(frame)
    assert status in {200, 400}
    await gone(service, before)
    with pytest.raises(Ended):
        await mallory.until("never")


@pytest.mark.parametrize(
    "frame", [f for f in BROKEN.values() if f != "40"], ids=[n for n in BROKEN if "second" not in n]
)
async def test_a_broken_frame_closes_what_has_not_connected(
    service: TestService, bystanders: Bystanders, frame: str
):
    mallory = await service.open()
    await mallory.send(frame)
    assert await mallory.until_closed() == 1008


async def test_an_empty_frame_between_good_ones_closes_long_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession
):
    mallory = await Polling.handshake(http, service.port)
    assert await mallory.post("40", "", "3") == 200  # for what came before
    with pytest.raises(Ended):
        await mallory.until("never")


@pytest.mark.parametrize("frame", [b"", b"\x00", b'42["user:status"]', b"b" * 60_000])
async def test_a_binary_frame_closes(service: TestService, bystanders: Bystanders, frame: bytes):
    mallory = await service.join("mallory")
    await mallory.send(frame)
    assert await mallory.until_closed() == 1008


async def test_half_sent_attachments_leave_nothing(service: TestService, bystanders: Bystanders):
    before = sizes(service)
    mallory = await service.join("mallory")
    await mallory.send('452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
    await mallory.close()
    await gone(service, before)


@pytest.mark.parametrize("cuts_at", [None, 1], ids=["whole", "split over frames"])
async def test_invalid_utf8_closes(
    service: TestService, bystanders: Bystanders, cuts_at: int | None
):
    mallory = await service.join("mallory")
    text = b'42["user:status",{"userId":"\xff\xfe"}]'
    await mallory.socket.send(text if cuts_at is None else [text[:5], text[5:]], text=True)
    assert await mallory.until_closed() == 1007


async def test_invalid_utf8_closes_long_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession
):
    mallory = await Polling.handshake(http, service.port)
    await mallory.join(token("mallory"), "mallory")
    assert await mallory.post(b'42["user:status",{"userId":"\xff"}]') == 400
    with pytest.raises(Ended):
        await mallory.until("never")


async def test_a_body_in_jsonp_is_none(service: TestService, http: aiohttp.ClientSession):
    before = sizes(service)
    mallory = await Polling.handshake(http, service.port)
    assert await mallory.post("d=40") == 400
    await gone(service, before)


async def test_ten_megabytes_of_brackets_are_not_read(service: TestService, bystanders: Bystanders):
    mallory = await service.join("mallory")
    with contextlib.suppress(ConnectionClosed):
        await mallory.send("42" + "[" * 10_000_000)
    assert await mallory.until_closed() == 1009


async def test_a_client_that_is_silent_is_dropped():
    async with running(ping_interval=1, ping_timeout=1) as service:
        mallory, alice = await service.join("mallory"), await service.join("alice")
        mallory.answers_pings = False
        await mallory.until_closed(timeout=2 * 5)
        await eventually(lambda: len(service.node.engine) == 1)
        await alice.settle()


async def cuts(service: TestService) -> str:
    """The counter of cut connections, as Prometheus sees it."""
    async with aiohttp.request("GET", f"http://127.0.0.1:{service.admin_port}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return "\n".join(line for line in lines if line.startswith("ringline_disconnects_total"))


async def test_a_thousand_broken_connections_at_once_leave_nothing(
    service: TestService, bystanders: Bystanders
):
    async def attack(frame: str) -> None:
        mallory = await service.open()
        await mallory.send("40" + json.dumps({"token": token("mallory")}))
        await mallory.send(frame)
        await mallory.until_closed(timeout=60)

    for _ in range(5):
        await asyncio.gather(*(attack(frame) for frame in list(BROKEN.values())[:20]))
        await bystanders.talk()
