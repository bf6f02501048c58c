"""Connections that a proxy keeps and uses again, after pauses as long as uvicorn's own default."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from tests.proxies.fronts import Name, front
from tests.support.polling import Polling
from tests.support.service import running, token

pytestmark = pytest.mark.e2e

SESSIONS = 20
POLLS = 25
"""Of each session in each of four rounds: 2,000 in all."""
PAUSES_S = (4.95, 4.9, 6.0)
"""Before each further round. All sessions go on within a tenth of a second from then on, so that
some requests would come in the very moment in which a connection idle for 5 s is closed."""
SPREAD_S = 0.1


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
async def test_of_2000_polls_through_a_pool_none_is_a_502(tmp_path: Path, name: Name):
    async with (
        running(trusted_proxies=("127.0.0.1",)) as service,
        front(name, service.port, tmp_path) as proxy,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        polls = await asyncio.gather(*(polled(http, proxy.port, n) for n in range(SESSIONS)))
    assert sum(polls) >= 2_000


async def polled(http: aiohttp.ClientSession, port: int, number: int) -> int:
    """Ask and poll for the answer, pause, and so on; how many polls that took."""
    user = f"user-{number}"
    session = await Polling.handshake(http, port)
    await session.join(token(user), user)
    polls = 0
    for pause in (0, *PAUSES_S):
        await asyncio.sleep(pause + SPREAD_S * number / SESSIONS if pause else 0)
        for _ in range(POLLS):
            question = json.dumps(["user:status", {"userId": user}])
            assert await session.post("42" + question) == 200
            while not any("user:status" in packet for packet in await answered(session)):
                polls += 1
            polls += 1
    await session.post("1")
    return polls


async def answered(session: Polling) -> list[str]:
    """What a poll brings; a heartbeat is answered."""
    packets = await session.poll()
    if "2" in packets:
        assert await session.post("3") == 200
    return packets
