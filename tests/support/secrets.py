"""What no log line and no trace may hold, and looking for it."""

import re
from collections.abc import Collection

MARKS = {
    "a token": re.compile(r"eyJ[\w-]{8,}"),
    "SDP": re.compile(r"v=0\b|\b[acmost]=(?:fingerprint|ice-|candidate|audio|video|rtpmap|-)"),
    "a candidate": re.compile(r"candidate:\w+ \d"),
    # But not the network of one, as the log has it.
    "an address": re.compile(
        r"\b(?:\d{1,3}\.){3}(?!0/24\b)\d{1,3}\b"
        r"|\b(?!(?:[0-9a-f]{1,4}:){1,3}:/48\b)[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\b"
    ),
    # The base64 of an HMAC-SHA1.
    "a TURN password": re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{27}=(?![\w=])"),
    "a TURN user name": re.compile(r"\b\d{10}:\w"),
}
"""What such things look like, whoever's they are."""
OWN = re.compile(r"""["']?(?:admin_)?addresses["']?\s?[=:]\s?\[[^\]]*\]""")
"""Where the service listens, as `node.ready` has it: an operator's setting, nobody's address."""


def found(text: str, secrets: Collection[str] = ()) -> list[str]:
    """The secrets, and what looks like one, that stand in a text, each with what surrounds it."""
    text = OWN.sub("", text)
    hits = [
        f"{what}: {text[max(0, hit.start() - 60) : hit.end() + 20]!r}"
        for what, mark in MARKS.items()
        for hit in mark.finditer(text)
    ]
    return hits + [f"{secret[:12]!r}…" for secret in secrets if secret in text]
