"""Bytes that wait of clients whose token is not known yet, by the address that they came from.

Where an address has too many, those connections go that have most: a whole office may share it, and
an honest client has little more than its token to send. Whose token has been found good is bounded
by their user instead: so many connections, each of which may have so much wait.
"""

from collections.abc import Callable, Iterator

from service.auth.senders import block_of
from service.transport.guard.budget import Waiter

SHARE = "ringline.share"
"""Where the ASGI scope's extensions have a connection's `Share`."""
MOST_OF_AN_ADDRESS = 4 * 1024 * 1024
"""Bytes that may wait of one address: an IPv4 address, or an IPv6 /64."""
RELIEVED_TO = MOST_OF_AN_ADDRESS * 3 // 4
"""To how many they are brought down where they are more."""
BEYOND_A_MESSAGE = 4 * 1024
"""Bytes that a WebSocket may bring, before its client's token has been found good, over what one
message may have."""


class Waiting:
    """What waits of each address.

    Args:
        refused: told `overloaded` for each connection that has to go.
    """

    def __init__(self, refused: Callable[[str], object] = lambda _reason: None) -> None:
        self.refused = refused
        self.size = 0
        """Bytes in all."""
        self._shares: dict[str, set[Share]] = {}
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._shares)

    def waiters(self) -> Iterator[Waiter]:
        """How much waits of each connection, and what cuts it."""
        for shares in self._shares.values():
            for share in shares:
                yield share.size, share.drop

    def count(self, share: "Share", address: str, more: int) -> None:
        """Count bytes of a connection, or discount them."""
        self.size += more
        shares = self._shares.setdefault(address, set())
        self._sizes[address] = total = self._sizes.get(address, 0) + more
        if share.size:
            shares.add(share)
        else:
            shares.discard(share)
        if not shares:
            del self._shares[address], self._sizes[address]
        elif more > 0 and total > MOST_OF_AN_ADDRESS:
            self._relieve(address)

    def _relieve(self, address: str) -> None:
        for share in sorted(self._shares[address], key=lambda one: -one.size):
            if self._sizes.get(address, 0) <= RELIEVED_TO:
                return
            share.drop()


class Share:
    """What waits of one TCP connection.

    Args:
        waiting: where it counts.
        address: whose it is, until a proxy tells better.
        cut: ends the connection.
    """

    __slots__ = ("_address", "_waiting", "cut", "known", "size")

    def __init__(self, waiting: Waiting, address: str, cut: Callable[[], object]) -> None:
        self._waiting = waiting
        self._address = block_of(address)
        self.known = False
        """Whether nothing counts: the client's token has been found good, or it has to go."""
        self.cut = cut
        self.size = 0
        """Bytes that count."""

    def hold(self, size: int) -> bool:
        """So many bytes wait now; False when the connection had to go for it."""
        if self.known or size == self.size:
            return True
        more, self.size = size - self.size, size
        self._waiting.count(self, self._address, more)
        return self.size == size

    def move(self, address: str) -> None:
        """It is this address's: a proxy that is trusted has said so."""
        block, size = block_of(address), self.size
        if block != self._address:
            self.hold(0)
            self._address = block
            self.hold(size)

    def spare(self) -> None:
        """The client's token has been found good: nothing counts any more."""
        if self.size:
            self.hold(0)
        self.known = True

    def close(self) -> None:
        """The connection is over: nothing counts, and it is held no more by what would cut it."""
        self.spare()
        self.cut = lambda: None

    def drop(self) -> None:
        """End the connection, of which nothing counts any more."""
        self._waiting.refused("overloaded")
        self.spare()
        self.cut()
