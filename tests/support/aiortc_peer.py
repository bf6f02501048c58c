"""An independent WebRTC endpoint: aiortc's peer connection behind the tests' raw client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy, RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp

from tests.support.client import Client
from tests.support.waiting import PATIENCE_S, until

"""How long media may take to flow where the cores are shared."""


class AiortcPeer:
    """One side of one call, which talks through relays only.

    Args:
        client: a joined session.
        told: the payload of its `call:initiated` or `call:incoming`, with the ICE servers.
        peer: the user at the other end.
        trickle: whether candidates go one by one, rather than inside the descriptions. aiortc
            itself knows them all before it describes anything.
    """

    def __init__(
        self, client: Client, told: dict[str, Any], peer: str, *, trickle: bool = True
    ) -> None:
        self._client = client
        self._peer = peer
        self._trickle = trickle
        self.pc = RTCPeerConnection(
            RTCConfiguration(
                iceServers=[RTCIceServer(**server) for server in told["iceServers"]],
                iceTransportPolicy=RTCIceTransportPolicy.RELAY,
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            )
        )
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.pc.on("track", lambda track: self.tracks.setdefault(track.kind, track))

    async def offer(self) -> None:
        """Send an offer and take the answer to it."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self._describe("call:offer")
        answer = await self._client.next("call:answer", PATIENCE_S)
        await self.pc.setRemoteDescription(RTCSessionDescription(**answer["answer"]))

    async def answer(self) -> None:
        """Take an offer and send the answer to it."""
        offer = await self._client.next("call:offer", PATIENCE_S)
        await self.pc.setRemoteDescription(RTCSessionDescription(**offer["offer"]))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await self._describe("call:answer")

    async def candidates(self) -> None:
        """Take the other side's candidates up to the end of them."""
        more = True
        while more:
            event = await self._client.next("ice:candidate", PATIENCE_S)
            more = bool(event["candidate"] and event["candidate"]["candidate"])
            await self.pc.addIceCandidate(_candidate(event["candidate"]) if more else None)

    async def connected(self) -> None:
        """Wait until media can flow."""
        await until(lambda: self.pc.connectionState == "connected", "the connection", PATIENCE_S)

    async def decoded(self, kind: str, frames: int) -> None:
        """Wait until so many frames of a received track were decoded."""
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(frames):
                await self.tracks[kind].recv()

    def paths(self) -> set[tuple[str, str]]:
        """The kinds of all candidates that could be in use: (this side's, the other's)."""
        transports = {sender.transport for sender in self.pc.getSenders()}
        if self.pc.sctp is not None:
            transports.add(self.pc.sctp.transport)
        return {
            (local.type, remote.type)
            for ice in (transport.transport for transport in transports)
            for local in ice.iceGatherer.getLocalCandidates()
            for remote in ice.getRemoteCandidates()
        }

    async def _describe(self, event: str) -> None:
        description = self.pc.localDescription
        sdp, candidates = _parted(description.sdp) if self._trickle else (description.sdp, [])
        payload = {"type": description.type, "sdp": sdp}
        await self._client.emit(event, {description.type: payload, "to": self._peer})
        for candidate in candidates:
            await self._client.emit("ice:candidate", {"candidate": candidate, "to": self._peer})
        if self._trickle:
            await self._client.emit("ice:candidate", {"candidate": None, "to": self._peer})


@asynccontextmanager
async def aiortc_peer(
    client: Client, told: dict[str, Any], peer: str, *, trickle: bool = True
) -> AsyncIterator[AiortcPeer]:
    """A peer connection, closed at the end."""
    side = AiortcPeer(client, told, peer, trickle=trickle)
    try:
        yield side
    finally:
        await side.pc.close()


def _candidate(told: dict[str, Any]) -> Any:
    """RTCIceCandidateInit (W3C WebRTC, 4.8.1) as aiortc has it."""
    candidate = candidate_from_sdp(told["candidate"].removeprefix("candidate:"))
    candidate.sdpMid = told.get("sdpMid")
    candidate.sdpMLineIndex = told.get("sdpMLineIndex")
    return candidate


def _parted(sdp: str) -> tuple[str, list[dict[str, Any]]]:
    """A description as it is before anything was gathered, and the candidates that were in it."""
    kept, candidates, section = [], [], -1
    for line in sdp.splitlines(keepends=True):
        section += line.startswith("m=")
        if line.startswith("a=candidate:"):
            candidate = line.strip().removeprefix("a=")
            candidates.append({"candidate": candidate, "sdpMLineIndex": section})
        elif line.strip() != "a=end-of-candidates":
            kept.append(line)
    return "".join(kept), candidates
