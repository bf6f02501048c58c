"""What a node knows of the calls in which it has a part, by itself."""

from service.calls.events import Moving
from service.calls.machine import decide
from service.envelopes import Envelope
from service.session_ref import SessionRef
from service.sessions.directory import Directory
from service.signalling.call_routes import Routes
from tests.calls.situations import BOTH_RESUMABLE, CONNECTED, NOW, TIMEOUTS


class Nowhere:
    """A `ports.Delivery` between nodes of which there is one."""

    def send(self, to: SessionRef, envelope: Envelope) -> None:
        raise AssertionError(f"{envelope} for {to}")


def test_a_session_that_was_replaced_on_another_node_is_told_so():
    routes = Routes("n1", Directory(), Nowhere())
    call = CONNECTED._replace(**BOTH_RESUMABLE)
    routes.begin(call)
    moved = decide(call, Moving("alice", "a2", "n3", resumable=True, moves=0), NOW, TIMEOUTS).call
    assert routes.hears("a1", moved)
    assert not routes.hears("a9", moved)
