"""A log that nobody reads: calls go on, memory has a bound, and what is lost is counted."""

import asyncio
import signal
import time

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families

from tests.protocol.sdp import ANSWER
from tests.support.client import Client
from tests.support.process import ServiceProcess, unread
from tests.support.service import token
from tests.support.waiting import PATIENCE_S, until

MEBIBYTE = 1024 * 1024
AT_ONCE = 500


async def dropped(service: ServiceProcess) -> int:
    """How many lines the node says it has lost."""
    url = f"http://127.0.0.1:{service.admin_port}/metrics"
    async with aiohttp.request("GET", url) as answer:
        text = await answer.text()
    (family,) = (
        one
        for one in text_string_to_metric_families(text)
        if one.name == "ringline_log_lines_dropped"
    )
    return int(family.samples[0].value)


async def test_calls_go_on():
    async with unread(log_level="debug", rate_limit_scale="100000") as service:
        alice, bob, carol = [
            await Client.join(service.port, token(user), user) for user in ("alice", "bob", "carol")
        ]
        call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        await bob.next("call:incoming")
        await bob.done("call:accept", {"callId": call["callId"]})
        await bob.done("call:answer", {"callId": call["callId"], "answer": ANSWER})
        before = psutil.Process(service.process.pid).memory_info().rss
        async with asyncio.timeout(PATIENCE_S):
            while not await dropped(service):
                for _ in range(AT_ONCE):  # a line for each
                    await carol.emit("auth:refresh", {"token": "none"})
                await carol.settle()
                await alice.done("call:signal", {"data": 1, "callId": call["callId"]})
                await bob.next("call:signal")
        assert psutil.Process(service.process.pid).memory_info().rss < before + 40 * MEBIBYTE
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        await until(lambda: service.process.returncode is not None, "its end")
        assert service.process.returncode == 0
        assert time.monotonic() - begun < 20
        for client in (alice, bob, carol):
            await client.close()
