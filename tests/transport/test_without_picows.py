"""Where picows is not installed, uvicorn's own WebSockets stand in, and the log says so."""

import subprocess
import sys

SERVE_A_CALL = """
import asyncio, sys
sys.modules["picows"] = None  # as if it were not installed
from tests.support.service import running
from service.transport.frames import Frames

async def main():
    async with running(websockets="picows") as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        await service.accepted(alice, bob)
        sockets = service.node.engine.eio.sockets.values()
        assert all(isinstance(socket.frames, Frames) for socket in sockets)

asyncio.run(main())
"""


def test_the_service_runs_and_says_that_it_is_slower():
    done = subprocess.run(
        [sys.executable, "-c", SERVE_A_CALL],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "websockets.slow" in done.stdout
    assert "picows is not installed" in done.stdout
