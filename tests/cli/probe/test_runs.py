"""Whole runs: each step that can fail does, is told by name, and leaves nothing behind."""

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from service.app import serving
from service.clock import wall_clock
from service.settings import Settings
from tests.cli.probe.trying import (
    SOON_S,
    aim,
    emptied,
    failure,
    how_calls_ended,
    missed,
    probed,
    problem,
    results,
    spoiled,
    without,
)
from tests.support.coturn import coturn
from tests.support.process import process
from tests.support.service import SECRET, running, token
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

TURN_SECRET, OTHER = "north-" + "n" * 32, "south-" + "s" * 32
ALL = ["connect", "call", "relay", "turn", "hang-up"]


@pytest.fixture(scope="module")
def turn():
    with coturn(TURN_SECRET) as server:
        yield server


class TestItWorks:
    async def test_every_step_of_it(self, turn):
        async with running(turn_secret=[TURN_SECRET], turn_urls=[turn.url]) as service:
            report = await probed(aim(service.url))
            assert results(report) == [(step, "ok") for step in ALL]
            assert report.ok
            assert all(0 < step.seconds < 5 for step in report.steps)
            await emptied(service)
            assert how_calls_ended(service) == ["completed"]

    async def test_without_a_turn_server_that_step_is_skipped(self, service):
        report = await probed(aim(service.url))
        assert report.ok
        assert results(report) == [(s, "skipped" if s == "turn" else "ok") for s in ALL]
        assert report.steps[3].why == "the service has no TURN server"

    async def test_turn_may_be_left_out(self):
        unreachable = {"turn_secret": [OTHER], "turn_urls": ["turn:127.0.0.1:1"]}
        async with running(**unreachable) as service:
            report = await probed(aim(service.url, "--no-turn"))
        assert report.ok
        assert report.steps[3].why == "--no-turn"

    async def test_stun_alone_is_no_turn(self):
        async with running(stun_urls=["stun:127.0.0.1:1"]) as service:
            report = await probed(aim(service.url))
        assert dict(results(report))["turn"] == "skipped"

    async def test_with_tokens_of_ones_own(self, service):
        tokens = ("--token-a", token("alice"), "--token-b", token("bob"))
        assert (await probed(aim(service.url, *tokens, key=None))).ok
        (call,) = service.calls._calls.values()
        assert (call.caller, call.callee) == ("alice", "bob")

    async def test_its_own_users_are_to_be_told_from_others(self, service):
        await probed(aim(service.url))
        (call,) = service.calls._calls.values()
        assert call.caller.startswith("ringline-probe-a-")
        assert call.callee.startswith("ringline-probe-b-")

    async def test_a_target_keeps_its_users_and_another_has_others(self, service):
        first, second = aim(service.url), aim(service.url)
        for at in (first, first, second):
            assert (await probed(at)).ok
        callers = [call.caller for call in service.calls._calls.values()]
        assert callers[0] == callers[1] != callers[2]

    async def test_issuer_and_audience(self):
        async with running(jwt_issuer="https://id.example.org", jwt_audience="calls") as service:
            said = ("--issuer", "https://id.example.org", "--audience", "calls")
            assert (await probed(aim(service.url, *said))).ok
            step, why = failure(await probed(aim(service.url)))
            assert step == "connect"
            assert "unauthenticated" in why


class TestOverTls:
    @pytest.fixture
    async def secure(self, tmp_path: Path):
        leaf = trustme.CA().issue_cert("127.0.0.1")
        chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        key.write_bytes(leaf.private_key_pem.bytes())
        keys = (SecretStr(SECRET),)
        settings = Settings(host=("127.0.0.1",), port=0, admin_port=0, jwt_secret=keys)
        async with serving(settings, tls=(str(chain), str(key))) as node:
            yield f"https://127.0.0.1:{node.port}"

    async def test_a_certificate_that_nobody_trusts_is_refused(self, secure):
        step, why = failure(await probed(aim(secure)))
        assert step == "connect"
        assert "certificate is not trusted" in why
        assert "--insecure" in why

    async def test_unless_any_will_do(self, secure):
        report = await probed(aim(secure, "--insecure"))
        assert report.ok
        assert ("turn", "skipped") in results(report)  # which took a GET over https


class TestConnectFails:
    async def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        step, why = failure(await probed(aim(f"http://127.0.0.1:{port}")))
        assert (step, why) == ("connect", "it cannot be reached (refused)")

    async def test_nobody_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            report = await probed(aim(url, patience_s=SOON_S))
        assert failure(report) == ("connect", "it does not answer")
        assert SOON_S <= report.steps[0].seconds < SOON_S + 10

    async def test_an_unknown_host(self):
        step, why = failure(await probed(aim("http://calls.invalid")))
        assert step == "connect"
        assert why.startswith("it cannot be reached (")

    async def test_something_else_answers(self):
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example.org ESMTP\r\n")
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            report = await probed(aim(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        assert failure(report) == ("connect", "what answers there speaks no WebSocket")

    async def test_a_wrong_key(self, service):
        report = await probed(aim(service.url, key=OTHER))
        step, why = failure(report)
        assert step == "connect"
        assert why.startswith("the caller is refused: unauthenticated (")
        assert results(report) == [("connect", "failed")]
        await emptied(service)

    async def test_an_expired_token(self, service):
        tokens = ("--token-a", token("alice"), "--token-b", token("bob", lifetime=-60, iat=1))
        step, why = failure(await probed(aim(service.url, *tokens, key=None)))
        assert step == "connect"
        assert why.startswith("the callee is refused: ")
        await emptied(service)

    async def test_a_service_that_is_full(self):
        async with running(max_connections=1) as service:
            step, why = failure(await probed(aim(service.url)))
            assert (step, why) == ("connect", "the callee is refused: HTTP 503, server_draining")
            await emptied(service)

    async def test_a_callee_with_ten_sessions_has_one_more(self, service):
        for _ in range(10):
            await service.join("bob")
        tokens = ("--token-a", token("alice"), "--token-b", token("bob"))
        assert (await probed(aim(service.url, *tokens, key=None))).ok

    async def test_a_join_that_is_refused(self, service):
        refusal = '431[{"ok":false,"error":{"code":"forbidden","message":"Not this user."}}]'

        async with spoiled(
            service.port, lambda frame: refusal if frame.startswith("431[") else frame
        ) as url:
            step, why = failure(await probed(aim(url)))
        assert step == "connect"
        assert why.startswith("the caller's user:join is refused: forbidden (")

    async def test_a_connection_that_is_cut(self, service):
        def spoil(frame: str) -> str | None:
            return "4nonsense" if frame.startswith("40") else frame

        async with spoiled(service.port, spoil) as url:
            lacking = "the caller gets no answer to CONNECT within {s}"
            await missed("connect", lacking, lambda s: aim(url, patience_s=s))

    @pytest.mark.parametrize("frame", ["42{}", "43x[", "43", "427", '42[{"a":1}]'])
    async def test_frames_that_are_no_socket_io(self, service, frame):
        def spoil(passing: str) -> str:
            return frame if passing.startswith("43") else passing

        async with spoiled(service.port, spoil) as url:
            step, why = failure(await probed(aim(url)))
        assert step == "connect"
        assert why.endswith("what comes is not Socket.IO")
        await emptied(service)

    @pytest.mark.parametrize("answer", ["[]", "[{}]", "[null]", '[{"ok":false}]', '["no"]'])
    async def test_answers_that_are_not_ours(self, service, answer):
        def spoil(frame: str) -> str:
            return f"431{answer}" if frame.startswith("431[") else frame

        async with spoiled(service.port, spoil) as url:
            step, why = failure(await probed(aim(url)))
        assert step == "connect"
        assert "not Ringline" in why or "not Socket.IO" in why
        await emptied(service)


class TestCallFails:
    async def test_a_limit_refuses_the_call(self, service):
        tokens = ("--token-a", token("alice"), "--token-b", token("bob"))
        at = aim(service.url, *tokens, key=None)
        for _ in range(6):
            assert (await probed(at)).ok
        report = await probed(at)
        step, why = failure(report)
        assert step == "call"
        assert why.startswith("the caller's call:initiate is refused: rate_limited (")
        assert results(report) == [("connect", "ok"), ("call", "failed")]
        await emptied(service)

    async def test_the_callee_is_busy(self, service):
        carol, bob = await service.join("carol"), await service.join("bob")
        await service.accepted(carol, bob)
        tokens = ("--token-a", token("alice"), "--token-b", token("bob"))
        step, why = failure(await probed(aim(service.url, *tokens, key=None)))
        assert step == "call"
        assert why.startswith("the caller's call:initiate is refused: user_busy (")
        assert len(service.calls.live()) == 1  # theirs

    @pytest.mark.parametrize(
        ("lost", "who", "ended"),
        [
            ("call:incoming", "callee", "cancelled"),
            ("call:accepted", "caller", "completed"),
            ("call:offer", "callee", "completed"),
            ("call:answer", "caller", "completed"),
        ],
    )
    async def test_an_event_is_lost(self, service, lost, who, ended):
        async with spoiled(service.port, without(lost)) as url:
            lacking = f"the {who} gets no {lost} within {{s}}"
            await missed("call", lacking, lambda s: aim(url, patience_s=s))
        await emptied(service)
        assert how_calls_ended(service)[-1] == ended

    async def test_an_offer_that_arrives_altered(self, service):
        async with spoiled(service.port, lambda frame: frame.replace("v=0", "v=1")) as url:
            step, why = failure(await probed(aim(url)))
        assert (step, why) == ("call", "call:offer arrives altered")
        await emptied(service)


class TestRelayFails:
    async def test_a_candidate_is_lost(self, service):
        async with spoiled(service.port, without("ice:candidate")) as url:
            lacking = "the callee gets no ice:candidate within {s}"
            report = await missed("relay", lacking, lambda s: aim(url, patience_s=s))
        assert results(report) == [("connect", "ok"), ("call", "ok"), ("relay", "failed")]
        await emptied(service)
        assert how_calls_ended(service)[-1] == "completed"

    async def test_the_service_stops(self):
        relaying = asyncio.Event()

        def spoil(frame: str) -> str | None:
            if "ice:candidate" in frame:
                relaying.set()
                return None
            return frame

        async with process() as service, spoiled(service.port, spoil) as url:
            probing = asyncio.create_task(probed(aim(url)))
            await relaying.wait()
            service.process.terminate()
            step, why = failure(await probing)
            assert await service.status() == 0
        assert step == "relay"
        assert why.startswith("the callee gets no ice:candidate: the connection was closed with 1")


class TestTurnFails:
    async def test_a_wrong_secret_is_named(self, turn):
        async with running(turn_secret=[OTHER], turn_urls=[turn.url]) as service:
            report = await probed(aim(service.url))
            step, why = failure(report)
            assert step == "turn"
            assert why.startswith(f"{turn.url}, allocate: it refuses the credential (401)")
            assert results(report)[:3] == [(s, "ok") for s in ALL[:3]]
            await emptied(service)
            assert how_calls_ended(service) == ["completed"]

    async def test_a_server_that_has_gone(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            url = f"turn:127.0.0.1:{silent.getsockname()[1]}"
            async with running(turn_secret=[TURN_SECRET], turn_urls=[url]) as service:
                lacking = f"{url}, allocate: it does not answer (timeout)"
                await missed("turn", lacking, lambda s: aim(service.url, patience_s=s))
                await emptied(service)

    async def test_a_policy_against_its_own_address(self):
        denied = "denied-peer-ip=127.0.0.0-127.255.255.255"
        with coturn(TURN_SECRET, extra=[denied]) as strict:
            async with running(turn_secret=[TURN_SECRET], turn_urls=[strict.url]) as service:
                step, why = failure(await probed(aim(service.url)))
        assert step == "turn"
        assert "relay: it relays, but not to its own address (403)" in why
        assert "allowed-peer-ip" in why

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            (problem(503, "store_unavailable"), "GET /v1/ice is refused: HTTP 503, store_unavail"),
            ((404, b"<html>"), "GET /v1/ice is refused: HTTP 404"),
            ((500, b"[]"), "GET /v1/ice is refused: HTTP 500"),
            ((200, b"<html>"), "what answers there is not Ringline"),
            ((200, b'{"iceServers":[{}]}'), "what answers there is not Ringline"),
            ((200, b"[]"), "what answers there is not Ringline"),
        ],
    )
    async def test_the_service_hands_out_nothing(self, service, answer, why):
        def http(path: str) -> tuple[int, bytes] | None:
            return answer if path == "/v1/ice" else None

        async with spoiled(service.port, lambda frame: frame, http) as url:
            step, told = failure(await probed(aim(url)))
        assert step == "turn"
        assert told.startswith(why)
        await emptied(service)

    async def test_no_credential_or_token_is_told(self, turn):
        async with running(turn_secret=[OTHER], turn_urls=[turn.url]) as service:
            at = aim(service.url)
            caller, callee = at.users(wall_clock() // 1000)
            report = await probed(replace(at, users=lambda _now: (caller, callee)))
        told = json.dumps([(step.name, step.why) for step in report.steps])
        for secret in (OTHER, SECRET, caller.token, callee.token, "eyJ"):
            assert secret not in told
        assert caller.token not in repr(caller)

    async def test_heartbeats_are_answered_meanwhile(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            turn = f"turn:127.0.0.1:{silent.getsockname()[1]}"
            quick = {"ping_interval": 1, "ping_timeout": 1}
            async with running(turn_secret=[OTHER], turn_urls=[turn], **quick) as service:
                report = await probed(aim(service.url, patience_s=3.0))
                assert failure(report)[0] == "turn"
                await emptied(service)
                assert how_calls_ended(service) == ["completed"]


class TestHangUpFails:
    async def test_nobody_hears_of_it(self, service):
        async with spoiled(service.port, without("call:ended")) as url:
            lacking = "the callee gets no call:ended within {s}"
            report = await missed("hang-up", lacking, lambda s: aim(url, "--no-turn", patience_s=s))
        assert [result for _, result in results(report)] == ["ok"] * 3 + ["skipped", "failed"]
        await emptied(service)

    async def test_it_had_ended_otherwise(self, service):
        def spoil(frame: str) -> str:
            return frame.replace('"completed"', '"connection_lost"')

        async with spoiled(service.port, spoil) as url:
            step, why = failure(await probed(aim(url, "--no-turn")))
        assert (step, why) == ("hang-up", "the call had ended already: connection_lost")


class TestStopping:
    async def test_a_run_that_is_cancelled_leaves_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            url = f"turn:127.0.0.1:{silent.getsockname()[1]}"
            async with running(turn_secret=[TURN_SECRET], turn_urls=[url]) as service:
                probing = asyncio.create_task(probed(aim(service.url)))
                await until(lambda: _has_datagram(silent), "the TURN step")
                assert len(service.calls.live()) == 1
                probing.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await probing
                await emptied(service)
                assert how_calls_ended(service) == ["completed"]


def _has_datagram(listener: socket.socket) -> bool:
    try:
        return bool(listener.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False
