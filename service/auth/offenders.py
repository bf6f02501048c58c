"""Senders of many forged tokens, who are refused with a delay.

Only refusals are delayed. A valid token is accepted at once from every address, since a whole
office or a mobile network may share one. Expired tokens do not count.
"""

import asyncio
from collections import Counter

from service.auth.senders import MOST_SENDERS, block_of
from service.limits import Limit, Meters

FREE = Limit(10, 30 * 60_000)
LATE_S = 1.0
MOST_LATE = 1_000
MOST_LATE_OF_ONE = 10


class Offenders:
    """Counts bad signatures by sender; the first 10 in half an hour are refused at once.

    Args:
        scale: multiplies the ten (`RINGLINE_RATE_LIMIT_SCALE`).
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._senders = Meters(FREE.scaled(scale), MOST_SENDERS)
        self._late: Counter[str] = Counter()

    def blame(self, address: str, now: int) -> bool:
        """Count a bad signature at `now` (ms); tells whether to delay its refusal."""
        return self._senders.take(block_of(address), now) > 0

    async def hold(self, address: str) -> None:
        """Return a second later; at once while 10 of this sender, or 1,000 of all, wait here."""
        block = block_of(address)
        if self._late[block] >= MOST_LATE_OF_ONE or self._late.total() >= MOST_LATE:
            return
        self._late[block] += 1
        try:
            await asyncio.sleep(LATE_S)
        finally:
            self._late[block] -= 1
            if not self._late[block]:
                del self._late[block]
