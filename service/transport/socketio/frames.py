"""Engine.IO packets: which a client may send, and which rule another one breaks."""

from service.wire.violations import Rule


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
