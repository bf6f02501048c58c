"""Sessions that are lost, taken up again or given up while a store fails."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from service.stores.memory.calls import MemoryCalls
from service.stores.memory.sessions import MemorySessions
from tests.protocol.sdp import OFFER
from tests.resuming.stage import Stage
from tests.resuming.test_other_node import Stages, exchange
from tests.resuming.troubled import Trouble
from tests.signalling.two_nodes import two_nodes
from tests.support.link import Refused
from tests.support.service import alone, running
from tests.support.waiting import until


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
async def stage(trouble: Trouble) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running(alone(trouble.stores), call_waiting=True))
        yield Stage(service, stack)


async def nobody(stage: Stage, *others: str) -> None:
    """Wait until nothing is left of any session but those of `others`, in any table or store."""
    tables, sessions = stage.service.node.tables, stage.service.node.stores.sessions
    await until(lambda: len(tables["sessions"]) == len(others), "the sessions to be gone")
    await until(lambda: len(tables["users_online"]) == len(others), "the users to be gone")
    assert isinstance(sessions, MemorySessions)
    assert len(sessions) == len(others)
    assert len(stage.service.node.signalling.detached) == 0


@pytest.mark.parametrize("operation", ["users.engagements", "calls.swap"])
async def test_a_call_that_did_not_hear_of_a_loss_hears_of_it_later(
    stage: Stage, trouble: Trouble, operation: str
):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    await stage.connected(alice, bob)
    trouble.expect(operation)
    await stage.away(bob)
    await until(lambda: trouble.occurred(operation), "the trouble")
    await stage.service.advance(31)
    await alice.next("call:peer-reconnecting")
    await stage.service.advance(31)
    assert (await alice.next("call:ended"))["reason"] == "connection_lost"
    await stage.service.advance(2)
    await nobody(stage, "alice")


async def test_a_return_that_fails_is_a_loss(stage: Stage, trouble: Trouble):
    alice, bob, carol = [await stage.join(user) for user in ("alice", "bob", "carol")]
    await stage.connected(alice, bob)
    await stage.call(carol, bob)
    await stage.away(bob)
    await alice.next("call:peer-reconnecting")
    trouble.expect("calls.load")  # of the second call, when the first one has been told
    with pytest.raises(Refused) as refused:
        await bob.join()
    assert refused.value.error["code"] == "store_unavailable"
    await alice.next("call:peer-reconnected")
    await alice.next("call:peer-reconnecting")
    assert (await bob.join())["resumed"] == "replayed"
    await alice.next("call:peer-reconnected")


@pytest.mark.parametrize("operation", ["users.engagements", "users.remove", "sessions.remove"])
async def test_who_could_not_be_given_up_is_given_up_later(
    stage: Stage, trouble: Trouble, operation: str
):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    await stage.accepted(alice, bob)
    await stage.away(bob)
    await alice.next("call:peer-reconnecting")
    trouble.expect(operation)
    await stage.service.advance(31)
    await stage.service.advance(2)
    assert trouble.occurred(operation)
    assert (await alice.next("call:ended"))["reason"] in ("connection_lost", "connect_timeout")
    await nobody(stage, "alice")


@pytest.mark.parametrize("operation", ["users.remove", "sessions.remove"])
async def test_who_left_while_a_store_failed_has_left(
    stage: Stage, trouble: Trouble, operation: str
):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    trouble.expect(operation)
    await bob.leave()
    await until(lambda: trouble.occurred(operation), "the trouble")
    await stage.service.advance(2)
    await nobody(stage, "alice")
    refused = await alice.refusal("call:initiate", {"to": "bob", "callType": "audio"})
    assert refused["code"] == "user_unavailable"


@pytest.mark.parametrize("operation", ["users.add", "calls.swap"])
async def test_an_offer_is_made_anew_after_a_move_to_another_node_that_failed(
    trouble: Trouble, operation: str
):
    users, calls = trouble.stores.users, trouble.stores.calls
    assert isinstance(calls, MemoryCalls)
    async with two_nodes(trouble.stores) as nodes, AsyncExitStack() as stack:
        stages = Stages(nodes.network, nodes.one, nodes.two, stack)
        alice, bob = await stages.one.join("alice"), await stages.one.join("bob")
        call_id = await stages.call(alice, bob, "call")
        offer = {"callId": call_id, "offer": OFFER}
        await alice.done("call:offer", offer)  # which waits for the accept
        await stages.one.away(alice)
        await until(lambda: calls.live()[0].calling.away_at, "the call to hear of it")
        trouble.expect(operation)
        alice.proxy.target = stages.two.service.port
        with pytest.raises(Refused):
            await alice.join()
        joined = await alice.join()
        assert (joined["resumed"], joined["lastN"]) == ("snapshot", 0)
        assert [ref.node for ref in (await users.engagements("alice")).sessions] == ["two"]
        await alice.done("call:offer", offer)
        await bob.done("call:accept", {"callId": call_id})
        await exchange(alice, bob, call_id)
        assert [told["offer"] for told in bob.payloads("call:offer")] == [OFFER]
