"""A client that breaks the protocol: what came before is answered, and the log names the rule."""

import asyncio
import contextlib
import json
import time
from asyncio import StreamReader

import aiohttp
import jwt
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed

from service.wire.violations import Rule
from tests.security.test_websocket import raw
from tests.support.logged import logged
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running, token
from tests.support.waiting import until

STATUS = '["user:status",{"userId":"x"}]'
CONNECT = '40{"token":"@"}'
JOIN = '421["user:join",{"userId":"alice"}]'

FRAMES: dict[Rule, str | bytes] = {
    Rule.BINARY: b"42[]",
    Rule.ENGINE_PACKET: "9",
    Rule.PONG: "3",
    Rule.PACKET: "47",
    Rule.NAMESPACE: '42/admin,["x"]',
    Rule.ACK_ID: '421234567890123456["x"]',
    Rule.EVENT_NAME: "42[]",
    Rule.CONNECT_ONCE: "40",
    Rule.TOO_LARGE: "42" + "x" * 70_000,
}
"""What breaks a rule, sent over a WebSocket by whoever has joined."""
BODIES = {
    Rule.BINARY: b"bAAAA",
    Rule.ENGINE_PACKET: b"2",
    Rule.PACKET: b"47",
    Rule.NAMESPACE: b"41/admin,",
    Rule.EVENT_NAME: b"42[1]",
    Rule.CONNECT_ONCE: b"40",
    Rule.UTF8: b'42["\xff"]',
    Rule.TOO_LARGE: b"4" * 70_000,
}
"""And over polling."""


async def broken(service: TestService) -> dict[str, int]:
    """How often each rule was broken, as Prometheus sees it."""
    async with aiohttp.request("GET", f"http://127.0.0.1:{service.admin_port}/metrics") as answer:
        text = await answer.text()
    return {
        sample.labels["rule"]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "ringline_protocol_errors_total"
    }


async def told(service: TestService, rule: Rule) -> bool:
    """Whether this rule, and it alone, was counted once."""
    counted = await broken(service)
    assert set(counted) == {rule.value for rule in Rule}
    return {rule for rule, times in counted.items() if times} == {rule.value} and (
        counted[rule.value] == 1
    )


@pytest.mark.parametrize("rule", FRAMES)
async def test_the_rule_is_told(rule: Rule):
    with logged() as lines:
        async with running() as service:
            mallory = await service.join("mallory")
            with contextlib.suppress(ConnectionClosed):
                await mallory.send(FRAMES[rule])
            assert await mallory.until_closed() == (1009 if rule is Rule.TOO_LARGE else 1008)
            await until(lambda: lines.of("socket.closed"), "the end")
            assert await told(service, rule)
    (line,) = lines.of("socket.protocol_error")
    shown = {name: line[name] for name in ("level", "rule", "client")}
    assert shown == {"level": "info", "rule": rule.value, "client": "127.0.0.0/24"}
    assert [line["reason"] for line in lines.of("socket.closed")] == ["protocol_error"]
    assert {line["level"] for line in lines.all()} <= {"debug", "info"}


async def test_of_a_flood_behind_a_connect_one_frame_is_kept():
    """A forged token's refusal may be late; what breaks a rule meanwhile is heard once."""
    forged = segment(b'40{"token":"%b"}' % jwt.encode({}, "f" * 32).encode())
    async with running(rate_limit_scale=0.1) as service:
        _, first = await raw(service.port)
        first.write(forged)
        reader, writer = await raw(service.port)
        writer.write(forged)  # whose refusal is a second late
        writer.write(segment(b"", 0x2) * 50_000)
        reading, most = asyncio.create_task(reader.read()), 0
        while not reading.done():
            most = max(most, len(service.node.engine._tasks))
            await asyncio.sleep(0.01)
        with contextlib.suppress(ConnectionError):
            await reading
        first.close()
        writer.close()
        assert most <= 8
        assert await told(service, Rule.BINARY)


@pytest.mark.parametrize("rule", BODIES)
async def test_the_rule_is_told_over_polling(http: aiohttp.ClientSession, rule: Rule):
    with logged() as lines:
        async with running() as service:
            mallory = await Polling.handshake(http, service.port)
            await mallory.join(token("mallory"), "mallory")
            await mallory.post(BODIES[rule])
            await until(lambda: lines.of("socket.closed"), "the end")
            assert await told(service, rule)
    assert [line["rule"] for line in lines.of("socket.protocol_error")] == [rule.value]
    assert [line["reason"] for line in lines.of("socket.closed")] == ["protocol_error"]


@pytest.mark.parametrize(
    ("opcode", "payload", "rule", "code"),
    [
        (0x1, b'42["\xff"]', Rule.UTF8, 1007),
        (0x3, b"42", None, 0),
        (0x41, b"42", Rule.WEBSOCKET, 1002),
    ],
    ids=["UTF-8", "a reserved opcode", "a reserved bit"],
)  # fmt: skip
async def test_what_breaks_the_websocket_is_told(
    opcode: int, payload: bytes, rule: Rule | None, code: int
):
    with logged() as lines:
        async with running() as service:
            reader, writer = await raw(service.port)
            writer.write(segment(payload, opcode))
            async with asyncio.timeout(5):
                assert code.to_bytes(2, "big") in await reader.read() or rule is None
            await until(lambda: lines.of("socket.protocol_error"), "the line")
            assert rule is None or await told(service, rule)
            writer.close()


async def test_an_event_before_connect_and_a_wrong_upgrade_are_told(
    http: aiohttp.ClientSession,
):
    with logged() as lines:
        async with running() as service:
            mallory = await service.open()
            await mallory.send(f"42{STATUS}")
            assert await mallory.until_closed() == 1008
            polling = await Polling.handshake(http, service.port)
            url = f"{service.url}/socket.io/?EIO=4&transport=websocket&sid={polling.sid}"
            async with http.ws_connect(url) as socket:
                await socket.send_str("40")
                await socket.receive()
            await until(lambda: len(lines.of("socket.protocol_error")) == 2, "two lines")
    assert [line["rule"] for line in lines.of("socket.protocol_error")] == [
        "connect_first", "upgrade",
    ]  # fmt: skip


async def test_a_flood_is_a_line_a_second_with_nothing_of_a_client_in_it():
    with logged() as lines:
        async with running() as service:
            begun = time.monotonic()
            for _ in range(50):
                mallory = await service.open()
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(20):
                        await mallory.send("4nonsense-of-mallory")
                await mallory.until_closed()
            assert (await broken(service))["engine_packet"] == 50

            def told() -> int:
                return sum(1 + line.get("more", 0) for line in lines.of("socket.protocol_error"))

            await until(lambda: told() == 50, "all of them")
            seconds = time.monotonic() - begun
    assert len(lines.of("socket.protocol_error")) <= 2 + seconds
    assert "nonsense" not in lines.stream.getvalue()


def segment(payload: bytes, opcode: int = 0x1) -> bytes:
    """A frame as a client sends it, masked with zeros."""
    size = len(payload)
    header = bytes([0x80 | opcode, 0x80 | min(size, 126)])
    return header + (size.to_bytes(2, "big") if size >= 126 else b"") + bytes(4) + payload


async def received(reader: StreamReader) -> tuple[list[str], int]:
    """The text frames until the close frame, and its code."""
    texts: list[str] = []
    async with asyncio.timeout(5):
        while True:
            opcode, size = await reader.readexactly(2)
            if size >= 126:
                size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
            payload = await reader.readexactly(size)
            if opcode == 0x88:
                return texts, int.from_bytes(payload[:2], "big")
            texts.append(payload.decode())


ENDS = {
    "a packet that is none": (segment(b"47"), 1008),
    "a frame that is none": (segment(b"x"), 1008),
    "a binary frame": (segment(b"x", 0x2), 1008),
    "a second CONNECT": (segment(b"40"), 1008),
}


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS)
async def test_what_the_same_segment_brought_is_answered_before_the_close(end: bytes, code: int):
    """All at once: a sign-in, a join, a call and a question; and nothing that came behind."""
    async with running() as service:
        bob = await service.join("bob")
        reader, writer = await raw(service.port)
        before = [
            CONNECT.replace("@", token("alice")), JOIN,
            '422["call:initiate",{"to":"bob","callType":"audio"}]', f"423{STATUS}",
        ]  # fmt: skip
        frames = b"".join(segment(text.encode()) for text in before)
        writer.write(frames + end + segment(f"424{STATUS}".encode()))
        texts, closed = await received(reader)
        answered = [text[:3] for text in texts if text.startswith("43")]
        assert (answered, closed) == (["431", "432", "433"], code)
        assert (await bob.next("call:incoming"))["from"] == "alice"
        assert (await bob.next("call:ended"))["callId"]
        writer.close()


async def test_text_that_is_not_utf8_ends_what_was_answered():
    async with running() as service:
        reader, writer = await raw(service.port)
        good = [CONNECT.replace("@", token("alice")), JOIN]
        frames = b"".join(segment(text.encode()) for text in good)
        writer.write(frames + segment(b'42["\xff"]'))
        texts, code = await received(reader)
        assert [text[:3] for text in texts if text.startswith("43")] == ["431"]
        assert code == 1007
        writer.close()


async def test_relays_before_a_broken_frame_arrive():
    async with running() as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.accepted(alice, bob)
        relay = f'42["call:signal",{{"data":1,"callId":"{call_id}"}}]'.encode()
        alice.socket.transport.write(segment(relay) * 3 + segment(b"47") + segment(relay))
        assert await alice.until_closed() == 1008
        await bob.next("call:ended")
        assert len(bob.payloads("call:signal")) == 3


@pytest.mark.parametrize("end", ["47", "x", "", "b42[]", "42[1]"])
@pytest.mark.parametrize("polls", [True, False], ids=["waiting", "polling later"])
async def test_what_the_same_body_brought_is_answered_before_the_close(
    http: aiohttp.ClientSession, end: str, *, polls: bool
):
    async with running() as service:
        mallory = await Polling.handshake(http, service.port)
        await mallory.join(token("alice"), "alice")
        poll = asyncio.create_task(packets(mallory)) if polls else None
        body = (f"427{STATUS}", f"428{STATUS}", end, f"429{STATUS}")
        assert await mallory.post(*body) == 200
        got = await (poll or packets(mallory))
        assert [text[:3] for text in got if text.startswith("43")] == ["437", "438"]
        with pytest.raises(Ended):
            await mallory.poll()


async def packets(mallory: Polling) -> list[str]:
    """Every packet until the connection is closed."""
    got: list[str] = []
    with contextlib.suppress(Ended):
        while "1" not in got:
            got += await mallory.poll()
    return got


async def test_events_that_wait_for_a_join_are_refused_before_the_close():
    async with running() as service:
        mallory = await service.connect(token("mallory"))
        await mallory.send(f"427{STATUS}")
        await mallory.send("47")
        assert await mallory.until_closed() == 1008
        assert mallory.acks[7]["error"]["code"] == "not_joined"


async def test_whoever_does_not_poll_is_gone_all_the_same(http: aiohttp.ClientSession):
    async with running() as service:
        mallory = await Polling.handshake(http, service.port)
        await mallory.post(json.dumps({}))
        await until(lambda: not len(service.node.engine), "the end")
        with pytest.raises(Ended):
            await mallory.poll()
