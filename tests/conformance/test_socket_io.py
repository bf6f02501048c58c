"""The official suite of Socket.IO v5, case by case.

https://github.com/socketio/socket.io-protocol, test-suite/test-suite.js, group "Socket.IO
protocol"; its group "Engine.IO protocol" is in test_engine_io.py. Each docstring names the suite's
group and case. Where ours is adapted, docs/protocol.md ("Deviations from the official suites") says
how and why: a token in CONNECT, one namespace, no binary, the service's events for its echoes.
"""

import json
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection

from tests.conformance.speaking import (
    QUERY,
    closed,
    connect_packet,
    connected,
    next_frame,
    next_packet,
    websocket,
)
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, token

ASKED = '42456["user:status",{"userId":"x"}]'
BINARY = '["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'


@pytest.fixture
async def fresh(service: TestService):
    """A WebSocket that has not sent CONNECT."""
    async with websocket(service) as socket:
        await next_frame(socket)
        yield socket


@pytest.fixture
async def alice(service: TestService):
    """A WebSocket that has connected to the main namespace."""
    socket = await connected(service)
    async with socket:
        yield socket


@pytest.fixture
async def polled(service: TestService, http: aiohttp.ClientSession) -> Polling:
    """The same over long-polling."""
    polling = await Polling.handshake(http, service.port)
    await polling.join(token("alice"), "alice")
    return polling


def handshake(packet: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(packet[2:])
    return told


async def test_connect_to_the_main_namespace_without_a_token_is_a_deviation(
    fresh: ClientConnection,
):
    """connect / should allow connection to the main namespace: it takes a token"""
    await fresh.send("40")
    packet = await next_packet(fresh)
    assert packet.startswith("44{")
    assert handshake(packet)["data"]["code"] == "unauthenticated"


async def test_connect_should_allow_connection_to_the_main_namespace_with_a_payload(
    fresh: ClientConnection,
):
    """connect / should allow connection to the main namespace with a payload"""
    await fresh.send(connect_packet())
    packet = await next_packet(fresh)
    assert packet.startswith("40{")
    assert handshake(packet).keys() == {"sid"}
    assert isinstance(handshake(packet)["sid"], str)


@pytest.mark.parametrize("packet", ["40/custom,", connect_packet(namespace="/custom,")])
async def test_connect_to_a_custom_namespace_is_a_deviation(fresh: ClientConnection, packet: str):
    """connect / should allow connection to a custom namespace (with a payload): there is none"""
    await fresh.send(packet)
    assert await next_packet(fresh) == '44/custom,{"message":"Invalid namespace"}'


async def test_connect_should_disallow_connection_to_an_unknown_namespace(fresh: ClientConnection):
    """connect / should disallow connection to an unknown namespace"""
    await fresh.send("40/random")
    assert await next_packet(fresh) == '44/random,{"message":"Invalid namespace"}'


async def test_connect_should_disallow_connection_with_an_invalid_handshake(
    fresh: ClientConnection,
):
    """connect / should disallow connection with an invalid handshake"""
    await fresh.send("4abc")
    assert await closed(fresh) == 1008


async def test_connect_should_close_the_connection_if_no_handshake_is_received(
    service: TestService, fresh: ClientConnection
):
    """connect / should close the connection if no handshake is received"""
    await service.advance(10.5)
    assert await closed(fresh) == 1008


async def test_disconnect_from_the_main_namespace_is_a_deviation(alice: ClientConnection):
    """disconnect / should disconnect from the main namespace: the connection ends with it"""
    await alice.send("41")
    assert await closed(alice) == 1000


async def test_disconnect_from_a_custom_namespace_is_a_deviation(alice: ClientConnection):
    """disconnect / should connect then disconnect from a custom namespace: there is none"""
    await alice.send("40/custom")
    assert await next_packet(alice) == '44/custom,{"message":"Invalid namespace"}'
    await alice.send(QUERY)
    assert (await next_packet(alice)).startswith('42["user:status",')


async def test_message_should_send_a_plain_text_packet(alice: ClientConnection):
    """message / should send a plain-text packet"""
    await alice.send(QUERY)
    packet = await next_packet(alice)
    assert packet.startswith('42["user:status",{"userId":"x"')


async def test_message_polling_should_send_a_plain_text_packet(polled: Polling):
    """message / should send a plain-text packet: over polling"""
    assert await polled.post(QUERY) == 200
    assert (await polled.until("42")).startswith('42["user:status",{"userId":"x"')


async def test_message_should_send_a_plain_text_packet_with_an_ack(alice: ClientConnection):
    """message / should send a plain-text packet with an ack"""
    await alice.send(ASKED)
    packet = await next_packet(alice)
    assert packet.startswith('43456[{"ok":true,')


async def test_message_polling_should_send_a_plain_text_packet_with_an_ack(polled: Polling):
    """message / should send a plain-text packet with an ack: over polling"""
    assert await polled.post(ASKED) == 200
    assert (await polled.until("43")).startswith('43456[{"ok":true,')


@pytest.mark.parametrize("packet", ["452-" + BINARY, "452-789" + BINARY], ids=["event", "with ack"])
async def test_message_with_binary_attachments_is_a_deviation(alice: ClientConnection, packet: str):
    """message / should send a packet with binary attachments (and an ack): the end of it"""
    await alice.send(packet)
    assert await closed(alice) == 1008


@pytest.mark.parametrize("packet", ["452-" + BINARY, "452-789" + BINARY], ids=["event", "with ack"])
async def test_message_polling_with_binary_attachments_is_a_deviation(polled: Polling, packet: str):
    """message / should send a packet with binary attachments (and an ack): over polling"""
    assert await polled.post(packet, "bAQID", "bBAUG") == 400
    with pytest.raises(Ended):
        await polled.until("never")


async def test_message_should_close_upon_an_unknown_packet_type(alice: ClientConnection):
    """message / should close the connection upon invalid format (unknown packet type)"""
    await alice.send("4abc")
    assert await closed(alice) == 1008


async def test_message_should_close_upon_an_invalid_payload_format(alice: ClientConnection):
    """message / should close the connection upon invalid format (invalid payload format)"""
    await alice.send("42{}")
    assert await closed(alice) == 1008


async def test_message_should_close_upon_an_invalid_ack_id(alice: ClientConnection):
    """message / should close the connection upon invalid format (invalid ack id)"""
    await alice.send('42abc["message-with-ack",1,"2",{"3":[false]}]')
    assert await closed(alice) == 1008


@pytest.mark.parametrize("packet", ["4abc", "42{}", '42abc["message-with-ack",1]'])
async def test_message_polling_should_close_upon_invalid_format(polled: Polling, packet: str):
    """message / should close the connection upon invalid format: over polling"""
    assert await polled.post(packet) == 400
    with pytest.raises(Ended):
        await polled.until("never")
