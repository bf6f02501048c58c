"""Whole calls of the stock client through nginx and HAProxy, on every transport."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.proxies.fronts import Front, Name, Way, front
from tests.support.node_client import POLLING, UPGRADE, WEBSOCKET, NodeClient, node_client
from tests.support.service import running, token

pytestmark = pytest.mark.e2e

proxies = pytest.mark.parametrize("name", ["nginx", "haproxy"])
OFFER = {"type": "offer", "sdp": "v=0"}
ANSWER = {"type": "answer", "sdp": "v=0"}


def candidate(number: int) -> dict[str, object]:
    return {"candidate": f"candidate:{number} 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}


@proxies
@pytest.mark.parametrize(
    "transports", [POLLING, WEBSOCKET, UPGRADE], ids=["polling", "websocket", "upgrade"]
)
@pytest.mark.parametrize("way", ["defaults", "prefix", "tls"])
async def test_a_whole_call(tmp_path: Path, name: Name, transports: Sequence[str], way: Way):
    async with (
        running(trusted_proxies=("127.0.0.1",)) as service,
        front(name, service.port, tmp_path, way) as proxy,
        node_client("client.mjs", **through(proxy, "alice", transports)) as alice,
        node_client("client.mjs", **through(proxy, "bob", transports)) as bob,
    ):
        for client, user in ((alice, "alice"), (bob, "bob")):
            await client.next("connect")
            if transports == UPGRADE:
                assert await client.next("upgrade") == "websocket"
            assert (await client.request("user:join", {"userId": user}))["ok"]
        await talked(alice, bob)
        for client in (alice, bob):
            assert client.reports("error", "disconnect", "connect_error") == []


def through(proxy: Front, user: str, transports: Sequence[str]) -> dict[str, Any]:
    return {
        "url": proxy.url, "path": proxy.path, "trusted": proxy.authority,
        "token": token(user), "transports": transports,
    }  # fmt: skip


async def talked(alice: NodeClient, bob: NodeClient) -> None:
    """A call from the initiate to its end, with an offer, an answer and candidates of both."""
    placed = await alice.request("call:initiate", {"to": "bob", "callType": "video"})
    call_id = placed["callId"]
    assert (await bob.next("call:incoming"))["callId"] == call_id
    assert (await bob.request("call:accept", {"callId": call_id, "from": "alice"}))["ok"]
    assert (await alice.next("call:accepted"))["by"] == "bob"
    await alice.do("emit", event="call:offer", payload={"to": "bob", "offer": OFFER})
    assert (await bob.next("call:offer"))["offer"] == OFFER
    await bob.do("emit", event="call:answer", payload={"to": "alice", "answer": ANSWER})
    assert (await alice.next("call:answer"))["answer"] == ANSWER
    for here, there, to in ((alice, bob, "bob"), (bob, alice, "alice")):
        many = [{"to": to, "candidate": candidate(number)} for number in range(20)]
        await here.do("burst", event="ice:candidate", payloads=many)
        for sent in many:
            assert (await there.next("ice:candidate"))["candidate"] == sent["candidate"]
    assert (await alice.request("call:end", {"callId": call_id}))["ok"]
    assert (await bob.next("call:ended"))["reason"] == "completed"
