"""What two browsers send each other, as small as it can be."""

from typing import Any

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\n"}


def candidate(number: int) -> dict[str, Any]:
    """A candidate that can be told from the others."""
    return {"candidate": f"candidate:{number} 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0"}
