"""Traces as a collector gets them, from calls over real sockets."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import pytest

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.client import Client
from tests.support.logged import Lines
from tests.support.otlp import ReceivedSpan, Receiver
from tests.support.service import TestService, running, token
from tests.support.waiting import until

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def arrived(otlp: Receiver, *names: str) -> list[ReceivedSpan]:
    """The one span of each name, once all are there."""
    await until(lambda: all(otlp.named(name) for name in names), f"{names}")
    return [otlp.the(name) for name in names]


async def connected(service: TestService, alice: Client, bob: Client) -> str:
    """A call up to its first answer, two candidates before; its id."""
    call_id = await service.accepted(alice, bob)
    await alice.done("call:offer", {"offer": OFFER, "callId": call_id})
    for number in (1, 2):
        await alice.done("ice:candidate", {"candidate": candidate(number), "callId": call_id})
    await bob.done("call:answer", {"answer": ANSWER, "callId": call_id})
    return call_id


async def hung_up(service: TestService) -> str:
    """A call from its start to its end; its id."""
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await connected(service, alice, bob)
    await alice.done("call:end", {"callId": call_id})
    return call_id


class TestSetup:
    async def test_is_one_trace_with_its_phases(self, traced: TestService, otlp: Receiver):
        call_id = await hung_up(traced)
        names = ("call.setup", "call.ring", "call.accept", "call.negotiate")
        setup, *phases = await arrived(otlp, *names)
        assert setup.parent == ""
        assert {phase.parent for phase in phases} == {setup.span_id}
        assert {phase.trace_id for phase in phases} == {setup.trace_id}
        assert setup.attributes["ringline.call.id"] == call_id
        assert setup.attributes["ringline.call.type"] == "video"
        assert not setup.failed
        assert "error.type" not in setup.attributes

    async def test_the_phases_follow_one_another_and_end_with_the_answer(
        self, traced: TestService, otlp: Receiver
    ):
        alice, bob = await traced.join("alice"), await traced.join("bob")
        await connected(traced, alice, bob)  # and it is still up
        setup, ring, negotiate = await arrived(otlp, "call.setup", "call.ring", "call.negotiate")
        assert setup.since <= ring.since <= ring.until <= negotiate.since
        assert negotiate.since <= negotiate.until <= setup.until
        assert otlp.named("call.end") == []

    async def test_the_store_stands_below_what_asked_it(self, traced: TestService, otlp: Receiver):
        await hung_up(traced)
        setup, accept = await arrived(otlp, "call.setup", "call.accept")
        below = {parent: {s.name for s in otlp.children(parent_span)}
                 for parent, parent_span in (("setup", setup), ("accept", accept))}  # fmt: skip
        assert {"store.users.situation", "store.calls.open", "store.calls.swap"} <= below["setup"]
        assert "store.calls.swap" in below["accept"]
        everything = {span.span_id for span in otlp.spans}
        for span in otlp.spans:
            if span.name.startswith("store."):
                assert span.parent in everything

    async def test_candidates_are_counted_and_no_spans(self, traced: TestService, otlp: Receiver):
        await hung_up(traced)
        (setup,) = await arrived(otlp, "call.setup")
        assert setup.attributes["ringline.call.candidates"] == 2
        assert setup.events == ("call.candidates",)
        assert not [span.name for span in otlp.spans if "candidate" in span.name]

    async def test_candidates_are_counted_where_no_answer_comes_too(
        self, traced: TestService, otlp: Receiver
    ):
        alice, bob = await traced.join("alice"), await traced.join("bob")
        call_id = await traced.accepted(alice, bob)
        for number in (1, 2, 3):
            await alice.done("ice:candidate", {"candidate": candidate(number), "callId": call_id})
        await traced.advance(31)
        (setup,) = await arrived(otlp, "call.setup")
        assert setup.attributes["ringline.call.reason"] == "connect_timeout"
        assert setup.attributes["ringline.call.candidates"] == 3
        assert setup.events == ("call.candidates",)

    async def test_glare_is_one_set_up_which_the_other_initiate_accepts(
        self, traced: TestService, otlp: Receiver
    ):
        alice = await traced.join("alice", features=["resume"])
        bob = await traced.join("bob", features=["resume"])
        call_id = await traced.call(alice, bob)
        met = await bob.done("call:initiate", {"to": "alice", "callType": "video"})
        assert met["callId"] == call_id
        await alice.done("call:end", {"callId": call_id})
        setup, accept, glare = await arrived(otlp, "call.setup", "call.accept", "call.glare")
        assert accept.parent == setup.span_id
        assert glare.links == ((setup.trace_id, setup.span_id),)
        assert glare.trace_id != setup.trace_id
        assert not glare.failed

    async def test_each_call_has_its_own(self, traced: TestService, otlp: Receiver):
        users = [await traced.join(f"u{number}") for number in range(6)]
        pairs = list(zip(users[::2], users[1::2], strict=True))
        ids = await asyncio.gather(*(connected(traced, *pair) for pair in pairs))
        await until(lambda: len(otlp.named("call.setup")) == len(pairs))
        setups = otlp.named("call.setup")
        assert {setup.attributes["ringline.call.id"] for setup in setups} == set(ids)
        assert len({setup.trace_id for setup in setups}) == len(pairs)
        for setup in setups:
            phases = sorted(s.name for s in otlp.children(setup) if s.name.startswith("call."))
            assert phases == ["call.accept", "call.negotiate", "call.ring"]

    async def test_names_the_service_and_its_node(self, traced: TestService, otlp: Receiver):
        await hung_up(traced)
        (setup,) = await arrived(otlp, "call.setup")
        assert setup.resource["service.name"] == "ringline"
        assert setup.resource["service.version"]
        assert setup.resource["host.name"]

    async def test_nothing_stays_open(self, traced: TestService, otlp: Receiver):
        await hung_up(traced)
        tracing = traced.node.traces.calls
        await arrived(otlp, "call.end")
        assert len(tracing) == 0  # type: ignore[arg-type]


class TestLater:
    async def test_the_end_is_a_trace_of_its_own_linked_to_the_setup(
        self, traced: TestService, otlp: Receiver
    ):
        call_id = await hung_up(traced)
        setup, end = await arrived(otlp, "call.setup", "call.end")
        assert end.parent == ""
        assert end.trace_id != setup.trace_id
        assert end.links == ((setup.trace_id, setup.span_id),)
        assert end.attributes["ringline.call.id"] == call_id
        assert end.attributes["ringline.call.reason"] == "completed"
        assert not end.failed

    async def test_so_is_a_renegotiation(self, traced: TestService, otlp: Receiver):
        alice, bob = await traced.join("alice"), await traced.join("bob")
        call_id = await connected(traced, alice, bob)
        await bob.done("call:offer", {"offer": OFFER, "callId": call_id})
        setup, again = await arrived(otlp, "call.setup", "call.renegotiate")
        assert again.links == ((setup.trace_id, setup.span_id),)
        assert again.trace_id != setup.trace_id

    async def test_a_call_that_ends_in_its_setup_has_no_trace_more(
        self, traced: TestService, otlp: Receiver
    ):
        alice, bob = await traced.join("alice"), await traced.join("bob")
        call_id = await traced.call(alice, bob)
        await alice.done("call:end", {"callId": call_id})
        (setup,) = await arrived(otlp, "call.setup")
        assert setup.attributes["ringline.call.reason"] == "cancelled"
        assert not setup.failed
        assert otlp.named("call.end") == []


class TestClientsContext:
    async def test_is_linked_and_never_parent(self, traced: TestService, otlp: Receiver):
        alice, _bob = await traced.join("alice"), await traced.join("bob")
        meta = {"traceparent": TRACEPARENT}
        call = {"to": "bob", "callType": "audio", "_meta": meta}
        answer = await alice.done("call:initiate", call)
        await alice.done("call:end", {"callId": answer["callId"]})
        (setup,) = await arrived(otlp, "call.setup")
        _, trace_id, span_id, _ = TRACEPARENT.split("-")
        assert setup.links == ((trace_id, span_id),)
        assert setup.parent == ""
        assert setup.trace_id != trace_id

    async def test_that_came_with_the_connect_is_linked_where_the_call_brings_none(
        self, traced: TestService, otlp: Receiver
    ):
        other = TRACEPARENT.replace("0af7", "0bf7")
        await traced.join("bob")
        alice = traced._kept(await Client.open(traced.port))
        await alice.send("40" + json.dumps({"token": token("alice"), "traceparent": TRACEPARENT}))
        await alice.done("user:join", {"userId": "alice"})
        for meta in ({}, {"_meta": {"traceparent": other}}):
            call = {"to": "bob", "callType": "audio", **meta}
            answer = await alice.done("call:initiate", call)
            await alice.done("call:end", {"callId": answer["callId"]})
        await until(lambda: len(otlp.named("call.setup")) == 2)
        linked = [setup.links[0][0] for setup in otlp.named("call.setup")]
        assert linked == [text.split("-")[1] for text in (TRACEPARENT, other)]

    @pytest.mark.parametrize("wrong", [7, "0" * 65])
    async def test_that_came_with_the_connect_and_is_none_is_ignored(
        self, traced: TestService, otlp: Receiver, wrong: object
    ):
        await traced.join("bob")
        alice = traced._kept(await Client.open(traced.port))
        await alice.send("40" + json.dumps({"token": token("alice"), "traceparent": wrong}))
        await alice.done("user:join", {"userId": "alice"})
        await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        await alice.close()
        (setup,) = await arrived(otlp, "call.setup")
        assert setup.links == ()

    @pytest.mark.parametrize("wrong", ["", "hello", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
    async def test_that_is_none_links_nothing(
        self, traced: TestService, otlp: Receiver, wrong: str
    ):
        alice, _bob = await traced.join("alice"), await traced.join("bob")
        call = {"to": "bob", "callType": "audio", "_meta": {"traceparent": wrong}}
        answer = await alice.done("call:initiate", call)
        await alice.done("call:end", {"callId": answer["callId"]})
        (setup,) = await arrived(otlp, "call.setup")
        assert setup.links == ()


class TestTogether:
    async def test_summary_and_exemplar_have_the_traces_id(
        self, traced: TestService, otlp: Receiver, lines: Lines
    ):
        await hung_up(traced)
        (setup,) = await arrived(otlp, "call.setup")
        await until(lambda: lines.of("call.summary"))
        (summary,) = lines.of("call.summary")
        assert summary["trace_id"] == setup.trace_id
        exposed = await exposition(traced)
        for family in ("ringline_call_setup_seconds_bucket", "ringline_calls_total"):
            wanted = f'# {{trace_id="{setup.trace_id}"}}'
            assert any(
                line.startswith(family) and wanted in line for line in exposed.splitlines()
            ), family

    async def test_media_have_the_calls_trace_as_exemplar(
        self, traced: TestService, otlp: Receiver
    ):
        alice, bob = await traced.join("alice"), await traced.join("bob")
        call_id = await connected(traced, alice, bob)
        stats = {"path": "direct", "rttMs": 40, "jitterMs": 3, "lossRatio": 0.01}
        report = {"callId": call_id, "state": "connected", "stats": stats}
        await alice.done("call:media", report)
        await alice.done("call:end", {"callId": call_id})
        (setup,) = await arrived(otlp, "call.setup")
        exposed = await exposition(traced)
        for family in ("connect_seconds", "rtt_seconds", "packet_loss_ratio", "mos"):
            wanted = re.compile(
                rf'^ringline_media_{family}_bucket.* # {{trace_id="{setup.trace_id}"}}',
                re.MULTILINE,
            )
            assert wanted.search(exposed), family

    async def test_lines_within_a_traced_call_have_its_span(
        self, traced: TestService, otlp: Receiver, lines: Lines
    ):
        await hung_up(traced)
        setup, accept = await arrived(otlp, "call.setup", "call.accept")
        of_the_call = lines.of("call.state")
        assert {line["trace_id"] for line in of_the_call} == {setup.trace_id}
        begun, accepted = of_the_call[0], next(s for s in of_the_call if s["state"] == "connecting")
        assert begun["span_id"] == setup.span_id
        assert accepted["span_id"] == accept.span_id
        assert all(line["node"] == setup.resource["host.name"] for line in lines.all())


class TestSampled:
    """What names a trace names one that was exported."""

    @pytest.mark.parametrize("share", ["0.5", "0"])
    async def test_a_share_of_the_calls_is_traced_and_of_the_rest_nothing(
        self, otlp: Receiver, lines: Lines, monkeypatch: pytest.MonkeyPatch, share: str
    ):
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
        async with running() as service:
            alice, bob = await service.join("alice"), await service.join("bob")
            for _ in range(6):
                call_id = await connected(service, alice, bob)
                await alice.done("call:offer", {"offer": OFFER, "callId": call_id})
                await alice.done("call:end", {"callId": call_id})
                await bob.next("call:ended")
            exposed = await exposition(service)
        sampled = {setup.trace_id for setup in otlp.named("call.setup")}
        told = [line["trace_id"] for line in lines.of("call.summary")]
        assert len(told) == 6
        assert {trace_id for trace_id in told if trace_id} == sampled
        for later in (*otlp.named("call.end"), *otlp.named("call.renegotiate")):
            assert {trace_id for trace_id, _ in later.links} <= sampled
            assert later.links
        assert set(re.findall(r'# {trace_id="(\w+)"}', exposed)) <= sampled
        everything = sampled | {span.trace_id for span in otlp.spans}
        assert {line["trace_id"] for line in lines.all() if line.get("trace_id")} <= everything


class TestUsers:
    @pytest.mark.parametrize(("mode", "shown"), [("plain", True), ("hmac", False), ("none", False)])
    async def test_stand_in_it_as_in_logs(
        self, otlp: Receiver, lines: Lines, mode: str, *, shown: bool
    ):
        async with running(log_user=mode) as service:
            await hung_up(service)
            (setup,) = await arrived(otlp, "call.setup")
            (summary,) = lines.of("call.summary")
        assert setup.attributes.get("ringline.caller") == summary["caller"]
        assert setup.attributes.get("ringline.callee") == summary["callee"]
        assert (summary["caller"] == "alice") is shown
        assert any(b"alice" in raw for raw in otlp.raw) is shown


@pytest.mark.usefixtures("lines")
class TestNobodyThere:
    """Calls go on, and the end is not held up for as long as the exporter tries."""

    @pytest.fixture(autouse=True)
    async def trying_for_a_while(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "6")
        yield
        await until(lambda: not exporting(), "the exporter to give up")

    async def test_where_nobody_answers(self, monkeypatch: pytest.MonkeyPatch):
        with open_but_silent() as port:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
            async with running() as service:
                await hung_up(service)
                await until(exporting)
                since = time.monotonic()
            assert 2 < time.monotonic() - since < 5

    async def test_where_nobody_listens(self, monkeypatch: pytest.MonkeyPatch):
        with open_but_silent() as port:
            pass
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        async with running() as service:
            await hung_up(service)
            since = time.monotonic()
        assert time.monotonic() - since < 5


def exporting() -> bool:
    """Whether a thread still tries to send spans."""
    return any(thread.name.startswith("OtelBatch") for thread in threading.enumerate())


class TestOff:
    def test_nothing_of_the_sdk_is_loaded(self):
        script = (
            "import sys, os\n"
            "from service.node import Node\n"
            "from service.settings import Settings\n"
            "from tests.support.service import SECRET\n"
            "Node(Settings(jwt_secret=SECRET))\n"
            "found = [m for m in sys.modules if m.startswith(('opentelemetry.sdk',\n"
            "    'opentelemetry.exporter', 'google.protobuf'))]\n"
            "sys.exit(str(found) if found else 0)\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stderr

    @pytest.mark.parametrize(
        "off", [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")]
    )
    async def test_the_standard_switches_turn_it_off(
        self, otlp: Receiver, lines: Lines, monkeypatch: pytest.MonkeyPatch, off: tuple[str, str]
    ):
        monkeypatch.setenv(*off)
        async with running() as service:
            await hung_up(service)
        assert otlp.spans == []
        (summary,) = lines.of("call.summary")
        assert summary["trace_id"] is None
        assert summary["span_id"] is None


async def exposition(service: TestService) -> str:
    """What Prometheus gets that asks for exemplars."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    url = f"http://127.0.0.1:{service.admin_port}/metrics"
    async with aiohttp.ClientSession(headers=accept) as http, http.get(url) as answer:
        return await answer.text()


@contextmanager
def open_but_silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port
