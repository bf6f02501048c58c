"""Why calls end: one row a reason.

Metrics, traces, objectives, dashboards and pages derive from these rows;
tests/calls/test_reasons.py names the place that does not know a new one yet.
"""

from enum import Enum, StrEnum, auto
from typing import Self


class Kind(Enum):
    """What a reason says about the call."""

    GOOD = auto()
    """The two have talked."""
    DECLINED = auto()
    """One of them did not want the call. That is no failure."""
    UNANSWERED = auto()
    """Nobody was there or free to take it."""
    TROUBLE = auto()
    """Its set-up or its signalling failed."""
    MEDIA = auto()
    """It was set up, and its media failed."""
    OPERATOR = auto()
    """The operator or a setting ended it."""
    ELSEWHERE = auto()
    """It stops for one device only; the call goes on, or ended for another reason."""


class Reason(StrEnum):
    """Why a call ended, or stopped for one device."""

    kind: Kind
    when: str
    said_in: str | None

    def __new__(cls, word: str, kind: Kind, when: str, said_in: str | None = None) -> Self:
        """A member, whose value is the word."""
        reason = str.__new__(cls, word)
        reason._value_ = word
        reason.kind, reason.when, reason.said_in = kind, when, said_in
        return reason

    # The word, the kind, when that happens, and the client event that may say it, if any.
    COMPLETED = "completed", Kind.GOOD, "a user hung up after the accept", "call:end"
    CANCELLED = "cancelled", Kind.DECLINED, "the caller hung up before the accept"
    REJECTED = "rejected", Kind.DECLINED, "the callee declined", "call:reject"
    BUSY = "busy", Kind.UNANSWERED, "the callee declined as busy, or placed a call", "call:reject"
    NO_ANSWER = "no_answer", Kind.UNANSWERED, "nobody accepted in time"
    CONNECT_TIMEOUT = "connect_timeout", Kind.TROUBLE, "no SDP answer followed the accept in time"
    CONNECTION_LOST = "connection_lost", Kind.TROUBLE, "a user's connection was lost", "call:end"
    ERROR = "error", Kind.TROUBLE, "a client reported an error of its own", "call:end"
    SERVER_SHUTDOWN = "server_shutdown", Kind.TROUBLE, "the server stopped"
    MEDIA_FAILED = "media_failed", Kind.MEDIA, "a client gave up as media failed", "call:end"
    MAX_DURATION = "max_duration", Kind.OPERATOR, "the call reached its longest duration"
    ADMIN_TERMINATED = "admin_terminated", Kind.OPERATOR, "the operator ended the call"
    ANSWERED_ELSEWHERE = "answered_elsewhere", Kind.ELSEWHERE, "another device accepted"
    REJECTED_ELSEWHERE = "rejected_elsewhere", Kind.ELSEWHERE, "the callee declined elsewhere"
    MOVED = "moved", Kind.ELSEWHERE, "the user took the call to another device"


def of(*kinds: Kind) -> tuple[Reason, ...]:
    """The reasons of these kinds, in the order of the rows."""
    return tuple(reason for reason in Reason if reason.kind in kinds)


ENDINGS = tuple(reason for reason in Reason if reason.kind is not Kind.ELSEWHERE)
"""The reasons for which a whole call can end."""
