"""Why a step fails or is skipped, as the end of a sentence."""

import json
import ssl


class StepFailed(Exception):
    """A step failed; the message continues "… fails at connect: "."""


class StepSkipped(Exception):
    """A step was left out; the message says why."""


def unreachable(failure: OSError) -> str:
    """Why a connection cannot be opened."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({failure.verify_message}); see --insecure"
    if isinstance(failure, TimeoutError):
        return "it does not answer"
    known = isinstance(failure, ConnectionRefusedError)  # asyncio words it otherwise
    return f"it cannot be reached ({'refused' if known else failure.strerror or failure})"


def refused(status: int, body: bytes | bytearray) -> str:
    """The status of an HTTP response that refuses, and the code of its RFC 9457 problem."""
    try:
        code = json.loads(body)["code"]
    except (ValueError, LookupError, TypeError):
        return f"HTTP {status}"
    return f"HTTP {status}, {code}"
