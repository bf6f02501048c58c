"""Who is online and in a call, for those who ask and those who watch."""

from collections.abc import Sequence

from service import errors
from service.calls.call import Call
from service.keyed_locks import KeyedLocks
from service.pace import paced
from service.ports import UserStore
from service.sessions.directory import Directory
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.tasks import Tasks
from service.wire.client_events import UserStatusQuery, UserUnwatch, UserWatch
from service.wire.server_events import UserStatus

MOST_WATCHED = 500


class Presence:
    """Answers `user:status`, `user:watch` and `user:unwatch`, and tells changes.

    With `visible` false everybody looks offline to everybody, and a call rings at whoever is
    called, so that it tells no more.
    """

    def __init__(
        self, users: UserStore, directory: Directory, tasks: Tasks, *, visible: bool = True
    ) -> None:
        self._users = users
        self._directory = directory
        self._tasks = tasks
        self.visible = visible
        self._watchers: dict[str, dict[str, None]] = {}
        self._watched: dict[str, set[str]] = {}
        self._told: dict[str, UserStatus] = {}
        self._locks = KeyedLocks()

    def __len__(self) -> int:
        return len(self._watchers) + len(self._watched) + len(self._told)

    async def status(self, user: str) -> UserStatus:
        """What may be known of a user now."""
        if not self.visible:
            return UserStatus(user_id=user, is_online=False, is_in_call=False, last_seen_at=None)
        now = await self._users.engagements(user)
        return UserStatus(
            user_id=user,
            is_online=bool(now.sessions),
            is_in_call=any(call.caller == user or not call.unaccepted for call in now.calls),
            last_seen_at=None if now.sessions else now.last_seen,
        )

    async def query(self, who: Session, message: UserStatusQuery, reply: Reply) -> None:
        """Answer one question."""
        async with self._locks.of(message.user_id):  # what was read last is told last
            status = await self.status(message.user_id)
            reply.ok(status)
            who.emit(status.event, status.encode())
            await self._spread(status)

    async def watch(self, who: Session, message: UserWatch, reply: Reply) -> None:
        """Tell these users' presence now and on every change; at most 500 in all."""
        watched = self._watched.get(who.id, set()) | set(message.user_ids)
        if len(watched) > MOST_WATCHED:
            raise errors.InvalidPayload(f"userIds: at most {MOST_WATCHED} users can be watched.")
        reply.done("user:watch")
        await self.follow(who, message.user_ids)

    def watched(self, who: Session) -> tuple[str, ...]:
        """Whom a session watches."""
        return tuple(self._watched.get(who.id, ()))

    async def follow(self, who: Session, users: Sequence[str]) -> None:
        """Tell these users' presence from now on, as often as that changes."""
        if users:
            self._watched.setdefault(who.id, set()).update(users)
        for user in users:
            self._watchers.setdefault(user, {})[who.id] = None
        async for user in paced(users):
            async with self._locks.of(user):
                status = await self.status(user)
                if not await self._spread(status):
                    who.emit(status.event, status.encode())

    async def unwatch(self, who: Session, message: UserUnwatch, reply: Reply) -> None:
        """Tell these users' presence no more."""
        reply.done("user:unwatch")
        self._drop(who.id, set(message.user_ids))

    def forget(self, who: Session) -> None:
        """Drop what a session that is gone has watched."""
        self._drop(who.id, self._watched.get(who.id, set()))

    def moved(self, call: Call) -> None:
        """Tell the watchers of both parties of a call what changed with it."""
        if self._watchers:
            self.changed(call.caller)
            self.changed(call.callee)

    def changed(self, user: str) -> None:
        """Tell the watchers of a user, where there are any and something changed."""
        if user in self._watchers:
            self._tasks.start(self._tell(user))

    async def _tell(self, user: str) -> None:
        async with self._locks.of(user):
            if user in self._watchers:
                await self._spread(await self.status(user))

    async def _spread(self, status: UserStatus) -> bool:
        """Tell all watchers what any one learns, in the user's turn: they share what they know.

        Were it told to one alone and taken back before the others heard, nobody would tell the
        one. Returns whether it was news to all; who has only begun to watch is told in its turn.
        """
        user = status.user_id
        if user not in self._watchers:
            return False
        before, self._told[user] = self._told.get(user), status
        if before is None or before == status:
            return False
        payload = status.encode()
        async for watcher in paced(tuple(self._watchers[user])):
            if (session := self._directory.get(watcher)) is not None:
                session.emit(status.event, payload)
        return True

    def _drop(self, session: str, users: set[str]) -> None:
        watched = self._watched.get(session, set())
        for user in users & watched:
            watchers = self._watchers[user]
            watchers.pop(session, None)
            if not watchers:
                del self._watchers[user]
                self._told.pop(user, None)
        watched -= users
        if not watched:
            self._watched.pop(session, None)
