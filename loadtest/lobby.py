"""Who of a worker process is free for a call."""

import random
from typing import Final


class Lobby:
    """Free users of one process: one caller at a time takes a user, so that no line is busy."""

    def __init__(self) -> None:
        self._free: list[str] = []

    def enter(self, user: str) -> None:
        """Be free for a call."""
        self._free.append(user)

    def leave(self, user: str) -> bool:
        """Be free no longer; False when somebody has taken this user meanwhile."""
        if user not in self._free:
            return False
        self._free.remove(user)
        return True

    def take(self) -> str | None:
        """Any free user, who then is not free any more."""
        if not self._free:
            return None
        return self._free.pop(random.randrange(len(self._free)))  # noqa: S311 - no secret


LOBBY: Final = Lobby()
"""The lobby of this process."""
