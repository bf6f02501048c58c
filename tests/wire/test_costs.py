"""What an event counts as, beside a usual one."""

import json

import pytest

from service.errors import InvalidPayload
from service.wire.costs import cost_of
from service.wire.decoding import decode, relay_in
from service.wire.packets import ANY_VALUES, MOST_VALUES, decode_event
from service.wire.subject import subject_of
from tests.wire.saying import GOOD, raw, refused, said

COSTLY = ("auth:refresh", "call:move")


@pytest.mark.parametrize("event", sorted({*GOOD} - {*COSTLY}))
def test_a_usual_event_counts_as_one(event: str):
    assert cost_of(said(event)) == 1


@pytest.mark.parametrize(
    ("event", "many", "cost"),
    [
        ("user:watch", 3, 1), ("user:watch", 4, 2), ("user:watch", 500, 126),
        ("user:unwatch", 63, 1), ("user:unwatch", 500, 8),
    ],
)  # fmt: skip
def test_users_count_by_how_many_they_are(event: str, many: int, cost: int):
    assert cost_of(said(event, userIds=[f"user-{i}" for i in range(many)])) == cost


@pytest.mark.parametrize(("many", "cost"), [(1, 1), (7, 1), (8, 2), (32, 5)])
def test_candidates_count_by_how_many_they_are(many: int, cost: int):
    event = raw("ice:candidate", json.dumps({"candidates": [{}] * many}))
    assert cost_of(event) == cost


@pytest.mark.parametrize("event", COSTLY)
def test_a_signature_and_a_move_count_as_eight(event: str):
    assert cost_of(said(event)) == 8


def nested(commas: int) -> str:
    return json.dumps({"offer": {"a": [[0]] * (commas + 1), "b": "x" * ANY_VALUES}, "to": "bob"})


def test_2000_values_pass_and_more_do_not():
    commas = MOST_VALUES - 2
    assert MOST_VALUES == 2_000
    assert relay_in(f'42["call:offer",{nested(commas - 1)}]') is not None
    assert relay_in(f'42["call:offer",{nested(commas)}]') is None
    assert cost_of(raw("call:offer", nested(commas))) == 1
    assert refused("call:offer", nested(commas + 1)) == "call:offer: Expected at most 2000 commas."


@pytest.mark.parametrize("rest", ["," + ",".join("1" * 3_000), "," + "[]," * 3_000, ",{" * 3_000])
def test_many_values_are_refused_before_they_are_decoded(rest: str):
    packet = decode_event(f'27["call:end"{rest}]')
    assert (packet.event, packet.ack) == ("call:end", 7)
    with pytest.raises(InvalidPayload, match="at most 2000 commas"):
        decode(packet.event, packet.payload)
    assert subject_of(packet.payload).call_id is None
