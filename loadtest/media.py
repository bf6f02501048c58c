"""Offers, answers and candidates of the size that browsers send, each with the time it was sent.

The time stands where RFC 8866 (5.13) and RFC 8839 (5.1) let anyone add what a receiver passes over:
in an attribute of the SDP, and in an extension of the candidate.
"""

import re
import time
from typing import Any, Literal

CANDIDATES = 12
"""How many a side trickles: host, server-reflexive and relayed ones, by UDP and TCP."""

_SENT = re.compile(r"x-sent[ :](\d+)")
_AUDIO = {111: "opus/48000/2", 63: "red/48000/2", 9: "G722/8000", 0: "PCMU/8000", 8: "PCMA/8000"}
_VIDEO = ("VP8", "VP9", "H264", "AV1")
_RESILIENCE = ("rtx", "red", "ulpfec")
_FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
_EXTENSIONS = ("toffset", "abs-send-time", "video-orientation", "playout-delay", "color-space")


def description(kind: Literal["offer", "answer"], call_type: str) -> dict[str, str]:
    """A session description to send now: some 2 KB for audio, 6 KB with video."""
    lines = [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        f"a=x-sent:{_now_us()}",
        *_section("audio", {**_AUDIO, **{n: f"telephone-event/{n}" for n in (110, 126)}}, ()),
    ]
    if call_type == "video":
        lines += _section("video", _video(), _FEEDBACK)
    return {"type": kind, "sdp": "\r\n".join(lines) + "\r\n"}


def candidate(number: int) -> dict[str, Any]:
    """The candidate of this number, to send now."""
    kind = ("host", "srflx", "relay")[number % 3]
    by = "udp" if number < CANDIDATES // 2 else "tcp"
    related = "" if kind == "host" else " raddr 10.0.0.17 rport 46154"
    text = (
        f"candidate:{842163049 + number} 1 {by} {1677729535 - number} 203.0.113.77 {46154 + number}"
        f" typ {kind}{related} generation 0 ufrag EEtu network-id 3 network-cost 10"
        f" x-sent {_now_us()}"
    )
    return {"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "EEtu"}


def sent_at(payload: dict[str, Any]) -> float:
    """When what an event of the relay carries was sent from here (`time.perf_counter`)."""
    carried = next(payload[key] for key in ("candidate", "offer", "answer") if key in payload)
    sent = _SENT.search(carried.get("sdp") or carried["candidate"])
    assert sent, carried
    return int(sent[1]) / 1_000_000


def _now_us() -> int:
    return time.perf_counter_ns() // 1000


def _video() -> dict[int, str]:
    codecs = [codec for name in _VIDEO for codec in (name, *_RESILIENCE)]
    return {96 + number: f"{codec}/90000" for number, codec in enumerate(codecs)}


def _section(kind: str, codecs: dict[int, str], feedback: tuple[str, ...]) -> list[str]:
    lines = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, codecs))}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=ice-ufrag:EEtu",
        "a=ice-pwd:2pMWRpKlVcXHJ0Sm4wYOwnEi",
        "a=ice-options:trickle",
        "a=fingerprint:sha-256 " + ":".join(f"{byte:02X}" for byte in range(100, 132)),
        "a=setup:actpass",
        f"a=mid:{0 if kind == 'audio' else 1}",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=msid:stream-{kind} 3c6a5dbb-97f4-4a5a-8b7d-2b1f6d2c9a10",
    ]
    lines += [
        f"a=extmap:{number} http://www.webrtc.org/experiments/rtp-hdrext/{name}"
        for number, name in enumerate(_EXTENSIONS, 1)
    ]
    for number, codec in codecs.items():
        lines.append(f"a=rtpmap:{number} {codec}")
        lines += [f"a=rtcp-fb:{number} {name}" for name in feedback]
        lines.append(f"a=fmtp:{number} minptime=10;useinbandfec=1;level-asymmetry-allowed=1")
    lines += [f"a=ssrc:{number} cname:Zx7pYt0nJq3uC1Vd" for number in (1001, 1002)]
    return lines
