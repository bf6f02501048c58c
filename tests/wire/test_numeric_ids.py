"""User ids that come as numbers are their decimal digits; all else is what it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from service.wire.decoding import decode, relay_in
from tests.wire.saying import GOOD, RELAYS, raw, refused_field, said
from tests.wire.test_payloads import EXACT, FIELD

IDS = [
    ("user:join", "userId"), ("user:status", "userId"), ("call:initiate", "to"),
    *((event, "to") for event in RELAYS),
]  # fmt: skip
SAFE = 2**53 - 1
SPELLED = {"42": "42", "0": "0", "-7": "-7", str(SAFE): str(SAFE), "42.0": "42", "-0": "0"}


def with_id(event: str, field: str, spelled: str) -> str:
    others = json.dumps({**GOOD[event], field: 0})
    return others.replace(f'"{field}": 0', f'"{field}": {spelled}')


@pytest.mark.parametrize(("event", "field"), IDS)
@pytest.mark.parametrize("spelled", SPELLED)
def test_an_integer_is_its_digits(event, field, spelled):
    assert raw(event, with_id(event, field, spelled)) == said(event, **{field: SPELLED[spelled]})


@pytest.mark.parametrize("event", ["user:watch", "user:unwatch"])
def test_integers_and_strings_stand_side_by_side(event):
    assert said(event, userIds=[7, "bob", 0]) == said(event, userIds=["7", "bob", "0"])


@pytest.mark.parametrize(("event", "field"), IDS)
@pytest.mark.parametrize("wrong", [7.5, SAFE + 1, -SAFE - 1, 10**400, True, [7], {"id": 7}])
def test_no_other_number_and_nothing_else_is_an_id(event, field, wrong):
    assert refused_field(event, **{field: wrong}).startswith(f"{event}: {field}: ")


@pytest.mark.parametrize("field", ["callId", "requestId"])
def test_a_number_is_no_id_of_a_call_or_a_request(field):
    assert refused_field("call:end", **{field: 7}).startswith(f"call:end: {field}: Expected ")


def test_another_fault_is_told_as_it_is():
    assert refused_field("call:initiate", to=7, callType="fax").startswith("call:initiate: callTyp")
    assert refused_field("user:watch", userIds=[7, None]).startswith("user:watch: userIds[1]: ")


@pytest.mark.parametrize("event", [*RELAYS, "call:initiate"])
@pytest.mark.parametrize("payload", EXACT)
def test_a_payload_beside_a_number_passes_byte_for_byte(event, payload):
    """Spelling, order and double names in the payload stay; only the id is put in quotes."""
    others = {name: value for name, value in GOOD[event].items() if name != FIELD[event]}
    start = json.dumps({**others, "to": 7})[:-1]
    decoded = raw(event, f'{start} , "{FIELD[event]}" :\t{payload} }}')
    assert bytes(getattr(decoded, FIELD[event])) == payload.encode()
    assert getattr(decoded, "to", None) == "7"


ids = st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.none() | st.booleans()


@given(st.sampled_from(sorted(GOOD)), st.dictionaries(st.sampled_from(["to", "userId"]), ids))
def test_the_short_way_takes_a_number_for_nothing_else_than_the_long_way(event, fields):
    payload = json.dumps({**GOOD[event], **fields})
    found = relay_in(f'42["{event}",{payload}]')
    assert found is None or found == decode(event, Raw(payload.encode()))


@given(st.sampled_from(IDS), st.integers(-SAFE, SAFE))
def test_every_safe_integer_is_as_if_it_had_been_a_string(place, number):
    event, field = place
    assert said(event, **{field: number}) == said(event, **{field: str(number)})
