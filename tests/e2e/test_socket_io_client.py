"""What socket.io-client does by itself: callbacks, staying away, coming back, bursts."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from service.cli.dev.ports import reserved
from service.sessions.directory import Directory
from service.sessions.liveness import SILENT_S
from tests.support.node_client import POLLING, UPGRADE, WEBSOCKET, NodeClient, node_client
from tests.support.service import TestService, running, token
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

each_way = pytest.mark.parametrize(
    "transports", [WEBSOCKET, UPGRADE, POLLING], ids=["websocket", "upgrade", "polling"]
)


async def joined(client: NodeClient, user: str) -> None:
    """Wait for the connection and make it a session."""
    await client.next("connect")
    answer = await client.request("user:join", {"userId": user})
    assert answer["ok"], answer
    await client.next("user:joined")


@each_way
async def test_callbacks(service: TestService, transports: Sequence[str]):
    bob = await service.join("bob")
    async with node_client(
        "client.mjs", url=service.url, token=token("alice"), transports=transports
    ) as alice:
        await joined(alice, "alice")

        placed = await alice.request("call:initiate", {"to": "bob", "callType": "audio"})
        initiated = await alice.next("call:initiated")
        assert placed == {"ok": True, **initiated}
        assert alice.reports("ack", "call:initiated")[-2:] == ["ack", "call:initiated"]

        answer = await bob.request("call:accept", {"callId": placed["callId"], "from": "alice"})
        assert answer["ok"]
        assert (await alice.next("call:accepted"))["by"] == "bob"
        assert await alice.request("call:end", {"callId": placed["callId"]}) == {
            "ok": True,
            **await alice.next("call:ended"),
        }

        failed = await alice.request("call:signal", {"callId": placed["callId"], "data": {}})
        assert not failed["ok"]
        assert failed["error"]["code"] == "call_ended"
        assert failed["error"]["event"] == "call:signal"
        assert alice.reports("error") == []


@each_way
@pytest.mark.parametrize(
    ("bearer", "code"),
    [("not a token", "unauthenticated"), (token("alice", lifetime=-60), "token_expired")],
    ids=["forged", "expired"],
)
async def test_refused_it_stays_away(
    service: TestService, transports: Sequence[str], bearer: str, code: str
):
    async with node_client(
        "client.mjs", url=service.url, token=bearer, transports=transports
    ) as client:
        refusal = await client.next("connect_error")
        assert refusal["data"] == {"code": code, "retryable": False}
        assert refusal["message"].endswith(".")
        assert refusal["active"] is False

        await until(lambda: not len(service.node.engine), "the connection to be gone")
        with pytest.raises(AssertionError, match="waited 1"):  # twenty times its delay
            await client.next("connect_error", timeout=1)
        assert client.reports("auth", "connect", "connect_error") == ["auth", "connect_error"]
        assert not len(service.node.engine)


@each_way
async def test_its_token_spent_it_comes_back_with_a_fresh_one(
    service: TestService, transports: Sequence[str]
):
    spent, fresh = token("alice", lifetime=120), token("alice", lifetime=7200)
    async with node_client(
        "client.mjs", url=service.url, token=spent, transports=transports
    ) as client:
        assert await client.next("auth") == spent
        await joined(client, "alice")
        if transports == UPGRADE:
            await until(lambda: upgraded(service), "the upgrade")
        await client.do("renew", token=fresh)
        await service.advance(140)

        if transports != POLLING:  # between two polls there is nobody to tell
            assert (await client.next("error"))["code"] == "token_expired"
        lost = await client.next("disconnect")
        assert lost["active"], lost
        assert await client.next("auth") == fresh
        await joined(client, "alice")
        status = await client.request("user:status", {"userId": "alice"})
        assert status["isOnline"]
        assert client.reports("auth", "connect") == ["auth", "connect"] * 2


def upgraded(service: TestService) -> bool:
    """Whether every connection of the service is a WebSocket by now."""
    return all(socket.upgraded for socket in service.node.engine.eio.sockets.values())


@each_way
async def test_it_comes_back_by_itself_when_the_server_restarts(transports: Sequence[str]):
    # Below the ports that the kernel gives away, so that it is still free in between.
    with reserved("127.0.0.1", 21_000) as port:
        async with AsyncExitStack() as clients:
            async with running(port=port) as service:
                client = await clients.enter_async_context(
                    node_client(
                        "client.mjs", url=service.url, token=token("alice"), transports=transports
                    )
                )
                await joined(client, "alice")
            assert (await client.next("disconnect"))["active"]
            assert (await client.next("connect_error"))["active"]
            async with running(port=port) as service:
                await joined(client, "alice")
                bob = await service.join("bob")
                status = await bob.request("user:status", {"userId": "alice"})
                assert status["isOnline"]


def candidate(number: int) -> dict[str, object]:
    """One of a length that browsers send."""
    return {
        "candidate": f"candidate:{number} 1 udp 41885439 192.0.2.1 {number + 1024} typ relay "
        "raddr 198.51.100.7 rport 50000 generation 0 ufrag aBcD network-cost 999",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
        "usernameFragment": "aBcD",
    }


@pytest.mark.parametrize("transports", [POLLING, WEBSOCKET], ids=["polling", "websocket"])
async def test_a_burst_of_candidates_arrives_whole_and_in_order(transports: Sequence[str]):
    burst = [{"to": "bob", "candidate": candidate(number)} for number in range(300)]
    async with (
        running(rate_limit_scale=10) as service,
        node_client(
            "client.mjs", url=service.url, token=token("alice"), transports=transports
        ) as alice,
        node_client(
            "client.mjs", url=service.url, token=token("bob"), transports=transports
        ) as bob,
    ):
        await asyncio.gather(joined(alice, "alice"), joined(bob, "bob"))
        placed = await alice.request("call:initiate", {"to": "bob", "callType": "video"})
        call_id = placed["callId"]
        assert (await bob.request("call:accept", {"callId": call_id, "from": "alice"}))["ok"]
        await alice.next("call:accepted")

        await alice.do("burst", event="ice:candidate", payloads=burst)
        for sent in burst:
            heard = await bob.next("ice:candidate")
            assert heard["candidate"] == sent["candidate"]
        assert (await alice.request("call:end", {"callId": call_id}))["ok"]
        assert alice.reports("error", "disconnect") == []


@each_way
async def test_it_answers_pings_out_of_turn(service: TestService, transports: Sequence[str]):
    async with node_client(
        "client.mjs", url=service.url, token=token("alice"), transports=transports
    ) as client:
        await joined(client, "alice")
        if transports == UPGRADE:
            await until(lambda: upgraded(service), "the upgrade")
        for _ in range(3):
            await until(lambda: silent(service), "silence")
            tab = await service.join("alice")
            await client.next("heartbeat")
            await tab.close()
        assert (await client.request("user:status", {"userId": "alice"}))["isOnline"]
        assert client.reports("connect", "disconnect") == ["connect"]


@each_way
async def test_it_stays_away_when_an_eleventh_session_takes_its_place(
    service: TestService, transports: Sequence[str]
):
    async with node_client(
        "client.mjs", url=service.url, token=token("alice"), transports=transports
    ) as client:
        await joined(client, "alice")
        others = [await service.join("alice") for _ in range(9)]
        for other in others:
            await other.settle()
        await service.join("alice")
        assert (await client.next("error"))["code"] == "too_many_sessions"
        lost = await client.next("disconnect")
        assert lost == {"reason": "io server disconnect", "active": False}
        with pytest.raises(AssertionError, match="waited 1"):  # five times its longest delay
            await client.next("connect", timeout=1)
        assert len(service.node.tables["sessions"]) == 10


def silent(service: TestService) -> bool:
    """Whether every session has been silent for more than a second."""
    sessions = service.node.tables["sessions"]
    assert isinstance(sessions, Directory)
    return all(session.pulse.silent_s > SILENT_S for session in sessions)
