"""How an account at a provider is asked for TURN servers, and how the answer is read."""

from typing import Protocol

from service.download import Ask
from service.ports import IceServer


class Account(Protocol):
    """An account at a provider whose API is HTTP; compared by value."""

    @property
    def name(self) -> str:
        """Its provider's name in `RINGLINE_TURN_PROVIDER`."""
        ...

    @property
    def longest_s(self) -> int:
        """The longest lifetime that the provider gives, in seconds."""
        ...

    def ask(self, lifetime_s: int) -> Ask:
        """The HTTP request for servers whose credential lasts so long."""
        ...

    def read(self, answer: bytes, lifetime_s: int) -> tuple[tuple[IceServer, ...], int]:
        """The servers in an answer, and for how many seconds their credential is valid.

        Raises:
            ValueError: it is not such an answer, or has no TURN server.
        """
        ...
