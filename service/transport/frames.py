"""The frames of a connection: which a client may send, and the codes that a WebSocket ends with."""

from service.wire.rules import Rule

# WebSocket close codes (RFC 6455, 7.4.1).
NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
INVALID_TEXT = 1007
POLICY_VIOLATION = 1008
"""For a peer that breaks the protocol."""
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011


def acceptable(frame: str) -> bool:
    """Whether a client may send this Engine.IO v4 packet: text, of a known kind, not empty.

    A message begins with a digit: what else there is, the libraries would parse as JSON.
    """
    return (frame[:1] == "4" and "0" <= frame[1:2] <= "9") or frame in {"1", "3"}


def rule_against(frame: str) -> Rule:
    """The rule that a frame breaks which no client may send now."""
    if frame == "3":
        return Rule.PONG
    return Rule.BINARY if frame.startswith("b") else Rule.ENGINE_PACKET
