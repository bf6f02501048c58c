"""What must be true once all have come back and heard all there is to hear."""

from itertools import permutations

from service.calls.call import Call
from tests.resuming.knowledge import Known
from tests.resuming.party import Party
from tests.support.service import TestService

_OF_ONE_DEVICE = {"answered_elsewhere", "rejected_elsewhere", "moved", "unknown", None}
"""Ends that say nothing of the call."""


async def compare(services: list[TestService], parties: list[Party]) -> None:
    """Each device knows what the store has of its calls; what was relayed came as it should."""
    store = services[0].calls
    live = store.live()
    for party in parties:
        _knows(party, live)
        assert not party.knowledge.stale, f"{party.name} heard {party.knowledge.stale}"
    for call_id in {call_id for party in parties for call_id in party.knowledge.calls}:
        known = [party.knowledge.calls.get(call_id, Known()) for party in parties]
        ends = {str(one.over) for one in known if one.over not in _OF_ONE_DEVICE}
        stored = await store.load(call_id)
        assert len(ends) <= 1, f"{call_id} ended as {ends}"
        assert not ends or stored is None or ends == {str(stored.reason)}, (ends, stored)
    _relayed_once_and_in_order(parties)


def _knows(party: Party, live: tuple[Call, ...]) -> None:
    user, session = party.device.user, party.session
    own = [call for call in live if call.binds(session)]
    rings = [call for call in live if call.unaccepted and call.callee == user]
    truth = {call.id for call in (*own, *rings)}
    assert party.live == truth, f"{party.name} knows {party.knowledge.calls}, but there is {truth}"
    for call in own:
        known = party.knowledge.calls[call.id]
        assert (known.accepted, known.generation) == (not call.unaccepted, call.generation), call


def _relayed_once_and_in_order(parties: list[Party]) -> None:
    for sender in parties:
        everywhere = []
        for receiver in parties:
            heard = receiver.heard_from(sender)
            assert heard == sorted(heard), (
                f"{sender.name} to {receiver.name}, out of order: {heard}"
            )
            everywhere += heard
        assert len(everywhere) == len({*everywhere}), f"twice, of {sender.name}: {everywhere}"


def nothing_lost(services: list[TestService], parties: list[Party]) -> None:
    """What was taken for the present RTCPeerConnections has reached the other side."""
    for call in services[0].calls.live():
        bound = [party for party in parties if call.binds(party.session)]
        for sender, receiver in permutations(bound, 2):
            missing = sender.taken(call.id, call.generation) - {*receiver.heard_from(sender)}
            assert not missing, f"{missing} of {sender.name} in {call.id} were lost"
