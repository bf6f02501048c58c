"""docs/protocol.md has every event, code, reason and route of the code, and no other.

Its examples are put through the service's own decoder, or compared with what it encodes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute

from service.errors import RinglineError
from service.transport.api.routes import router
from service.transport.http.problems import Unserved
from service.wire.decoding import EVENTS, decode
from service.wire.server_events import ServerEvent
from tests.docs.pages import ROOT, blocks, first_column, section, text_of

PAGE = ROOT / "docs" / "protocol.md"
RELAYED = {
    "call:offer": {"offer", "from", "callId", "callType"},
    "call:answer": {"answer", "from", "callId"},
    "ice:candidate": {"candidate", "from", "callId"},
    "call:signal": {"data", "from", "callId"},
}
UNTOLD = {
    "call:answer": {"callId", "to"},  # in the table of the offer
    "call:signal": {"to"},  # says nothing beside a callId, which is required there
}


def below(kind: type[Any]) -> Iterator[type[Any]]:
    """Every class that descends from `kind`."""
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


TOLD = {kind.event: kind for kind in below(ServerEvent) if "event" in vars(kind)}
# Other tests make errors of their own, too.
CODED = [kind for kind in below(RinglineError) if kind.__module__.startswith("service.")]
ROUTES = {
    (method, re.sub(r"{\w+(:path)?}", "{}", route.path))
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
}


def described(side: str) -> list[str]:
    """The events that a chapter has a section for."""
    return re.findall(r"^### `([^`]+)`$", section(PAGE, side), re.MULTILINE)


def under(side: str, event: str) -> str:
    """An event's section in a chapter."""
    _, _, rest = section(PAGE, side).partition(f"### `{event}`\n")
    return rest.partition("\n### ")[0]


def test_every_client_event_has_its_section():
    assert sorted(described("Client events")) == sorted(EVENTS)


def test_every_server_event_has_its_section():
    assert sorted(described("Server events")) == sorted({*TOLD, *RELAYED})


def test_no_other_event_is_named():
    named = set(re.findall(r"`((?:user|auth|call|ice|session|server):[a-z-]+)", text_of(PAGE)))
    assert named - EVENTS - TOLD.keys() - RELAYED.keys() == set()


def test_every_code_has_its_row():
    table = section(PAGE, "Errors").partition("The same codes")[2]
    assert sorted(first_column(table)) == sorted({kind.code for kind in CODED})


@pytest.mark.parametrize("kind", CODED, ids=lambda kind: kind.__name__)
def test_a_code_has_its_status_and_says_whether_to_retry(kind: type[RinglineError]):
    found = re.search(rf"^\| `{kind.code}` \| ([^|]+) \| (yes|no) \|", text_of(PAGE), re.MULTILINE)
    assert found is not None
    statuses, retryable = found.groups()
    assert str(kind.status) in statuses
    assert retryable == ("yes" if kind.retryable else "no")


def test_a_code_of_http_alone_says_so():
    assert re.search(rf"^\| `{Unserved.code}` .*HTTP only", text_of(PAGE), re.MULTILINE)


def test_every_route_has_its_row():
    cells = re.findall(r"^\| (`[A-Z]+ /(?:v1|turn)[^|]+) \|", section(PAGE, "HTTP"), re.MULTILINE)
    named = [found for cell in cells for found in re.findall(r"`([A-Z]+) ([^`?]+)", cell)]
    assert {(method, re.sub(r"{\w+}", "{}", path)) for method, path in named} == ROUTES


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_the_example_of_a_client_event_is_a_good_one(event: str):
    examples = blocks(under("Client events", event), "json")
    assert examples
    for example in examples:
        assert decode(event, msgspec.Raw(example.encode())).event == event


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_the_table_of_a_client_event_has_its_fields(event: str):
    text = under("Client events", event)
    kind = type(decode(event, msgspec.Raw(blocks(text, "json")[0].encode())))
    fields = {field.encode_name for field in msgspec.structs.fields(kind)}
    missing = {field for field in fields if f"`{field}`" not in text}
    assert missing == UNTOLD.get(event, set())


@pytest.mark.parametrize("event", sorted(TOLD))
def test_the_example_of_a_server_event_has_its_fields(event: str):
    fields = msgspec.structs.fields(TOLD[event])
    required = {field.encode_name for field in fields if field.required}
    for example in blocks(under("Server events", event), "json"):
        keys = set(json.loads(example))
        assert required <= keys
        assert keys <= {field.encode_name for field in fields}


@pytest.mark.parametrize("event", sorted(RELAYED))
def test_the_example_of_a_relayed_event_has_its_fields(event: str):
    (example,) = blocks(under("Server events", event), "json")
    assert json.loads(example).keys() == RELAYED[event]


def test_every_example_is_json():
    for example in blocks(text_of(PAGE), "json"):
        json.loads(example)
