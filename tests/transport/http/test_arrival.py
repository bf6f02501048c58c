"""What TCP tells of an answer that was written to a client which hung up."""

import asyncio
import struct
from collections.abc import AsyncIterator
from socket import SO_LINGER, SOL_SOCKET

import pytest

from service.transport.http.arrival import Arrival
from tests.security.surroundings import eventually

ANSWER = b"x" * 50


class Answering(asyncio.Protocol):
    """Answers when it is told to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.arrival = Arrival(transport)
        self.lost = 0
        self.ended = False

    def answer(self) -> None:
        self.arrival.follow(self.is_lost)
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(ANSWER)

    def is_lost(self) -> None:
        self.lost += 1

    def eof_received(self) -> None:
        self.arrival.ended()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.arrival.ended()
        self.ended = True


class Client:
    """One end, and the other as the service has it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Answering
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.served = served


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made: list[Answering] = []

    def make() -> Answering:
        made.append(Answering())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await eventually(lambda: bool(made))
    yield Client(reader, writer, made[0])
    writer.close()
    server.close()


async def test_what_was_read_has_arrived(client: Client):
    client.served.answer()
    assert await client.reader.readexactly(len(ANSWER)) == ANSWER
    assert client.served.arrival.unread() == 0
    client.writer.close()
    await eventually(lambda: client.served.ended)
    assert client.served.lost == 0


async def test_what_is_written_after_the_hang_up_is_lost_once(client: Client):
    client.writer.transport.abort()
    await asyncio.sleep(0)
    client.served.answer()
    await eventually(lambda: client.served.ended)
    assert client.served.lost == 1
    assert client.served.arrival.over


async def test_a_reset_by_itself_loses_nothing(client: Client):
    """Proxies reset connections, the answers to which they have passed on."""
    client.served.answer()
    assert await client.reader.readexactly(len(ANSWER)) == ANSWER
    raw = client.writer.get_extra_info("socket")
    raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()
    await eventually(lambda: client.served.ended)
    assert client.served.lost == 0


async def test_what_the_next_request_shows_to_have_been_read_is_not_lost(client: Client):
    arrival = client.served.arrival
    arrival.follow(client.served.is_lost)
    arrival.asked_again()
    arrival.ended()
    assert client.served.lost == 0


async def test_what_is_followed_no_more_is_not_told(client: Client):
    arrival = client.served.arrival
    arrival.follow(client.served.is_lost).forget()
    arrival.ended()
    assert client.served.lost == 0


async def test_an_answer_to_somebody_else_is_not_forgotten(client: Client):
    arrival = client.served.arrival
    before = arrival.follow(lambda: None)
    arrival.asked_again()
    client.writer.transport.abort()
    await asyncio.sleep(0)
    client.served.answer()
    before.forget()
    await eventually(lambda: client.served.ended)
    assert client.served.lost == 1
