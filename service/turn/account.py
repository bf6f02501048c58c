"""What a provider of TURN servers is asked, and how its answer is read."""

from typing import Protocol

from service.download import Ask
from service.ports import IceServer


class Account(Protocol):
    """An account at a provider, as it is asked for servers over HTTP; compared by value."""

    @property
    def name(self) -> str:
        """The provider's, as `RINGLINE_TURN_PROVIDER` has it."""
        ...

    @property
    def longest_s(self) -> int:
        """The longest lifetime that the provider gives, in seconds."""
        ...

    def ask(self, lifetime_s: int) -> Ask:
        """What asks for a set that lasts so long."""
        ...

    def read(self, answer: bytes, lifetime_s: int) -> tuple[tuple[IceServer, ...], int]:
        """The servers that came, and how many seconds they last, where so many were asked for.

        Raises:
            ValueError: it is no such answer, or has no TURN server.
        """
        ...
