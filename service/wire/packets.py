"""Socket.IO packets (protocol v5, namespace `/`, text only) to values and back.

https://socket.io/docs/v4/socket-io-protocol/: `<type>[<namespace>,][<ack id>][<JSON array>]`.
"""

import re
from enum import Enum
from typing import NamedTuple

import msgspec
from msgspec import Raw

from service.wire.violations import ProtocolError, Rule


class PacketType(Enum):
    """The Socket.IO packet types that a client of ours may send."""

    CONNECT = "0"
    DISCONNECT = "1"
    EVENT = "2"


class EventPacket(NamedTuple):
    """One event: its name, its first argument unread, and the id that asks for an answer.

    Where what follows the name is no JSON, `payload` is all of that behind a comma: no decoder
    takes it, so that the event is answered as any with a bad payload. `size` is the packet's, in
    bytes of UTF-8.
    """

    event: str
    payload: Raw | None
    ack: int | None
    size: int


_TYPES = {kind.value: kind for kind in PacketType}
_USUAL = re.compile(r'2([0-9]{0,15})(?=\[")')
_decode_usual = msgspec.json.Decoder(tuple[str, Raw]).decode
_decode = msgspec.json.Decoder(list[Raw]).decode
_decode_name = msgspec.json.Decoder(str).decode
_NAME = re.compile(r'\[[ \t\r\n]*("(?:[^"\\]|\\.)*")')
_BINARY = frozenset("56")  # BINARY_EVENT, BINARY_ACK
MOST_VALUES = 2_000
"""Commas in a message of more than 4 KiB."""
ANY_VALUES = 4 * 1024
"""Bytes of a message that may hold as many values as it has room for."""
_MOST_ACK_DIGITS = 15  # a JavaScript number's safe integers
_MOST_NAME = 64


def packet_type(packet: str) -> PacketType:
    """Tell what kind of packet this is; raises `ProtocolError` on any other kind."""
    kind = _TYPES.get(packet[:1])
    if kind is None:
        raise ProtocolError(Rule.BINARY if packet[:1] in _BINARY else Rule.PACKET)
    return kind


def decode_event(packet: str) -> EventPacket:
    """Decode an EVENT packet of the main namespace; the payload stays unread.

    Raises:
        ProtocolError: it is not one.
    """
    usual = _USUAL.match(packet)  # of the main namespace, with one argument: in one pass
    if usual is None:
        return _decode_any(packet)
    try:
        event, payload = _decode_usual(packet[usual.end() :])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _decode_any(packet)
    if len(event) > _MOST_NAME:
        raise ProtocolError(Rule.EVENT_NAME)
    ack = usual[1]
    return EventPacket(event, payload, int(ack) if ack else None, size_of(packet))


def crowded(message: str | bytes) -> bool:
    """Whether a message has more values than anybody needs: to decode them takes milliseconds.

    A comma stands for a value, in a text as well: that takes microseconds to tell.
    """
    if len(message) <= ANY_VALUES:
        return False
    commas = message.count(",") if isinstance(message, str) else message.count(b",")
    return commas > MOST_VALUES


def _decode_any(packet: str) -> EventPacket:
    start = packet.find("[", 1)
    ack = _ack_id(packet, start)
    payload: Raw | None
    try:
        if crowded(packet):  # the name is enough to refuse it
            raise ValueError  # noqa: TRY301
        name, *arguments = _decode(packet[start:])
        event = _decode_name(name)
    except (msgspec.DecodeError, ValueError, RecursionError):
        event, payload = _malformed(packet, start)
    else:
        payload = arguments[0] if arguments else None
    if len(event) > _MOST_NAME:
        raise ProtocolError(Rule.EVENT_NAME)
    return EventPacket(event, payload, ack, size_of(packet))


def _ack_id(packet: str, start: int) -> int | None:
    """The id between the packet's type and its array, which begins at `start`."""
    prefix = packet[1:start].removeprefix("/,")
    if prefix.startswith("/"):
        raise ProtocolError(Rule.NAMESPACE)
    if packet[:1] != PacketType.EVENT.value or start < 1:
        raise ProtocolError(Rule.PACKET)
    if prefix and not (prefix.isascii() and prefix.isdigit() and len(prefix) <= _MOST_ACK_DIGITS):
        raise ProtocolError(Rule.ACK_ID)
    return int(prefix) if prefix else None


def _malformed(packet: str, start: int) -> tuple[str, Raw]:
    """The name in an array that is no JSON, and all that follows it, behind a comma."""
    found = _NAME.match(packet, start)
    if found is None:
        raise ProtocolError(Rule.EVENT_NAME)
    try:
        event = _decode_name(found[1])
    except (msgspec.DecodeError, ValueError):
        raise ProtocolError(Rule.EVENT_NAME) from None
    return event, Raw(b"," + packet[found.end() :].encode(errors="surrogatepass"))


def size_of(packet: str) -> int:
    """Bytes of UTF-8."""
    return len(packet) if packet.isascii() else len(packet.encode(errors="surrogatepass"))


EVENT = b'2["%b",%b]'
"""An EVENT packet, of its event's name and one argument in JSON."""
NUMBERED = b'2["%b",%b,"seq":%d}]'
"""The same with a number: of an event's name, its argument without the last brace, and `seq`."""
ACK = b"3%d[%b]"
"""An ACK packet, of the id that asked for it and one argument in JSON."""
DISCONNECT = b"1"
"""A DISCONNECT packet of the main namespace: socket.io-client stays away until it is told to."""


def ok(fields: bytes) -> bytes:
    """`{"ok": true, …}` with the fields of a JSON object."""
    return b'{"ok":true}' if fields == b"{}" else b'{"ok":true,' + fields[1:]


def failed(error: bytes) -> bytes:
    """`{"ok": false, "error": …}` around an error's JSON object."""
    return b'{"ok":false,"error":%b}' % error
