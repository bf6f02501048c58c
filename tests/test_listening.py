"""Where a node listens: on every address of every host, or one sentence says which cannot be."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from service.transport.server.listeners import Unlistenable, listening, shown
from tests.support.client import Client
from tests.support.logged import logged
from tests.support.network import Network, inside
from tests.support.network import network as own_network
from tests.support.process import started
from tests.support.service import SECRET, running, token
from tests.support.waiting import PATIENCE_S

needs_ipv6 = pytest.mark.skipif(
    not socket.has_dualstack_ipv6(), reason="this machine has no IPv6; run where it has"
)


async def refusal(folder, **settings: str) -> str:
    """What a service that cannot start says, and that this is all it says."""
    running = await started(folder, jwt_secret=SECRET, **settings)
    try:
        async with asyncio.timeout(PATIENCE_S):
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


async def reached(port: int, *hosts: str) -> list[str]:
    """At which of these addresses a service answers."""
    answering = []
    async with aiohttp.ClientSession() as http:
        for host in hosts:
            try:
                async with http.get(f"http://{host}:{port}/openapi.json") as answer:
                    assert answer.status == 200
                    answering.append(host)
            except aiohttp.ClientConnectionError:
                continue
    return answering


LOOPBACKS = ("127.0.0.1", "127.0.0.2", "[::1]")


@needs_ipv6
@pytest.mark.parametrize(
    ("hosts", "served"),
    [
        (("*",), LOOPBACKS),
        (("::",), LOOPBACKS),
        (("0.0.0.0",), ("127.0.0.1", "127.0.0.2")),
        (("0.0.0.0", "::1"), LOOPBACKS),
        (("127.0.0.2",), ("127.0.0.2",)),
        (("127.0.0.1", "127.0.0.2"), ("127.0.0.1", "127.0.0.2")),
        (("127.0.0.2", "::1"), ("127.0.0.2", "[::1]")),
        (("127.0.0.1", "127.0.0.1", "*", "localhost"), LOOPBACKS),
    ],
    ids=",".join,
)
async def test_it_serves_at_what_is_named_and_nowhere_else(
    hosts: tuple[str, ...], served: tuple[str, ...]
):
    async with running(host=hosts) as service:
        assert await reached(service.port, *LOOPBACKS) == list(served)


@needs_ipv6
async def test_a_client_of_ipv4_has_an_address_of_ipv4():
    with logged() as lines:
        async with running(host="*", trusted_proxies=("127.0.0.0/8",)) as service:
            await (await Client.join(service.port, token("alice"), "alice")).close()
            behind = {"X-Forwarded-For": "198.51.100.7"}
            bob = await Client.connect(service.port, token("bob"), additional_headers=behind)
            await bob.close()
    clients = [line["client"] for line in lines.all() if line["event"] == "socket.connected"]
    assert clients == ["127.0.0.0/24", "198.51.100.0/24"]


async def test_a_name_is_all_of_its_addresses():
    found = {at[0] for *_, at in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    with listening(("localhost",), 0, "PORT") as sockets:
        assert {one.getsockname()[0] for one in sockets} == found


def test_a_free_port_is_free_at_all_addresses():
    """Half of the ports are taken at the second address, so that a first try will often fail."""
    taken = []
    for _ in range(5):
        with listening(("127.0.0.1", "127.0.0.2", "127.0.0.3"), 0, "PORT") as sockets:
            (port,) = {one.getsockname()[1] for one in sockets}
            assert [shown(one) for one in sockets] == [f"127.0.0.{n}:{port}" for n in (1, 2, 3)]
            taken.append(port)


@pytest.mark.parametrize("port_is_named", [True, False])
def test_which_address_is_the_wrong_one_is_told(port_is_named: bool):  # noqa: FBT001
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        hosts = ("127.0.0.1", "127.0.0.2") if port_is_named else ("127.0.0.1", "203.0.113.7")
        with (
            pytest.raises(Unlistenable) as refused,
            listening(hosts, port if port_is_named else 0, "PORT"),
        ):
            pass
    assert str(refused.value) == (
        f"RINGLINE_PORT={port} on 127.0.0.2 cannot be opened (Address already in use); "
        "set RINGLINE_PORT to a free port."
        if port_is_named
        else "RINGLINE_PORT=0 on 203.0.113.7 cannot be opened (Cannot assign requested address); "
        "set RINGLINE_HOST to an address of this machine."
    )


async def test_a_process_says_where_it_listens(tmp_path: Path):
    process = await started(tmp_path, jwt_secret=SECRET, host="127.0.0.1, 127.0.0.2")
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while (line := json.loads(await process.stderr.readline()))["event"] != "node.ready":
                pass
    finally:
        process.kill()
        await process.wait()
    assert line["addresses"] == [f"127.0.0.{n}:{line['port']}" for n in (1, 2)]
    assert line["admin_addresses"] == [f"127.0.0.{n}:{line['admin_port']}" for n in (1, 2)]


@pytest.fixture
def network() -> Iterator[Network]:
    """One where IPv6 is off, as many machines have it."""
    with own_network() as made:
        made.call(Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text, "1")
        yield made


@inside
async def test_without_ipv6_the_rest_is_served(network: Network):
    for hosts in (("*",), ("::",), ("localhost",)):
        async with running(host=hosts) as service:
            assert await reached(service.port, "127.0.0.1") == ["127.0.0.1"]
    with pytest.raises(Unlistenable, match=r"on ::1 cannot be opened .* set RINGLINE_HOST to an"):
        async with running(host="::1"):
            pass
