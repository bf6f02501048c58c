"""The greeting of a session: `user:joined`, with all that its client needs to go on."""

from typing import Any

from service.calls.call import Call
from service.ports import Clock, IceSource
from service.sessions.reply import Reply
from service.sessions.resumable_session import ResumableSession
from service.sessions.session import Session
from service.wire.server_events import LiveCall, UserJoined, ice_fields


class Greeting:
    """Tells clients that their connection is a session now.

    Args:
        window_ms: how long a resumable session waits for its client, at least.
    """

    def __init__(self, *, ice: IceSource, clock: Clock, window_ms: int) -> None:
        self._ice = ice
        self._clock = clock
        self._window_ms = window_ms

    def give(
        self, session: Session, calls: tuple[Call, ...], reply: Reply, resumed: str = "none"
    ) -> None:
        """Answer a `user:join`; what was kept for the session follows."""
        now = self._clock()
        joined = UserJoined(
            user_id=session.user,
            socket_id=session.attachment.socket_id,
            session_id=session.id,
            resumed=resumed,
            calls=tuple(LiveCall.of(call, now, session.ref) for call in calls),
            **self._to_resume(session),
            **ice_fields(self._ice.servers(session.user, now)),
        )
        reply.ok(joined)
        session.greet(joined.event, joined.encode())

    def _to_resume(self, session: Session) -> dict[str, Any]:
        """What a client needs to take the session up again, if it can be."""
        if not isinstance(session, ResumableSession):
            return {"resume_token": None, "resume_window_ms": 0, "last_n": 0}
        return {
            "resume_token": session.resume_token,
            "resume_window_ms": self._window_ms,
            "epoch": session.replay.epoch,
            "last_n": session.last_n,
        }
