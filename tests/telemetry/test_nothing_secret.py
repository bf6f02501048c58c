"""Everything that is logged at debug level and every span, searched for what must not be there."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from service.turn.credentials import password
from tests.support.client import Client
from tests.support.logged import Lines
from tests.support.otlp import Receiver
from tests.support.polling import Polling
from tests.support.process import started
from tests.support.secrets import MARKS, found
from tests.support.service import SECRET, running, token
from tests.support.waiting import PATIENCE_S

TURN_SECRET = "north-of-the-wall-is-a-turn-secret"
FROM = ("127.0.0.77", 0)
SDP_LINES = (
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 203.0.113.7",
    "a=ice-ufrag:F7gIsecret",
    "a=ice-pwd:x9cml/YzichV2+XlhiMu8gsecret",
    "a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B",
)
SDP = "\r\n".join(SDP_LINES) + "\r\n"
CANDIDATE = {
    "candidate": "candidate:1 1 udp 2122 203.0.113.7 9 typ host ufrag F7gIsecret",
    "sdpMid": "0",
}
SIX = {"candidate": "candidate:2 1 udp 2122 2001:db8:77::7 9 typ host", "sdpMid": "0"}
WHISPER = "whispered-between-the-two"
FORGED = token("mallory")[:-4] + "AAAA"
STALE = token("old", iat=1_000_000_000, exp=1_000_003_600)


class Run:
    """A representative run, which keeps every secret that it uses or is given."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.secrets = {SECRET, TURN_SECRET, WHISPER, FROM[0], FORGED, STALE, *SDP_LINES[1:]}

    async def everything(self) -> None:
        """Do what clients do, good and bad."""
        alice, bob = await self._join("alice"), await self._join("bob")
        async with aiohttp.ClientSession() as http:
            await self._come_and_go(http)
            await self._call(alice, bob)
            await self._misunderstand(alice)
            await self._refresh(alice)
            await self._ask(http)
        await alice.close()
        await bob.close()

    def _token(self, user: str, **claims: Any) -> str:
        minted = token(user, **claims)
        self.secrets.update({minted, *minted.split(".")[1:]})
        return minted

    async def _join(self, user: str) -> Client:
        client = await Client.connect(self._port, self._token(user), local_addr=FROM)
        await client.done("user:join", {"userId": user, "fromName": WHISPER})
        client.user = user
        return client

    async def _come_and_go(self, http: aiohttp.ClientSession) -> None:
        for bearer in (None, "", "no.token.atall", FORGED, STALE, self._token("x", aud=WHISPER)):
            refused = await Client.connect(self._port, bearer, local_addr=FROM)
            await refused.close()
        header = {"Authorization": f"Bearer {self._token('carol')}"}
        client = await Client.open(self._port, additional_headers=header, local_addr=FROM)
        await client.send("40")
        await client.until(lambda: client.connected)
        await client.refusal("user:join", {"userId": WHISPER})
        await client.close()
        polling = await Polling.handshake(http, self._port)
        await polling.post("40" + json.dumps({"token": FORGED}))

    async def _call(self, alice: Client, bob: Client) -> None:
        call = {"to": "bob", "callType": "video", "metadata": {"note": WHISPER}}
        call_id = (await alice.done("call:initiate", call))["callId"]
        for told in (await alice.next("call:initiated"), await bob.next("call:incoming")):
            self._keep(told["iceServers"])
        await alice.refusal("call:initiate", {"to": "nobody", "callType": "audio"})
        ref = {"callId": call_id}
        await alice.done("call:offer", {"offer": {"type": "offer", "sdp": SDP}, **ref})
        await bob.done("call:accept", ref)
        await bob.refusal("call:accept", {"callId": call_id + "x"})
        await bob.done("call:answer", {"answer": {"type": "answer", "sdp": SDP}, **ref})
        for candidate in (CANDIDATE, SIX):
            await bob.done("ice:candidate", {"candidate": candidate, **ref})
        await alice.done("call:signal", {"data": {"say": WHISPER}, **ref})
        await alice.done("call:media", {"state": "failed", "stats": {"turnError": 401}, **ref})
        await alice.done("call:offer", {"offer": {"type": "offer", "sdp": SDP}, **ref})
        await alice.done("call:end", ref)
        await bob.refusal("call:answer", {"answer": {"type": "answer", "sdp": SDP}, **ref})

    async def _misunderstand(self, alice: Client) -> None:
        for event, payload in (
            ("call:offer", {"offer": SDP, "to": "bob"}),
            ("call:offer", {"offer": {"type": SDP, "sdp": SDP}, "to": SDP}),
            ("call:initiate", {"to": SDP, "callType": SDP}),
            ("ice:candidate", {"candidate": CANDIDATE["candidate"]}),
            ("auth:refresh", {"token": [self._token("alice")]}),
            (WHISPER, {"token": FORGED}),
        ):
            await alice.refusal(event, payload)
        for frame in (f"42{SDP}", f'42["call:offer",{SDP}', f"4{FORGED}", SDP, SDP.encode()):
            broken = await Client.connect(self._port, self._token("carol"), local_addr=FROM)
            await broken.send(frame)
            await broken.until_closed()

    async def _refresh(self, alice: Client) -> None:
        await alice.done("auth:refresh", {"token": self._token("alice", jti=WHISPER)})
        for bad in (FORGED, STALE, self._token("eve")):
            await alice.refusal("auth:refresh", {"token": bad})

    async def _ask(self, http: aiohttp.ClientSession) -> None:
        url = f"http://127.0.0.1:{self._port}"
        good = {"Authorization": f"Bearer {self._token('alice')}"}
        async with http.get(f"{url}/v1/ice", headers=good) as answer:
            self._keep((await answer.json())["iceServers"])
        async with http.get(f"{url}/turn", headers=good) as answer:
            self.secrets.add((await answer.json())["password"])
        for path, headers in (
            ("/v1/ice", {"Authorization": f"Bearer {FORGED}"}),
            (f"/v1/ice?token={STALE}", {}),
            (f"/v1/calls/{FORGED}", good),
            (f"/{SDP_LINES[2]}", good),
        ):
            async with http.get(url + path, headers=headers) as answer:
                assert answer.status >= 400

    def _keep(self, servers: list[dict[str, Any]]) -> None:
        minted = [server for server in servers if "credential" in server]
        assert minted
        for server in minted:
            self.secrets |= {server["username"], server["credential"]}


async def test_a_process_that_tells_all_it_can_tells_no_secret(tmp_path: Path):
    process = await started(
        tmp_path,
        jwt_secret=SECRET,
        turn_secret=TURN_SECRET,
        turn_urls="turn:127.0.0.88:9",
        log_level="debug",
    )
    assert process.stderr is not None
    try:
        said = await process.stderr.readuntil(b"node.ready")
        said += await process.stderr.readline()
        reading = asyncio.create_task(process.stderr.read())
        run = Run(json.loads(said.splitlines()[-1])["port"])
        await run.everything()
        process.terminate()
        said += await asyncio.wait_for(reading, PATIENCE_S)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    text = said.decode()
    events = {json.loads(line)["event"] for line in text.splitlines()}
    assert {"socket.connected", "socket.rejected", "call.state", "call.summary"} <= events
    assert found(text, run.secrets) == []


async def test_no_span_and_no_line_of_a_traced_service_does(otlp: Receiver, lines: Lines):
    turn = {"turn_secret": (SecretStr(TURN_SECRET),), "turn_urls": ("turn:127.0.0.88:9",)}
    async with running(**turn, turn_probe=False) as service:
        run = Run(service.port)
        await run.everything()
    assert {"call.setup", "call.renegotiate", "call.end"} <= {span.name for span in otlp.spans}
    told = "\n".join(
        json.dumps([span.name, span.attributes, span.events, span.resource]) for span in otlp.spans
    )
    assert found(told, run.secrets) == []
    raw = b"\n".join(otlp.raw)
    assert [secret for secret in run.secrets if secret.encode() in raw] == []
    assert found("\n".join(map(json.dumps, lines.all())), run.secrets) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a token", f"refused {token('alice')}"),
        ("SDP", SDP_LINES[0]),
        ("SDP", SDP_LINES[1]),
        ("SDP", SDP_LINES[2]),
        ("a candidate", CANDIDATE["candidate"]),
        ("an address", "from 127.0.0.77 it came"),
        ("an address", "from 2001:db8:77::7"),
        ("a TURN password", f"password={password(TURN_SECRET.encode(), '1700000000:alice')}"),
        ("a TURN user name", "1795562465:alice"),
    ],
    ids=lambda value: value if value in MARKS else "text",  # which two workers must agree on
)
def test_the_search_finds_what_it_looks_for(what: str, text: str):
    assert any(hit.startswith(what) for hit in found(text))
    assert what in MARKS


def test_the_search_takes_no_line_of_ours_for_a_secret():
    line = {
        "event": "call.summary",
        "timestamp": "2026-11-22T21:17:03.468207Z",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "call_id": "c_01JD9ZB4ZJ",
        "ring_s": 1.25,
    }
    assert found(json.dumps(line)) == []
