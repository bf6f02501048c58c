"""A call that is answered, event by event, in the order that docs/protocol.md promises."""

from tests.support.service import TestService

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\n"}
CANDIDATE = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0"}


async def test_the_whole_call(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.call(alice, bob)

    accepted = await bob.request("call:accept", {"callId": call_id, "from": "alice"})
    assert accepted == {"ok": True, "callId": call_id, "by": "bob"}
    assert await alice.next("call:accepted") == {"callId": call_id, "by": "bob"}

    await alice.emit("call:offer", {"offer": OFFER, "to": "bob", "from": "mallory"})
    assert await bob.next("call:offer") == {
        "offer": OFFER,
        "from": "alice",
        "callId": call_id,
        "callType": "video",
    }
    await bob.emit("call:answer", {"answer": ANSWER, "to": "alice"})
    assert await alice.next("call:answer") == {"answer": ANSWER, "from": "bob", "callId": call_id}
    await bob.emit("ice:candidate", {"candidate": CANDIDATE, "to": "alice", "callId": call_id})
    told = await alice.next("ice:candidate")
    assert told == {"candidate": CANDIDATE, "from": "bob", "callId": call_id}

    ended = await alice.request("call:end", {"callId": call_id})
    assert ended["ok"]
    assert (ended["reason"], ended["by"]) == ("completed", "alice")
    for client in (alice, bob):
        assert (await client.next("call:ended"))["reason"] == "completed"
    assert alice.events() == [
        "user:joined", "ack", "call:initiated", "call:ringing", "call:accepted",
        "call:answer", "ice:candidate", "ack", "call:ended",
    ]  # fmt: skip
    assert bob.events() == [
        "user:joined", "call:incoming", "ack", "call:accepted", "call:offer", "call:ended",
    ]  # fmt: skip


async def test_every_table_is_empty_when_everybody_has_gone(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await alice.request("user:watch", {"userIds": ["bob"]})
    call_id = await service.accepted(alice, bob)
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob", "callId": call_id})
    await bob.next("call:offer")
    await service.close_clients()
    await service.node.connections.emptied()
    assert {name: len(table) for name, table in service.node.tables.items() if len(table)} == {}
    assert service.calls.live() == ()
