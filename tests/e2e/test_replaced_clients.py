"""Clients of the replaced system work unchanged but for the token: with the real socket.io-client.

What they read is compared whole: an old field that were missing would fail here.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.node_client import POLLING, UPGRADE, WEBSOCKET, NodeClient, node_client
from tests.support.service import TestService, token
from tests.support.waiting import until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.parametrize(
        "transports", [WEBSOCKET, UPGRADE, POLLING], ids=["websocket", "upgrade", "polling"]
    ),
]


@asynccontextmanager
async def old_client(
    service: TestService, user: str, transports: Sequence[str]
) -> AsyncIterator[NodeClient]:
    """A client of the replaced system that has joined as `user`."""
    async with node_client(
        "replaced_client.mjs",
        url=service.url,
        token=token(user),
        transports=transports,
        user=user,
    ) as client:
        assert await client.next("open") == transports[0]
        joined = await client.next("user:joined")
        assert joined["userId"] == user
        assert isinstance(joined["socketId"], str)
        yield client


@asynccontextmanager
async def alice_and_bob(
    service: TestService, transports: Sequence[str]
) -> AsyncIterator[tuple[NodeClient, NodeClient]]:
    async with (
        old_client(service, "alice", transports) as alice,
        old_client(service, "bob", transports) as bob,
    ):
        yield alice, bob


async def rung(alice: NodeClient, bob: NodeClient, call_type: str) -> str:
    """Have Alice call Bob until his phone rings; gives the call's id."""
    await alice.do("call", to="bob", callType=call_type)
    initiated = await alice.next("call:initiated")
    call_id = initiated["callId"]
    assert initiated == {"callId": call_id, "to": "bob"}
    assert isinstance(call_id, str)
    incoming = await bob.next("call:incoming")
    assert incoming == {"from": "alice", "callType": call_type, "callId": call_id}
    return call_id


async def heard(client: NodeClient, event: str, kind: str, sender: str) -> dict[str, object]:
    """A description and all the candidates after it; gives what else came with the description."""
    told = await client.next(event)
    assert told.pop(kind) == {"type": kind, "sdp": f"v=0\r\no={sender} — ☎\r\n"}
    for number in range(5):
        candidate = f"candidate:{number} 1 udp 1 192.0.2.1 9 typ host"
        assert await client.next("ice:candidate") == {
            "candidate": {"candidate": candidate, "sdpMid": "0"},
            "from": sender,
        }
    return dict(told)


async def test_an_answered_call(service: TestService, transports: Sequence[str]):
    async with alice_and_bob(service, transports) as (alice, bob):
        call_id = await rung(alice, bob, "video")
        await bob.do("accept")
        for client in (alice, bob):
            assert await client.next("call:accepted") == {"callId": call_id, "by": "bob"}
        from_alice = await heard(bob, "call:offer", "offer", "alice")
        assert from_alice == {"from": "alice", "callType": "video"}
        assert await heard(alice, "call:answer", "answer", "bob") == {"from": "bob"}

        await alice.do("status", userId="bob")
        status = {"userId": "bob", "isOnline": True, "isInCall": True}
        assert await alice.next("user:status") == status

        await alice.do("end")
        for client in (alice, bob):
            assert await client.next("call:ended") == {"callId": call_id, "by": "alice"}
        if transports == UPGRADE:
            for client in (alice, bob):
                assert await client.next("upgrade") == "websocket"
        for client in (alice, bob):
            assert client.reports("error", "disconnect", "connect_error") == []
            assert await client.leave() == 0


async def test_a_rejected_call_and_then_one_the_other_way(
    service: TestService, transports: Sequence[str]
):
    async with alice_and_bob(service, transports) as (alice, bob):
        call_id = await rung(alice, bob, "audio")
        await bob.do("reject")
        for client in (alice, bob):
            assert await client.next("call:rejected") == {"callId": call_id, "by": "bob"}

        await bob.do("call", to="alice", callType="audio")
        again = await alice.next("call:incoming")
        assert (again["from"], again["callType"]) == ("bob", "audio")
        assert again["callId"] != call_id
        assert (await bob.next("call:initiated"))["callId"] == again[
            "callId"
        ]  # else he ends another
        await bob.do("end")
        for client in (alice, bob):
            ended = await client.next("call:ended")
            assert ended == {"callId": again["callId"], "by": "bob"}
            assert client.reports("call:ended", "error") == ["call:ended"]


async def test_who_is_there(service: TestService, transports: Sequence[str]):
    async with old_client(service, "alice", transports) as alice:
        await alice.do("status", userId="bob")
        absent = {"userId": "bob", "isOnline": False, "isInCall": False}
        assert await alice.next("user:status") == absent
        async with old_client(service, "bob", transports) as bob:
            await alice.do("status", userId="bob")
            assert await alice.next("user:status") == {**absent, "isOnline": True}
            assert await bob.leave() == 0
        await until(lambda: len(service.node.tables["users_online"]) == 1)
        await alice.do("status", userId="bob")
        assert await alice.next("user:status") == absent


async def test_a_call_to_nobody(service: TestService, transports: Sequence[str]):
    async with old_client(service, "alice", transports) as alice:
        await alice.do("call", to="nobody", callType="video")
        error = await alice.next("error")
        assert isinstance(error["message"], str)
        assert error["message"]
        assert alice.reports("call:initiated", "disconnect") == []


async def test_somebody_who_vanishes_ends_the_call(service: TestService, transports: Sequence[str]):
    async with alice_and_bob(service, transports) as (alice, bob):
        call_id = await rung(alice, bob, "video")
        await bob.do("accept")
        await alice.next("call:answer")
        assert await alice.leave() == 0
        assert (await bob.next("call:ended"))["callId"] == call_id
