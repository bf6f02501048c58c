"""Events that a client may send again: each is done once, and each repeat gets the first answer."""

from collections.abc import Awaitable, Callable

from service import errors
from service.ports import Clock, ReplyStore
from service.sessions.reply import Reply
from service.sessions.session import Session

REMEMBER_MS = 2 * 60_000
"""How long an answer is kept that a client may be asking for."""


class Repeats:
    """Has an event with a `requestId` done once.

    A session that may be away does not know of an answer until it is back. So its answers are kept
    for `away_ms`, the longest that it may be away, and two minutes.
    """

    def __init__(self, replies: ReplyStore, clock: Clock, away_ms: int) -> None:
        self._replies = replies
        self._clock = clock
        self._away_ms = away_ms

    async def once(
        self, session: Session, request_id: str, reply: Reply, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Give the answer that the same request got first; or do the work, and keep its answer.

        A refusal is kept too, unless it is retryable: a repeat is the retry that was asked for.

        Raises:
            RinglineError: the work was refused, and may be tried again.
        """
        key = (session.user, reply.event, request_id)
        first = await self._replies.claim(key, self._clock())
        if first is not None:
            reply.repeat(first, told=session.resumable)
            return
        failed: BaseException | None = None
        try:
            await work()
        except errors.RinglineError as error:
            if error.retryable:
                failed = error
            else:
                reply.fail(error)
        except BaseException as error:  # noqa: BLE001 - raised again, once the claim is given back
            failed = error
        kept_ms = REMEMBER_MS + (self._away_ms if session.resumable else 0)
        outcome = reply.outcome if failed is None else None
        await self._replies.settle(key, outcome, self._clock() + kept_ms)
        if failed is not None:
            raise failed
