"""Socket.IO packets (protocol v5, namespace `/`, text only) to values and back.

https://socket.io/docs/v4/socket-io-protocol/: `<type>[<namespace>,][<ack id>][<JSON array>]`.
"""

from dataclasses import dataclass
from enum import Enum

import msgspec
from msgspec import Raw


class PacketType(Enum):
    """The Socket.IO packet types that a client of ours may send."""

    CONNECT = "0"
    DISCONNECT = "1"
    EVENT = "2"


@dataclass(frozen=True, slots=True)
class EventPacket:
    """One event: its name, its first argument unread, and the id that asks for an answer.

    `size` is the packet's, in bytes of UTF-8.
    """

    event: str
    payload: Raw | None
    ack: int | None
    size: int


class ProtocolError(Exception):
    """The peer does not speak the protocol; the connection cannot go on."""


_TYPES = {kind.value: kind for kind in PacketType}
_decode_usual = msgspec.json.Decoder(tuple[str, Raw]).decode
_decode = msgspec.json.Decoder(list[Raw]).decode
_decode_name = msgspec.json.Decoder(str).decode
_MOST_ACK_DIGITS = 15  # a JavaScript number's safe integers
_MOST_NAME = 64


def packet_type(packet: str) -> PacketType:
    """Tell what kind of packet this is; raises `ProtocolError` on any other kind."""
    kind = _TYPES.get(packet[:1])
    if kind is None:
        raise ProtocolError("unexpected Socket.IO packet type")
    return kind


def decode_event(packet: str) -> EventPacket:
    """Decode an EVENT packet of the main namespace; the payload stays unread.

    Raises:
        ProtocolError: it is not one.
    """
    if packet.startswith('2["'):  # no answer is asked for, as with nine in ten: in one pass
        try:
            event, payload = _decode_usual(packet[1:])
        except (msgspec.DecodeError, ValueError, RecursionError):
            return _decode_any(packet)
        if len(event) <= _MOST_NAME:
            return EventPacket(event, payload, None, size_of(packet))
    return _decode_any(packet)


def _decode_any(packet: str) -> EventPacket:
    start = packet.find("[", 1)
    prefix = packet[1:start].removeprefix("/,")
    well_formed = packet[:1] == PacketType.EVENT.value and start > 0
    if not well_formed or not (prefix == "" or (prefix.isascii() and prefix.isdigit())):
        raise ProtocolError("malformed Socket.IO packet")
    if len(prefix) > _MOST_ACK_DIGITS:
        raise ProtocolError("acknowledgement id too long")
    try:
        name, *arguments = _decode(packet[start:])
        event = _decode_name(name)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ProtocolError("malformed Socket.IO event") from None
    if len(event) > _MOST_NAME:
        raise ProtocolError("event name too long")
    payload = arguments[0] if arguments else None
    return EventPacket(event, payload, int(prefix) if prefix else None, size_of(packet))


def size_of(packet: str) -> int:
    """Bytes of UTF-8."""
    return len(packet) if packet.isascii() else len(packet.encode())


def encode_event(event: str, payload: bytes) -> bytes:
    """An EVENT packet with one argument, its JSON ready."""
    return b'2["%b",%b]' % (event.encode(), payload)


def encode_ack(ack: int, payload: bytes) -> bytes:
    """An ACK packet with one argument, its JSON ready."""
    return b"3%d[%b]" % (ack, payload)


def ok(fields: bytes) -> bytes:
    """`{"ok": true, …}` with the fields of a JSON object."""
    return b'{"ok":true}' if fields == b"{}" else b'{"ok":true,' + fields[1:]


def failed(error: bytes) -> bytes:
    """`{"ok": false, "error": …}` around an error's JSON object."""
    return b'{"ok":false,"error":%b}' % error
