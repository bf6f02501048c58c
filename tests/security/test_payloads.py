"""Well-formed packets with bad payloads: refused with a code, and no receiver ever sees them.

Whoever sent one is still there: half an emoji is no reason to lose a call.
"""

import json
from typing import Any

import aiohttp
import pytest

from tests.security.surroundings import Bystanders, name
from tests.support.client import Client
from tests.support.polling import Polling
from tests.support.service import TestService, token

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
    """What became of the event that asked for acknowledgement 7, whose sender is still there."""
    answer = await mallory.answer(7)
    await mallory.settle()
    return str(answer["error"]["code"])


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize("payload", BAD_JSON.values(), ids=BAD_JSON)
@pytest.mark.parametrize("event", RELAYS)
async def test_a_bad_relay_never_reaches_the_receiver(
    service: TestService, event: str, payload: str, *, split: bool
):
    mallory, victim, call_id = await pair(service)
    packet = f'427["{event}",{{"{RELAYS[event]}":{payload},"callId":"{call_id}"}}]'
    await mallory.socket.send([packet[:30], packet[30:]] if split else packet)
    assert await outcome(mallory) == "invalid_payload"
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
    assert await outcome(mallory) == "invalid_payload"
    await victim.settle()
    assert not {"call:signal", "ice:candidate"} & set(victim.events())
    await service.close_clients()


@pytest.mark.parametrize("payload", list(BAD_JSON.values())[:-3], ids=list(BAD_JSON)[:-3])
async def test_bad_json_in_metadata_rings_nobody(service: TestService, payload: str):
    mallory, victim = [await service.join(name(kind)) for kind in ("mallory", "victim")]
    called = f'{{"to":"{victim.user}","callType":"audio","metadata":{payload}}}'
    await mallory.send(f'427["call:initiate",{called}]')
    assert await outcome(mallory) == "invalid_payload"
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
    assert await outcome(mallory) == "invalid_payload"
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
    "half a number for a user": ("call:initiate", {"to": 7.5, "callType": "audio"}),
    "a number beyond the safe ones for a user": ("user:status", {"userId": 2**53}),
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


@pytest.mark.parametrize("user", ["\\u0000", "\\n"], ids=["NUL", "a line feed"])
async def test_a_user_id_that_no_token_can_name_is_refused(service: TestService, user: str):
    mallory = await service.join(name("mallory"))
    await mallory.send(f'427["call:initiate",{{"to":"{user}","callType":"audio"}}]')
    assert await outcome(mallory) == "invalid_payload"
    await service.close_clients()


BAD_PAYLOADS = {
    "half an emoji": '"call:signal",{"data":"Nice day \\ud83d","callId":"#","requestId":"q"}]',
    "half an emoji in a key": '"call:signal",{"data":{"\\ud83d":1},"callId":"#"}]',
    "the other half": '"call:end",{"reason":"\\ude00","callId":"#"}]',
    "half an emoji where nobody reads": '"user:status",{"userId":"x","y":["\\ud83d"]}]',
    "half an emoji in an argument too many": '"user:status",{"userId":"x"},"\\ud83d"]',
    "half an emoji for a token": '"auth:refresh",{"token":"\\ud83d","requestId":"q"}]',
    "half an emoji for a device": '"user:join",{"userId":"x","deviceId":"\\ud83d"}]',
    "half an emoji for a request": '"call:end",{"callId":"#","requestId":"\\ud83d"}]',
    "NaN": '"call:media",{"callId":"#","state":"connected","stats":{"rttMs":NaN}}]',
    "a huge number": '"call:media",{"callId":"#","state":"connected","stats":{"rttMs":1e999}}]',
    "5,000 deep": f'"user:status",{DEEP}]',
    "5,000 deep beside what is read": f'"user:status",{{"userId":"x","y":{DEEP}}}]',
    "60,000 brackets": '"user:status",' + "[" * 60_000,
    "an array that does not end": '"user:status",{"userId":"x"}',
    "a payload that does not end": '"user:status",{"userId":"x',
    "a comma and nothing": '"user:status",]',
    "a name and nothing": '"user:status"',
    "no comma": '"user:status"{"userId":"x"}]',
    "something behind": '"user:status",{"userId":"x"}]x',
    "two arrays": '"user:status",{"userId":"x"}]["user:status"]',
    "a control character": '"user:status",{"userId":"\x01"}]',
    "a placeholder": '"user:status",{"_placeholder":true,"num":0}]',
}
"""Behind `42` and an id that asks for an answer, or none."""


@pytest.mark.parametrize("bad", BAD_PAYLOADS.values(), ids=BAD_PAYLOADS)
async def test_a_bad_payload_is_answered_and_the_call_goes_on(
    service: TestService, bystanders: Bystanders, bad: str
):
    mallory, victim, call_id = await pair(service)
    bad = bad.replace("#", call_id)
    await mallory.send(f"427[{bad}")
    await mallory.send(f"42[{bad}")
    event = bad.split('"')[1]
    answered, told = (await mallory.answer(7))["error"], await mallory.next("error")
    assert answered == told
    assert (told["code"], told["event"], told["retryable"]) == ("invalid_payload", event, False)
    await victim.done("call:signal", {"data": 1, "callId": call_id})
    assert await mallory.next("call:signal") == {"data": 1, "callId": call_id, "from": victim.user}
    assert not {"call:signal", "call:ended"} & set(victim.events())


@pytest.mark.parametrize("bad", BAD_PAYLOADS.values(), ids=BAD_PAYLOADS)
async def test_a_bad_payload_is_answered_over_polling(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, bad: str
):
    mallory = await Polling.handshake(http, service.port)
    user = name("mallory")
    await mallory.join(token(user), user)
    assert await mallory.post(f"427[{bad}") == 200
    assert '"code":"invalid_payload"' in await mallory.until("437")
    assert await mallory.post('428["user:status",{"userId":"x"}]') == 200
    assert '"ok":true' in await mallory.until("438")
    await mallory.post("41")


async def test_half_an_emoji_is_told_with_the_call_and_the_request(service: TestService):
    mallory, _, call_id = await pair(service)
    await mallory.send(f"427[{BAD_PAYLOADS['half an emoji'].replace('#', call_id)}")
    error = (await mallory.answer(7))["error"]
    assert (error["callId"], error["requestId"]) == (call_id, "q")
    assert error["message"].endswith("is a string cut inside an emoji?")
    await service.close_clients()


BAD_AUTH = {
    "deep": DEEP,
    "brackets": "[" * 60_000,
    "NaN": '{"token":NaN}',
    "half an emoji": '{"token":"\\ud83d"}',
    "half an emoji beside a token": '{"token":"@","nick":"\\ud83d"}',
    "half": "{",
    "no value": '{"token"}',
    "a control character": "\x00",
    "something behind": '{"token":"@"}x',
}


@pytest.mark.parametrize("auth", BAD_AUTH.values(), ids=BAD_AUTH)
async def test_a_connect_with_a_bad_payload_is_refused_with_a_code(
    service: TestService, bystanders: Bystanders, http: aiohttp.ClientSession, auth: str
):
    auth = auth.replace("@", token("mallory"))
    mallory, polling = await service.open(), await Polling.handshake(http, service.port)
    await mallory.send("40" + auth)
    await mallory.until(lambda: mallory.refused)
    assert mallory.refused["data"] == {"code": "invalid_payload", "retryable": False}
    assert mallory.connected is None
    await polling.post("40" + auth)
    assert json.loads((await polling.until("44"))[2:]) == mallory.refused
    await polling.post("1")
