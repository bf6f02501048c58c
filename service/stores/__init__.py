"""What is behind the store ports: a folder for each; `timed` measures any. No rule for calls."""

from dataclasses import dataclass

from service.ports import CallStore, ReplyStore, SessionStore, UserStore
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers


@dataclass(frozen=True, slots=True)
class Stores:
    """One store behind each port."""

    users: UserStore
    calls: CallStore
    replies: ReplyStore
    sessions: SessionStore


def open_stores() -> Stores:
    """The stores of a node that has none but its own memory."""
    users = MemoryUsers()
    return Stores(users, MemoryCalls(users), MemoryReplies(), MemorySessions())
