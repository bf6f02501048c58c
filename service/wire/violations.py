"""The rules of WebSocket, Engine.IO and Socket.IO that a client can break, by a fixed word each.

Whoever breaks one does not speak the protocol, so that its connection ends. The words stand in
the log and in a metric; docs/protocol.md says what each means.
"""

from enum import StrEnum


class Rule(StrEnum):
    """What a client did not keep to."""

    WEBSOCKET = "websocket"
    """Frames as RFC 6455 has them."""
    UTF8 = "utf8"
    """Text is UTF-8."""
    PING = "ping"
    """A WebSocket's own pings and pongs come now and then, 100 in 10 s at most."""
    TOO_LARGE = "too_large"
    """A message, or a polled body, is no larger than `RINGLINE_MAX_MESSAGE_BYTES`."""
    TOO_SLOW = "too_slow"
    """A polled body comes within 10 s."""
    CONCURRENT = "concurrent"
    """One poll and one polled body at a time."""
    BINARY = "binary"
    """Text packets alone, no attachments."""
    ENGINE_PACKET = "engine_packet"
    """Engine.IO packets that a client sends: a message, a pong, a close."""
    PONG = "pong"
    """A pong answers a ping."""
    UPGRADE = "upgrade"
    """An upgrade is a probe and then the upgrade packet, on a WebSocket that is new."""
    PACKET = "packet"
    """Socket.IO packets that a client sends: CONNECT, DISCONNECT, EVENT."""
    NAMESPACE = "namespace"
    """Only `/` has events."""
    ACK_ID = "ack_id"
    """An acknowledgement id has up to 15 digits."""
    EVENT_NAME = "event_name"
    """An event has a name of up to 64 characters."""
    CONNECT_FIRST = "connect_first"
    """CONNECT comes before any event."""
    CONNECT_ONCE = "connect_once"
    """CONNECT comes once for a namespace, and for a few namespaces only."""


class ProtocolError(Exception):
    """The peer does not speak the protocol; the connection cannot go on."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule = rule
