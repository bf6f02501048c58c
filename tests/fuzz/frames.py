"""The atheris target: any bytes as a frame, through everything that reads one before a use case.

Run it for as long as you like: `.venv/bin/python -m tests.fuzz.frames -max_total_time=600 CORPUS`;
the arguments are libFuzzer's. Whatever escapes ends it, and its input is written to a file.
"""

import contextlib
import json
import sys

import atheris

with atheris.instrument_imports(include=["service"]):
    from msgspec import UNSET, Raw

    from service.errors import RinglineError
    from service.sessions.reply import Reply
    from service.transport.socketio.packet_receiver import acceptable
    from service.wire.client_events import ClientEvent
    from service.wire.decoding import decode
    from service.wire.packets import PacketType, decode_event, packet_type
    from service.wire.violations import ProtocolError

UNREAD = ("offer", "answer", "candidate", "data", "metadata")


def read(data: bytes) -> None:
    """Read one frame as the service does; what it may be refused with is no finding."""
    try:
        frame = data.decode()
    except UnicodeDecodeError:
        return  # closed by the WebSocket below
    if not acceptable(frame) or frame[0] != "4":
        return
    with contextlib.suppress(ProtocolError):
        if packet_type(frame[1:]) is not PacketType.EVENT:
            return
        packet = decode_event(frame[1:])
        try:
            check(decode(packet.event, packet.payload))
        except RinglineError as refusal:
            Reply(Recipient(), packet).fail(refusal)


def check(message: ClientEvent) -> None:
    """A payload that passes is one that another parser, any receiver's, can read."""
    for payload in [getattr(message, name, UNSET) for name in UNREAD]:
        if isinstance(payload, Raw):
            json.dumps(json.loads(bytes(payload)), ensure_ascii=False).encode()


class Recipient:
    """What the sender is told must be something that it can read."""

    def emit(self, _event: str, payload: bytes) -> None:
        """An event."""
        json.loads(payload)

    def write(self, packet: bytes) -> None:
        """A packet."""
        json.loads(packet[packet.index(b"[") :])


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
