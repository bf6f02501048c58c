"""Whether two users may be in a new call: what each is doing, and whether that still lives."""

from dataclasses import dataclass

from service import errors
from service.calls.admission import Admitted, Glare, admit
from service.calls.call import Call, State
from service.calls.events import SessionLost
from service.ports import Clock, Engagements, UserStore
from service.sessions.liveness import Liveness
from service.sessions.session import Session
from service.signalling.presence import Presence
from service.signalling.transitions import Transitions, overdue


@dataclass(frozen=True, slots=True)
class Available:
    """What may be done, as long as both users' engagements stand at these versions."""

    verdict: Admitted | Glare
    caller_version: int
    callee_version: int


@dataclass(frozen=True, slots=True)
class Engaged:
    """What may not be done, and the sessions that are in the way: the caller's own, and others."""

    refusal: errors.RinglineError
    own: frozenset[str]
    others: frozenset[str]


class Availability:
    """Looks at both users' calls before one calls the other."""

    def __init__(
        self,
        *,
        users: UserStore,
        transitions: Transitions,
        liveness: Liveness,
        presence: Presence,
        clock: Clock,
        call_waiting: bool,
    ) -> None:
        self._users = users
        self._transitions = transitions
        self._liveness = liveness
        self._presence = presence
        self._clock = clock
        self._call_waiting = call_waiting

    async def of(self, who: Session, callee: str) -> Available:
        """Decide on `who` calling `callee`.

        Nobody is refused for a call whose client is gone without a word: sessions that are in the
        way and have been silent are asked first, which takes up to 2.5 s where one does not answer.

        Raises:
            UserUnavailable: the callee is not online, and that may be known.
            AlreadyInCall, UserBusy: as `admission.admit` has it.
        """
        found = await self._look(who, callee)
        if isinstance(found, Engaged) and await self._liveness.check(found.own, found.others):
            found = await self._look(who, callee)
        if isinstance(found, Engaged):
            raise found.refusal
        return found

    async def _look(self, who: Session, callee: str) -> Available | Engaged:
        mine, theirs = await self._situation(who.user, callee)
        if not theirs.sessions and self._presence.visible:
            raise errors.UserUnavailable
        try:
            verdict = admit(
                who.ref,
                callee,
                mine=mine.calls,
                theirs=theirs.calls,
                sessions=theirs.sessions,
                call_waiting=self._call_waiting,
            )
        except (errors.AlreadyInCall, errors.UserBusy) as refusal:
            bound = _bound((*mine.calls, *theirs.calls))
            own = frozenset(session for session, user in bound.items() if user == who.user)
            return Engaged(refusal, own, frozenset(bound) - own)
        return Available(verdict, mine.version, theirs.version)

    async def _situation(self, caller: str, callee: str) -> tuple[Engagements, Engagements]:
        """What the two are doing, after seeing that each of their calls still lives."""
        found = mine, theirs = await self._users.situation(caller, callee)
        if not (mine.calls or theirs.calls):
            return found
        online = {
            user: frozenset(ref.id for ref in engaged.sessions)
            for user, engaged in ((caller, mine), (callee, theirs))
        }
        calls = {call.id: call for call in (*mine.calls, *theirs.calls)}
        settled = [call for call in calls.values() if await self._settle(call, online)]
        return await self._users.situation(caller, callee) if settled else found

    async def _settle(self, call: Call, online: dict[str, frozenset[str]]) -> bool:
        """End a call whose time is up or whose session is gone; tell whether it was so."""
        if call.deadline is not None and call.deadline <= self._clock():
            moved = await self._transitions.move(call.id, overdue(self._clock()))
            return moved.state is State.ENDED
        for party in call.parties:
            others = online.get(party.user)
            if others is not None and party.id not in others:
                lost = SessionLost(party.user, party.id, others)
                return (await self._transitions.move(call.id, lost)).state is State.ENDED
        return False


def _bound(calls: tuple[Call, ...]) -> dict[str, str]:
    """The sessions that these calls stand and fall with, and their users."""
    bound = {call.caller_session: call.caller for call in calls}
    return bound | {call.callee_session: call.callee for call in calls if call.callee_session}
