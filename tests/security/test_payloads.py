"""Well-formed packets with bad payloads: refused with a code, and no receiver ever sees them."""

import contextlib
import json
from typing import Any

import pytest

from tests.security.surroundings import Bystanders, name
from tests.support.client import Client, Gone
from tests.support.service import TestService

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
DEEP = "[" * 5_000 + "]" * 5_000
RELAYS = {"call:offer": "offer", "call:answer": "answer", "ice:candidate": "candidate"}
BAD_JSON = {
    "5,000 deep": f'{{"x":{DEEP}}}',
    "950 deep": f'{{"x":{"[" * 950}{"]" * 950}}}',
    "an integer of 400 digits": f'{{"x":1{"0" * 400}}}',
    "a lone surrogate": '{"sdp":"\\ud800"}',
    "half a surrogate pair": '{"sdp":"\\ud83d!"}',
    "NaN": '{"x":NaN}',
    "Infinity": '{"x":-Infinity}',
    "a leading zero": '{"x":01}',
    "a control character": '{"sdp":"\n"}',
    "a bad escape": '{"sdp":"\\x41"}',
    "a name without quotes": '{sdp:"x"}',
    "a comma too many": '{"x":1,}',
    "a number": "7",
    "an array": "[]",
    "true": "true",
}
"""What stands where an offer should, inside an envelope that is well-formed as far as it goes."""


async def pair(service: TestService) -> tuple[Client, Client, str]:
    mallory, victim = [await service.join(name(kind)) for kind in ("mallory", "victim")]
    return mallory, victim, await service.accepted(mallory, victim)


async def outcome(mallory: Client) -> str:
    """What became of the event that asked for acknowledgement 7."""
    with contextlib.suppress(Gone):
        await mallory.until(lambda: 7 in mallory.acks, what="an answer")
        return str(mallory.acks[7]["error"]["code"])
    assert mallory.socket.close_code == 1008
    return "closed"


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize("payload", BAD_JSON.values(), ids=BAD_JSON)
@pytest.mark.parametrize("event", RELAYS)
async def test_a_bad_relay_never_reaches_the_receiver(
    service: TestService, event: str, payload: str, *, split: bool
):
    mallory, victim, call_id = await pair(service)
    packet = f'427["{event}",{{"{RELAYS[event]}":{payload},"callId":"{call_id}"}}]'
    await mallory.socket.send([packet[:30], packet[30:]] if split else packet)
    assert await outcome(mallory) in {"closed", "invalid_payload"}
    await victim.settle()
    assert event not in victim.events()
    await service.close_clients()


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize("event", RELAYS)
async def test_a_relay_that_is_not_utf8_closes_its_sender(
    service: TestService, bystanders: Bystanders, event: str, *, split: bool
):
    mallory, victim, call_id = await pair(service)
    packet = f'42["{event}",{{"{RELAYS[event]}":{{"x":"@"}},"callId":"{call_id}"}}]'.encode()
    broken = packet.replace(b"@", b"\xc3\x28")
    await mallory.socket.send([broken[:40], broken[40:]] if split else broken, text=True)
    assert await mallory.until_closed() == 1007
    assert (await victim.next("call:ended"))["reason"] == "connection_lost"
    assert event not in victim.events()


UNREAD = {
    "signal": '"call:signal",{"data":@,"callId":"#"}',
    "one of many candidates": '"ice:candidate",{"candidates":[{},@,null],"callId":"#"}',
}
"""More places where a payload passes unread, between others that are fine."""


@pytest.mark.parametrize("payload", list(BAD_JSON.values())[:-3], ids=list(BAD_JSON)[:-3])
@pytest.mark.parametrize("place", UNREAD)
async def test_bad_json_in_any_relay_never_reaches_the_receiver(
    service: TestService, place: str, payload: str
):
    mallory, victim, call_id = await pair(service)
    await mallory.send(f"427[{UNREAD[place].replace('@', payload).replace('#', call_id)}]")
    assert await outcome(mallory) in {"closed", "invalid_payload"}
    await victim.settle()
    assert not {"call:signal", "ice:candidate"} & set(victim.events())
    await service.close_clients()


@pytest.mark.parametrize("payload", list(BAD_JSON.values())[:-3], ids=list(BAD_JSON)[:-3])
async def test_bad_json_in_metadata_rings_nobody(service: TestService, payload: str):
    mallory, victim = [await service.join(name(kind)) for kind in ("mallory", "victim")]
    called = f'{{"to":"{victim.user}","callType":"audio","metadata":{payload}}}'
    await mallory.send(f'427["call:initiate",{called}]')
    assert await outcome(mallory) in {"closed", "invalid_payload"}
    await victim.settle()
    assert "call:incoming" not in victim.events()
    await service.close_clients()


@pytest.mark.parametrize("payload", list(BAD_JSON.values())[:-3], ids=list(BAD_JSON)[:-3])
@pytest.mark.parametrize("event", ["call:offer", "ice:candidate"])
async def test_a_bad_relay_is_not_held_for_who_accepts(
    service: TestService, event: str, payload: str
):
    mallory, victim = [await service.join(name(kind)) for kind in ("mallory", "victim")]
    call_id = await service.call(mallory, victim)
    await mallory.send(f'427["{event}",{{"{RELAYS[event]}":{payload},"callId":"{call_id}"}}]')
    if await outcome(mallory) == "closed":
        assert (await victim.next("call:ended"))["callId"] == call_id
    else:
        await victim.done("call:accept", {"callId": call_id})
        await victim.settle()
    assert event not in victim.events()
    await service.close_clients()


BROKEN_UTF8 = {
    "signal": '"call:signal",{"data":"@","callId":"#"}',
    "one of many candidates": '"ice:candidate",{"candidates":[{},{"x":"@"}],"callId":"#"}',
    "metadata": '"call:initiate",{"to":"victim","callType":"audio","metadata":"@"}',
}


@pytest.mark.parametrize("place", BROKEN_UTF8)
async def test_what_is_not_utf8_closes_its_sender_wherever_it_stands(
    service: TestService, bystanders: Bystanders, place: str
):
    mallory, victim, call_id = await pair(service)
    packet = f"42[{BROKEN_UTF8[place].replace('#', call_id)}]".encode().replace(b"@", b"\xc3\x28")
    await mallory.socket.send(packet, text=True)
    assert await mallory.until_closed() == 1007
    assert (await victim.next("call:ended"))["reason"] == "connection_lost"
    assert not {"call:signal", "ice:candidate"} & set(victim.events())


@pytest.mark.parametrize("event", ["call:offer", "ice:candidate"])
async def test_what_is_not_utf8_is_not_held(
    service: TestService, bystanders: Bystanders, event: str
):
    mallory, victim = [await service.join(name(kind)) for kind in ("mallory", "victim")]
    call_id = await service.call(mallory, victim)
    packet = f'42["{event}",{{"{RELAYS[event]}":{{"x":"@"}},"callId":"{call_id}"}}]'
    await mallory.socket.send(packet.encode().replace(b"@", b"\xc3\x28"), text=True)
    assert await mallory.until_closed() == 1007
    assert (await victim.next("call:ended"))["callId"] == call_id
    assert event not in victim.events()


async def test_utf8_split_inside_a_character_is_relayed(service: TestService):
    mallory, victim, call_id = await pair(service)
    offer = {"type": "offer", "sdp": "ü€😀"}
    packet = json.dumps(
        ["call:offer", {"offer": offer, "callId": call_id}], ensure_ascii=False
    ).encode()
    packet = b"42" + packet
    middle = packet.index("😀".encode()) + 2
    await mallory.socket.send([packet[:middle], packet[middle:]], text=True)
    assert (await victim.next("call:offer"))["offer"] == offer
    await service.close_clients()


BAD_FIELDS: dict[str, tuple[str, Any]] = {
    "no payload": ("call:initiate", None),
    "an array": ("call:initiate", []),
    "a number": ("call:initiate", 7),
    "no field": ("call:initiate", {}),
    "a number for a user": ("call:initiate", {"to": 7, "callType": "audio"}),
    "an object for a user": ("call:initiate", {"to": {}, "callType": "audio"}),
    "nobody": ("call:initiate", {"to": "", "callType": "audio"}),
    "a user of 129 letters": ("call:initiate", {"to": "x" * 129, "callType": "audio"}),
    "an unknown kind of call": ("call:initiate", {"to": "bob", "callType": "fax"}),
    "oneself": ("call:initiate", {"to": "@", "callType": "audio"}),
    "metadata over 4 KiB": (
        "call:initiate",
        {"to": "bob", "callType": "audio", "metadata": "x" * 4_096},
    ),
    "a requestId of 65 letters": ("call:end", {"callId": "c", "requestId": "x" * 65}),
    "a callId of 65 letters": ("call:end", {"callId": "x" * 65}),
    "an unknown reason": ("call:end", {"callId": "c", "reason": "@"}),
    "an unknown scope": ("call:reject", {"callId": "c", "scope": "everybody"}),
    "33 candidates": ("ice:candidate", {"callId": "c", "candidates": [None] * 33}),
    "no candidate": ("ice:candidate", {"callId": "c"}),
    "both kinds of candidate": (
        "ice:candidate",
        {"callId": "c", "candidate": None, "candidates": [None]},
    ),
    "501 users to watch": ("user:watch", {"userIds": ["x"] * 501}),
    "a loss of 200 %": (
        "call:media",
        {"callId": "c", "state": "connected", "stats": {"lossRatio": 2}},
    ),
    "a huge number": (
        "call:media",
        {"callId": "c", "state": "connected", "stats": {"rttMs": 10**400}},
    ),
    "a token of 8193 letters": ("auth:refresh", {"token": "x" * 8_193}),
}


@pytest.mark.parametrize(("event", "payload"), BAD_FIELDS.values(), ids=BAD_FIELDS)
async def test_a_bad_field_is_refused_by_name(
    service: TestService, bystanders: Bystanders, event: str, payload: Any
):
    mallory = await service.join(name("mallory"))
    spelled = json.dumps(payload).replace("@", mallory.user)
    refused = await mallory.refusal(event, json.loads(spelled))
    assert (refused["code"], refused["retryable"]) == ("invalid_payload", False)
    assert refused["event"] == event
    assert refused["message"].endswith(".")
    await mallory.settle()


@pytest.mark.parametrize(
    "user", ["\\ud800", "\\u0000", "\\n"], ids=["a lone surrogate", "NUL", "a line feed"]
)
async def test_a_user_id_that_no_token_can_name_is_nobody(service: TestService, user: str):
    mallory = await service.join(name("mallory"))
    await mallory.send(f'427["call:initiate",{{"to":"{user}","callType":"audio"}}]')
    assert await outcome(mallory) in {"closed", "invalid_payload", "user_unavailable"}
    await service.close_clients()
