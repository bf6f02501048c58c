"""The official suite of Engine.IO v4, case by case.

https://github.com/socketio/engine.io-protocol, test-suite/test-suite.js. Each docstring names the
suite's groups and case. Where ours is adapted, docs/protocol.md ("Deviations from the official
suites") says how and why: a message is a Socket.IO packet, since the service does not send back
what it is sent; timers are whole seconds; there is no binary.
"""

import asyncio
import json

import aiohttp
import pytest

from tests.conformance.conftest import PING_S
from tests.conformance.speaking import (
    QUERY,
    closed,
    connect_packet,
    connected,
    get,
    join_packet,
    next_frame,
    next_packet,
    polled_session,
    polling,
    post,
    refused,
    url,
    websocket,
)
from tests.security.surroundings import eventually
from tests.support.service import TestService

KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
SEPARATOR = "\x1e"


def opened(packet: str, upgrades: list[str]) -> None:
    assert packet[0] == "0"
    told = json.loads(packet[1:])
    assert told.keys() == KEYS
    assert isinstance(told["sid"], str)
    assert told["upgrades"] == upgrades
    assert told["pingInterval"] == told["pingTimeout"] == PING_S * 1000
    assert told["maxPayload"] == 65_536


async def answered(socket) -> None:
    await socket.send(QUERY)
    assert (await next_packet(socket)).startswith('42["user:status"')


async def upgraded(service: TestService, socket) -> None:
    """A probe and an upgrade, sent at once, have been handled."""
    (connection,) = service.node.engine.eio.sockets.values()
    await eventually(lambda: connection.upgraded)


async def test_handshake_polling_successfully_opens_a_session(
    service: TestService, http: aiohttp.ClientSession
):
    """handshake / HTTP long-polling / successfully opens a session"""
    status, packet = await get(http, polling(service))
    assert status == 200
    opened(packet, ["websocket"])


@pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling"])
async def test_handshake_polling_fails_with_an_invalid_eio(
    service: TestService, http: aiohttp.ClientSession, query: str
):
    """handshake / HTTP long-polling / fails with an invalid 'EIO' query parameter"""
    assert (await get(http, url(service, query)))[0] == 400


@pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
async def test_handshake_polling_fails_with_an_invalid_transport(
    service: TestService, http: aiohttp.ClientSession, query: str
):
    """handshake / HTTP long-polling / fails with an invalid 'transport' query parameter"""
    assert (await get(http, url(service, query)))[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_handshake_polling_fails_with_an_invalid_request_method(
    service: TestService, http: aiohttp.ClientSession, method: str
):
    """handshake / HTTP long-polling / fails with an invalid request method"""
    async with http.request(method, polling(service)) as answer:
        assert answer.status == 400


async def test_handshake_websocket_successfully_opens_a_session(service: TestService):
    """handshake / WebSocket / successfully opens a session"""
    async with websocket(service) as socket:
        opened(await next_frame(socket), [])


@pytest.mark.parametrize("query", ["transport=websocket", "EIO=abc&transport=websocket"])
async def test_handshake_websocket_fails_with_an_invalid_eio(service: TestService, query: str):
    """handshake / WebSocket / fails with an invalid 'EIO' query parameter"""
    assert await refused(service, query) == 400


@pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc"])
async def test_handshake_websocket_fails_with_an_invalid_transport(
    service: TestService, query: str
):
    """handshake / WebSocket / fails with an invalid 'transport' query parameter"""
    assert await refused(service, query) == 400


async def test_message_polling_one_plain_text_packet(
    service: TestService, http: aiohttp.ClientSession
):
    """message / HTTP long-polling / sends and receives … one plain text packet"""
    at = polling(service, await polled_session(service, http))
    assert await post(http, at, connect_packet()) == (200, "ok")
    status, packet = await get(http, at)
    assert status == 200
    assert packet.startswith('40{"sid":')


async def test_message_polling_several_plain_text_packets(
    service: TestService, http: aiohttp.ClientSession
):
    """message / HTTP long-polling / sends and receives … several plain text packets"""
    at = polling(service, await polled_session(service, http))
    asked = [f'42{n}["user:status",{{"userId":"u{n}"}}]' for n in (1, 2, 3)]
    body = SEPARATOR.join([connect_packet(), join_packet(), *asked])
    assert await post(http, at, body) == (200, "ok")
    got: list[str] = []
    while len(got) < 2 + 3 * 2:
        status, packets = await get(http, at)
        assert status == 200
        got += [packet for packet in packets.split(SEPARATOR) if packet != "2"]
    assert [packet[:3] for packet in got[:2]] == ["40{", "42["]
    assert [packet[:3] for packet in got[2:]] == ["431", "42[", "432", "42[", "433", "42["]


async def test_message_polling_plain_text_and_binary_packets_is_a_deviation(
    service: TestService, http: aiohttp.ClientSession
):
    """message / HTTP long-polling / … plain text and binary packets: the session is closed"""
    at = polling(service, await polled_session(service, http))
    assert await post(http, at, connect_packet() + SEPARATOR + "bAQIDBA==") == (200, "ok")
    status, answered = await get(http, at)
    assert (status, answered[:2], answered[-2:]) == (200, "40", SEPARATOR + "1")
    assert (await get(http, at))[0] == 400


async def test_message_polling_closes_the_session_upon_invalid_packet_format(
    service: TestService, http: aiohttp.ClientSession
):
    """message / HTTP long-polling / closes the session upon invalid packet format"""
    at = polling(service, await polled_session(service, http))
    assert (await post(http, at, "abc"))[0] == 400
    assert (await get(http, at))[0] == 400


async def test_message_polling_closes_the_session_upon_duplicate_poll_requests(
    service: TestService, http: aiohttp.ClientSession
):
    """message / HTTP long-polling / closes the session upon duplicate poll requests"""
    sid = await polled_session(service, http)
    at = polling(service, sid)
    first = asyncio.create_task(get(http, at))
    serving = service.node.engine.eio.sockets[sid].client.polling
    await eventually(lambda: serving._wake is not None)
    assert (await get(http, at + "&t=burst"))[0] == 400
    assert await first == (200, "1")
    assert (await get(http, at))[0] == 400


async def test_message_websocket_a_plain_text_packet(service: TestService):
    """message / WebSocket / sends and receives a plain text packet"""
    async with websocket(service) as socket:
        await next_frame(socket)
        await socket.send(connect_packet())
        assert (await next_packet(socket)).startswith('40{"sid":')


async def test_message_websocket_a_binary_packet_is_a_deviation(service: TestService):
    """message / WebSocket / sends and receives a binary packet: the session is closed"""
    async with websocket(service) as socket:
        await next_frame(socket)
        await socket.send(bytes([1, 2, 3, 4]))
        assert await closed(socket) == 1008


async def test_message_websocket_closes_the_session_upon_invalid_packet_format(
    service: TestService,
):
    """message / WebSocket / closes the session upon invalid packet format"""
    async with websocket(service) as socket:
        await next_frame(socket)
        await socket.send("abc")
        assert await closed(socket) == 1008


async def test_heartbeat_polling_sends_ping_pong_packets(
    service: TestService, http: aiohttp.ClientSession
):
    """heartbeat / HTTP long-polling / sends ping/pong packets"""
    at = polling(service, await polled_session(service, http))
    for _ in range(3):
        assert await get(http, at) == (200, "2")
        assert (await post(http, at, "3"))[0] == 200


async def test_heartbeat_polling_closes_the_session_upon_ping_timeout(
    service: TestService, http: aiohttp.ClientSession
):
    """heartbeat / HTTP long-polling / closes the session upon ping timeout"""
    at = polling(service, await polled_session(service, http))
    await eventually(lambda: len(service.node.engine) == 0, within=2 * PING_S * 5)
    assert (await get(http, at))[0] == 400


async def test_heartbeat_websocket_sends_ping_pong_packets(service: TestService):
    """heartbeat / WebSocket / sends ping/pong packets"""
    async with websocket(service) as socket:
        await next_frame(socket)
        for _ in range(3):
            assert await next_frame(socket) == "2"
            await socket.send("3")


async def test_heartbeat_websocket_closes_the_session_upon_ping_timeout(service: TestService):
    """heartbeat / WebSocket / closes the session upon ping timeout"""
    async with websocket(service) as socket:
        await closed(socket)


async def test_close_polling_forcefully_closes_the_session(
    service: TestService, http: aiohttp.ClientSession
):
    """close / HTTP long-polling / forcefully closes the session"""
    sid = await polled_session(service, http)
    at = polling(service, sid)
    waiting = asyncio.create_task(get(http, at))
    serving = service.node.engine.eio.sockets[sid].client.polling
    await eventually(lambda: serving._wake is not None)
    assert (await post(http, at, "1"))[0] == 200
    assert await waiting == (200, "6")
    assert (await get(http, at))[0] == 400


async def test_close_websocket_forcefully_closes_the_session(service: TestService):
    """close / WebSocket / forcefully closes the session"""
    async with websocket(service) as socket:
        await next_frame(socket)
        await socket.send("1")
        assert await closed(socket) == 1000


async def test_upgrade_successfully_upgrades_from_polling_to_websocket(
    service: TestService, http: aiohttp.ClientSession
):
    """upgrade / successfully upgrades from HTTP long-polling to WebSocket"""
    sid = await polled_session(service, http)
    async with websocket(service, sid) as socket:
        await socket.send("2probe")
        assert await next_frame(socket) == "3probe"
        assert await get(http, polling(service, sid)) == (200, "6")
        await socket.send("5")
        await socket.send(connect_packet())
        assert (await next_packet(socket)).startswith('40{"sid":')


async def test_upgrade_ignores_http_requests_with_same_sid_after_upgrade(
    service: TestService, http: aiohttp.ClientSession
):
    """upgrade / ignores HTTP requests with same sid after upgrade"""
    sid = await polled_session(service, http)
    async with websocket(service, sid) as socket:
        await socket.send("2probe")
        await socket.send("5")
        await upgraded(service, socket)
        assert (await get(http, polling(service, sid)))[0] == 400
        assert await next_packet(socket) == "3probe"
        await socket.send(connect_packet())
        assert (await next_packet(socket)).startswith('40{"sid":')


async def test_upgrade_ignores_websocket_connection_with_same_sid_after_upgrade(
    service: TestService, http: aiohttp.ClientSession
):
    """upgrade / ignores WebSocket connection with same sid after upgrade"""
    sid = await polled_session(service, http)
    async with websocket(service, sid) as socket:
        await socket.send("2probe")
        await socket.send("5")
        assert await refused(service, f"EIO=4&transport=websocket&sid={sid}") == 400
        assert await next_packet(socket) == "3probe"
        await socket.send(connect_packet())
        assert (await next_packet(socket)).startswith('40{"sid":')


async def test_a_message_that_is_no_socket_io_packet_is_a_deviation(service: TestService):
    """message / WebSocket / `4hello`, which the suite's server sends back, closes the session."""
    socket = await connected(service)
    await answered(socket)
    await socket.send("4hello")
    assert await closed(socket) == 1008
