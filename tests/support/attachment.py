"""A connection as a session knows it, for tests of sessions without one."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from service.ports import Identity
from service.sessions.attachment import Attachment, Pulse

ALICE = Identity("alice", None, 2**52)


async def fenced() -> None:
    """There is nothing in hand."""


def attachment(
    write: Callable[[bytes], None] = lambda _packet: None,
    close: Callable[[str], None] = lambda _why: None,
    *,
    identity: Identity = ALICE,
    queued: Callable[[], int] = lambda: 0,
    fence: Callable[[], Awaitable[None]] = fenced,
    pulse: Pulse | None = None,
) -> Attachment:
    return Attachment(
        "socket1", identity, "", write, close, queued, fence, pulse or cast("Any", None)
    )
