"""Everything that can be refused, as one tree with one stable code each.

    RinglineError
    ├── identity   Unauthenticated · TokenExpired · Forbidden · NotJoined · TooManySessions ·
    │              SessionReplaced
    ├── input      InvalidPayload · UnknownEvent · RateLimited
    ├── call       CallNotFound · CallEnded · InvalidState · NotParticipant ·
    │              AlreadyAnswered · AlreadyInCall · UserUnavailable · UserBusy
    └── service    ServerDraining · AuthUnavailable · StoreUnavailable · TurnUnavailable ·
                   Internal

An error is a sentence for a developer plus a code for a program. The same code stands in a
Socket.IO `error` event, in an acknowledgement and in an RFC 9457 problem document. Neither the
sentence nor the code holds a secret, a trace, or a hint that one user blocked another.
"""

from typing import ClassVar


class RinglineError(Exception):
    """A refusal that a client is told about.

    Args:
        message: one sentence for the developer who reads it; the class has a default.
        retry_after_ms: how long to wait before trying again, where that is known.
    """

    code: ClassVar[str]
    default: ClassVar[str]
    status: ClassVar[int]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, *, retry_after_ms: int | None = None) -> None:
        self.message = message or self.default
        self.retry_after_ms = retry_after_ms
        super().__init__(self.message)


class Unauthenticated(RinglineError):
    """Nobody is known to be speaking: no token, or one that cannot be believed."""

    code, status = "unauthenticated", 401
    default = "A valid token is needed."


class TokenExpired(RinglineError):
    """The token was good once. A fresh one mends it."""

    code, status = "token_expired", 401
    default = "The token has expired; send a fresh one."


class Forbidden(RinglineError):
    """The speaker is known and may not do this."""

    code, status = "forbidden", 403
    default = "This user may not do that."


class NotJoined(RinglineError):
    """An event came before `user:join`, and the join did not follow in time."""

    code, status = "not_joined", 409
    default = "Send user:join before any other event."


class TooManySessions(RinglineError):
    """The user has as many live sessions as one user may have."""

    code, status = "too_many_sessions", 409
    default = "This user has too many sessions; close one first."


class SessionReplaced(RinglineError):
    """The session goes on, on another connection."""

    code, status = "session_replaced", 409
    default = "The session was taken up by another connection."


class InvalidPayload(RinglineError):
    """A field is missing, of the wrong type or too large; the message names it."""

    code, status = "invalid_payload", 400
    default = "The payload is not valid."


class UnknownEvent(RinglineError):
    """The protocol has no such event."""

    code, status = "unknown_event", 404
    default = "There is no such event."


class RateLimited(RinglineError):
    """Too many of these in too short a time; `scope` is the name of the limit."""

    code, status, retryable = "rate_limited", 429, True
    default = "Too many requests; slow down."

    def __init__(
        self,
        message: str | None = None,
        *,
        scope: str = "events",
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms)
        self.scope = scope


class CallNotFound(RinglineError):
    """No call of that id, or between these two users, is known."""

    code, status = "call_not_found", 404
    default = "There is no such call."


class CallEnded(RinglineError):
    """The call was there and is over."""

    code, status = "call_ended", 409
    default = "The call has ended."


class InvalidState(RinglineError):
    """The call is not in a state in which this may happen.

    `last_n` is the number of the last relay that was taken, where one after it is missing.
    """

    code, status = "invalid_state", 409
    default = "The call is not in a state for that."

    def __init__(
        self,
        message: str | None = None,
        *,
        last_n: int | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms)
        self.last_n = last_n


class NotParticipant(RinglineError):
    """The speaker, or this device of theirs, is not part of the call."""

    code, status = "not_participant", 403
    default = "This session is not part of the call."


class AlreadyAnswered(RinglineError):
    """Another device accepted first."""

    code, status = "already_answered", 409
    default = "The call was already answered."


class AlreadyInCall(RinglineError):
    """The speaker has a call of their own."""

    code, status = "already_in_call", 409
    default = "This user is already in a call."


class UserUnavailable(RinglineError):
    """The callee cannot be reached."""

    code, status = "user_unavailable", 404
    default = "The user is not available."


class UserBusy(RinglineError):
    """The callee is in another call."""

    code, status = "user_busy", 409
    default = "The user is busy."


class ServerDraining(RinglineError):
    """This node is stopping; another will serve."""

    code, status, retryable = "server_draining", 503, True
    default = "This server is going away; connect again."


class AuthUnavailable(RinglineError):
    """The token may be good, and it cannot be known or used yet."""

    code, status, retryable = "auth_unavailable", 503, True
    default = "Tokens cannot be verified now; try again."


class StoreUnavailable(RinglineError):
    """The store does not answer."""

    code, status, retryable = "store_unavailable", 503, True
    default = "The call store does not answer; try again."


class TurnUnavailable(RinglineError):
    """No TURN server is set, so there are no credentials to hand out."""

    code, status, retryable = "turn_unavailable", 503, True
    default = "No TURN server is set up."


class Internal(RinglineError):
    """A fault of ours; the log has the trace."""

    code, status, retryable = "internal", 500, True
    default = "Something went wrong on the server."
