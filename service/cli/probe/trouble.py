"""Why a step does not succeed, in words that end a sentence."""

import json
import ssl


class Trouble(Exception):
    """A step failed; the message ends "… fails at connect: "."""


class Skipped(Exception):
    """A step was left out; the message is why."""


def unreachable(failure: OSError) -> str:
    """Why a connection cannot be opened."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({failure.verify_message}); see --insecure"
    if isinstance(failure, TimeoutError):
        return "it does not answer"
    known = isinstance(failure, ConnectionRefusedError)  # asyncio has words of its own for it
    return f"it cannot be reached ({'refused' if known else failure.strerror or failure})"


def refused(status: int, body: bytes | bytearray) -> str:
    """What a refusing HTTP answer says: its status, and the code of an RFC 9457 problem."""
    try:
        code = json.loads(body)["code"]
    except (ValueError, LookupError, TypeError):
        return f"HTTP {status}"
    return f"HTTP {status}, {code}"
