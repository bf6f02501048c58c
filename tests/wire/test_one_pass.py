"""The short way to a relay's fields takes nothing that the long way would not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import errors
from service.wire.client_events import ClientEvent
from service.wire.decoding import decode, relay_in
from service.wire.packets import decode_event
from service.wire.violations import ProtocolError
from tests.wire.saying import CANDIDATE, GOOD, RELAYS


def the_long_way(frame: str) -> ClientEvent | None:
    """What an Engine.IO frame says, by its packet and that one's payload; None when refused."""
    if not frame.startswith("4"):
        return None
    try:
        packet = decode_event(frame[1:])
        return decode(packet.event, packet.payload)
    except (ProtocolError, errors.RinglineError):
        return None


def agreed(frame: str) -> ClientEvent | None:
    """What the short way makes of a frame, which the long way makes of it, too."""
    found = relay_in(frame)
    assert found is None or found == the_long_way(frame)
    return found


def framed(event: str, payload: Any) -> str:
    return "42" + json.dumps([event, payload], ensure_ascii=False)


def nested(levels: int) -> dict[str, Any]:
    return {"x": nested(levels - 1) if levels else 1}


BRACKETS = "[" * 5_000 + "]" * 5_000


@pytest.mark.parametrize("event", RELAYS)
def test_a_relay_goes_the_short_way(event: str):
    assert agreed(framed(event, GOOD[event])) is not None
    assert (
        agreed(framed(event, {**GOOD[event], "to": "bob", "callId": "c_1", "x": [1]})) is not None
    )


@pytest.mark.parametrize("event", sorted(GOOD.keys() - set(RELAYS)))
def test_nothing_else_does(event: str):
    assert relay_in(framed(event, GOOD[event])) is None


ODD = {
    "an answer is asked for": '427["ice:candidate",{"candidate":null}]',
    "a namespace": '42/,["ice:candidate",{"candidate":null}]',
    "another packet": '43["ice:candidate",{"candidate":null}]',
    "another kind of frame": '32["ice:candidate",{"candidate":null}]',
    "no payload": '42["ice:candidate"]',
    "a third argument": '42["ice:candidate",{"candidate":null},1]',
    "an escaped name": '42["ice:\\u0063andidate",{"candidate":null}]',
    "a name that does not end": '42["ice:candidate',
    "no name": '42[""]',
    "white space": '42[ "ice:candidate",{"candidate":null}]',
    "something behind": '42["ice:candidate",{"candidate":null}]]',
    "a candidate and a batch": '42["ice:candidate",{"candidate":null,"candidates":[null]}]',
    "neither": '42["ice:candidate",{}]',
    "a candidate that is a number": '42["ice:candidate",{"candidate":1}]',
    "an offer that is null": '42["call:offer",{"offer":null}]',
    "a signal without a call": '42["call:signal",{"data":1}]',
    "an integer that no double holds": framed("call:offer", {"offer": {"x": 10**400}}),
    "a lone surrogate": '42["call:offer",{"offer":{"x":"\\ud800"}}]',
    "a lone surrogate, bare": '42["call:offer",{"offer":{"x":"\ud800"}}]',
    "too deep": framed("call:offer", {"offer": nested(200)}),
    "too deep beside it": framed("call:offer", {"offer": {}, "x": "[]"}).replace('"[]"', BRACKETS),
}


@pytest.mark.parametrize("frame", ODD.values(), ids=ODD)
def test_what_is_odd_is_left_to_the_long_way(frame: str):
    assert agreed(frame) is None


@pytest.mark.parametrize("candidate", [None, {}, {"candidate": ""}, CANDIDATE, {"x": {"y": [1]}}])
def test_any_candidate_goes_the_short_way(candidate: object):
    assert agreed(framed("ice:candidate", {"candidate": candidate})) is not None
    assert agreed(framed("ice:candidate", {"candidates": [candidate] * 3})) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["candidate", "candidates", "offer", "answer", "data", "to", "callId", "x"]
)


@given(
    st.sampled_from(RELAYS), st.dictionaries(FIELDS, JSON), st.integers(0, 80), st.text(max_size=2)
)
def test_both_ways_agree_on_anything(event, fields, cut, inserted):
    """Well-formed, with a piece put in, and cut short."""
    whole = framed(event, {**GOOD[event], **fields})
    for frame in (whole, whole[:cut] + inserted + whole[cut:], whole[:cut]):
        agreed(frame)
