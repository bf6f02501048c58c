"""TCP connections: how long they may be silent, slow or idle, how many there may be, their end."""

import asyncio
import json
import ssl
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import trustme
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus

from service.app import serving
from service.settings import Settings
from service.transport.guard.unjoined import Unjoined
from service.transport.server.http1 import BoundedHttp
from service.transport.server.request_parser import WITHIN_S
from tests.security.surroundings import eventually, refused_for
from tests.support.polling import Polling
from tests.support.raw import GET, Raw, raw
from tests.support.service import SECRET, TestService, running, token

UPLOAD = b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes long has a fifth of a second."""
    for module in ("http1", "request_parser", "server"):
        monkeypatch.setattr(f"service.transport.server.{module}.WITHIN_S", 0.2)


async def test_who_never_sends_a_request_is_closed_within_ten_seconds(service: TestService):
    start = time.monotonic()
    async with raw(service.port) as public, raw(service.admin_port) as private:
        assert not any(await asyncio.gather(public.rest(), private.rest()))
    assert WITHIN_S == 10
    assert WITHIN_S - 1 < time.monotonic() - start < WITHIN_S + 5


@pytest.mark.parametrize("earlier", [b"", GET], ids=["first", "later"])
@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_is_never_whole_is_408(
    service: TestService, hasty: None, earlier: bytes, start: bytes
):
    async with raw(service.port) as connection:
        if earlier:
            await connection.send(earlier)
            assert (await connection.answer())[0] == 200
        await connection.send(start)
        status, headers, _ = await connection.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert await connection.rest() == b""


async def test_a_head_that_comes_byte_by_byte_has_no_longer(service: TestService, hasty: None):
    async with raw(service.port) as connection:
        answer = asyncio.create_task(connection.answer())
        for byte in b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 2_000:
            await connection.send(bytes([byte]))
            await asyncio.wait({answer}, timeout=0.01)
            if answer.done():
                break
        assert (await answer)[0] == 408


async def test_a_line_break_starts_the_clock_as_well(service: TestService, hasty: None):
    async with raw(service.port) as connection:
        await connection.send(GET)
        assert (await connection.answer())[0] == 200
        await connection.send(b"\r\n")
        assert (await connection.answer())[0] == 408


async def test_who_is_answered_may_not_go_on_sending_that_request(
    service: TestService, hasty: None
):
    async with raw(service.port) as connection:
        await connection.send(UPLOAD.replace(b"60000", b"900000"))
        assert (await connection.answer())[0] == 413
        await connection.send(b"x" * 1000)
        assert await connection.rest() == b""


async def test_a_body_that_ends_behind_the_answer_leaves_the_connection_usable(
    service: TestService, hasty: None
):
    async with raw(service.port) as connection:
        await connection.send(GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n"))
        assert (await connection.answer())[0] == 200
        await connection.send(b"x" * 9)
        await asyncio.sleep(0.5)  # beyond what an unfinished one may take
        await connection.send(GET)
        assert (await connection.answer())[0] == 200


async def test_a_tls_handshake_that_never_ends_is_cut(tmp_path: Path, hasty: None):
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    settings = Settings(host=("127.0.0.1",), port=0, admin_port=0, jwt_secret=(SecretStr(SECRET),))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with serving(settings, tls=(str(chain), str(key))) as node:
        async with raw(node.port) as silent, raw(node.port) as slow:
            await slow.send(b"\x16\x03\x01")
            assert not any(await asyncio.gather(silent.rest(), slow.rest()))
        async with aiohttp.ClientSession() as http:
            url = f"https://127.0.0.1:{node.port}/openapi.json"
            async with http.get(url, ssl=context) as answer:
                assert answer.status == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=context)
        async with asyncio.timeout(20):
            assert await reader.read() == b""  # silent behind its handshake
        writer.close()


async def test_an_idle_connection_is_kept_as_long_as_the_setting_says():
    async with running(keep_alive=1) as service, raw(service.port) as connection:
        for pause in (0.0, 0.3, 0.6):
            await asyncio.sleep(pause)
            await connection.send(GET)
            assert (await connection.answer())[0] == 200
        start = time.monotonic()
        assert await connection.rest() == b""
        assert time.monotonic() - start > 0.5


async def test_by_default_it_outlives_the_idle_time_of_the_common_balancers():
    assert Settings(jwt_secret=(SecretStr(SECRET),)).keep_alive > 600


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_silent_connections_shut_nobody_out(transport: str, http: aiohttp.ClientSession):
    async with running(max_connections=2) as service, AsyncExitStack() as held:
        for _ in range(4):
            await held.enter_async_context(raw(service.port))
        await eventually(lambda: service.node.tcp.silent == 4)
        if transport == "websocket":
            await service.join("alice")
        else:
            polling = await Polling.handshake(http, service.port)
            await polling.join(token("alice"), "alice")
        await service.join("bob")
        with pytest.raises(InvalidStatus):
            await service.open()
        await eventually(lambda: service.node.tcp.silent <= 1)


async def test_of_too_many_silent_connections_of_an_address_the_oldest_give_way():
    async with running() as service, AsyncExitStack() as held:
        service.node.tcp._silent = Unjoined(2)
        asked = await held.enter_async_context(raw(service.port))
        await answered(asked)
        half, silent = [await held.enter_async_context(raw(service.port)) for _ in range(2)]
        await half.send(GET[:-2])
        for number, oldest in enumerate((half, silent), start=1):
            await held.enter_async_context(raw(service.port))
            assert await oldest.rest() == b""
            assert refused_for(service, "overloaded") == number
        await answered(asked)


def halves(service: TestService) -> int:
    """How many have sent a part of their first request, if all have."""
    http = [one for one in service.node.tcp._http if isinstance(one, BoundedHttp)]
    begun = [one for one in http if not (one.asked or one._idle())]
    return len(begun) if len(begun) == len(http) else 0


async def test_halves_of_a_first_request_count_among_clients(http: aiohttp.ClientSession):
    async with running(max_connections=2) as service:
        polled = f"{service.url}/socket.io/?EIO=4&transport=polling"
        async with raw(service.port) as half, raw(service.port) as other:
            await half.send(GET[:-2])
            await other.send(GET[:-2])
            await eventually(lambda: halves(service) == 2)
            with pytest.raises(InvalidStatus) as refused:
                await service.open()
            assert refused.value.response.status_code == 503
            async with http.get(polled) as answer:
                assert answer.status == 503
            await half.send(GET[-2:])
            assert (await half.answer())[0] == 200
            async with http.get(polled) as answer:
                assert answer.status == 200
        await eventually(lambda: service.node.tcp.silent == 0)
        await service.open()


async def test_beyond_two_connections_a_client_a_newcomer_is_told_so():
    async with running(max_connections=2) as service, AsyncExitStack() as held:
        for _ in range(4):
            await (await held.enter_async_context(raw(service.port))).send(GET[:-2])
        await eventually(lambda: halves(service) == 4)
        async with raw(service.port) as newcomer:
            status, headers, _ = await newcomer.answer()
            assert (status, headers["retry-after"]) == (503, "5")
            assert await newcomer.rest() == b""
        async with raw(service.admin_port) as probe:
            await probe.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await probe.answer())[0] == 200


async def test_a_newcomer_takes_the_place_of_the_one_that_has_been_idle_for_longest():
    async with running(max_connections=2) as service, AsyncExitStack() as held:
        other, asking, longest, later = [
            await held.enter_async_context(raw(service.port)) for _ in range(4)
        ]
        await asking.send(GET[:-2])
        await other.send(GET[:-2])
        await answered(longest)
        await answered(later)
        async with raw(service.port) as newcomer:
            await answered(newcomer)
            assert await longest.rest() == b""
            await answered(later)  # which makes the newcomer the longest
            async with raw(service.port) as another:
                await answered(another)
                assert await newcomer.rest() == b""
                await answered(later)
                await asking.send(GET[-2:])
                assert (await asking.answer())[0] == 200
                await other.send(GET[-2:])
                assert (await other.answer())[0] == 200


async def answered(connection: Raw) -> None:
    """Ask, and be answered."""
    await connection.send(GET)
    assert (await connection.answer())[0] == 200


async def test_a_newcomer_is_let_in_again_when_others_have_gone():
    async with running(max_connections=1) as service:
        async with raw(service.port) as first, raw(service.port) as second:
            await first.send(GET[:-2])
            await second.send(GET[:-2])
            await eventually(lambda: halves(service) == 2)
            async with raw(service.port) as third:
                assert (await third.answer())[0] == 503
        await eventually(lambda: not service.node.tcp._http)
        async with raw(service.port) as third:
            await third.send(GET)
            assert (await third.answer())[0] == 200


async def test_a_draining_node_closes_connections_behind_what_is_asked():
    async with running() as service:
        async with (
            raw(service.port) as idle,
            raw(service.port) as asking,
            raw(service.port) as late,
            aiohttp.ClientSession() as http,
        ):
            alice = await Polling.handshake(http, service.port)
            for connection in (idle, asking, late):
                await connection.send(GET)
                assert (await connection.answer())[0] == 200
            poll = f"GET /socket.io/?EIO=4&transport=polling&sid={alice.sid} HTTP/1.1\r\n"
            await asking.send(poll.encode() + b"Host: x\r\n\r\n")
            await late.send(GET[:20])
            await asyncio.sleep(0.1)
            service.node.drain()

            assert await idle.rest() == b""
            assert await alice.post("40" + json.dumps({"token": token("alice")})) == 200
            assert b"connection: close\r\n" in await asking.rest()
            await late.send(GET[20:])
            status, headers, _ = await late.answer()
            assert (status, headers["connection"]) == (200, "close")
        async with raw(service.port) as newcomer:
            await newcomer.send(GET)
            status, headers, _ = await newcomer.answer()
            assert (status, headers["connection"]) == (200, "close")
