"""A node does not start with a client event that nothing would handle."""

import pytest
from msgspec import Raw
from pydantic import SecretStr

from service.node import Node
from service.settings import Settings
from service.wire import client_events
from service.wire.client_events import ClientEvent, RelayEvent
from tests.support.service import SECRET

SETTINGS = Settings(jwt_secret=(SecretStr(SECRET),))


class CallNote(RelayEvent, frozen=True, kw_only=True):
    """An event to the other side that has no form there."""

    event = "call:note"
    note: Raw


class UserNote(ClientEvent, frozen=True, kw_only=True):
    """An event that has no use case."""

    event = "user:note"


@pytest.mark.parametrize("kind", [CallNote, UserNote])
def test_a_client_event_that_nothing_handles_is_refused_at_the_start(kind, monkeypatch):
    Node(SETTINGS)
    monkeypatch.setattr(client_events, "ALL", (*client_events.ALL, kind))
    with pytest.raises(TypeError, match=kind.event):
        Node(SETTINGS)
