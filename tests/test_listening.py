"""A port or an address that cannot be listened on: one sentence, which setting, what to do."""

import asyncio
import socket

import pytest

from tests.support.process import started
from tests.support.service import SECRET


async def refusal(folder, **settings: str) -> str:
    """What a service that cannot start says, and that this is all it says."""
    running = await started(folder, jwt_secret=SECRET, **settings)
    try:
        async with asyncio.timeout(20):
            _, said = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode == 2
    (line,) = said.decode().splitlines()
    return line


@pytest.mark.parametrize("setting", ["PORT", "ADMIN_PORT"])
async def test_a_taken_port(tmp_path, setting):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await refusal(tmp_path, admin_host="127.0.0.1", **{setting.lower(): str(port)})
    assert said == (
        f"ringline: RINGLINE_{setting}={port} on 127.0.0.1 cannot be opened "
        f"(Address already in use); set RINGLINE_{setting} to a free port."
    )


@pytest.mark.parametrize("setting", ["HOST", "ADMIN_HOST"])
@pytest.mark.parametrize("host", ["203.0.113.7", "no.invalid"])
async def test_an_address_that_is_not_this_machine_s(tmp_path, setting, host):
    said = await refusal(tmp_path, **{setting.lower(): host})
    assert f" on {host} cannot be opened (" in said
    assert said.endswith(f"; set RINGLINE_{setting} to an address of this machine.")
