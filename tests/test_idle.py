"""What an idle service costs, with everything on that a setting switches on."""

import time

import aiohttp
import psutil

from tests.support.process import process

MEBIBYTE = 2**20

EVERYTHING = {
    "turn_secret": "a-turn-secret-of-this-test",
    "turn_urls": "turn:127.0.0.1:9?transport=udp,turn:127.0.0.1:9?transport=tcp",
    "turn_probe": "true",
    "stun_urls": "stun:127.0.0.1:9",
    "call_waiting": "true",
}


async def test_ready_within_1_5_s_and_under_100_mib():
    """Of the time, what the machine's other work took is not counted."""
    began = time.monotonic()
    async with process(**EVERYTHING) as service:
        took = time.monotonic() - began
        idle = psutil.Process(service.process.pid)
        spent = idle.cpu_times()
        assert min(took, spent.user + spent.system) < 1.5
        address = f"http://127.0.0.1:{service.admin_port}"
        async with aiohttp.ClientSession() as client:
            for path in ("/readyz", "/metrics"):
                async with client.get(address + path) as answer:
                    assert answer.status == 200
        assert idle.memory_info().rss < 100 * MEBIBYTE
