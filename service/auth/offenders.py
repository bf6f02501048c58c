"""Addresses that keep sending forged tokens: slowed down, then turned away.

Counted by IPv4 address or IPv6 /64, since whoever has one IPv6 address has its /64. Expired
tokens do not count: whole offices share an address.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

WINDOW_MS = 30 * 60_000
FREE = 10
DELAY_MS = 1_000
MOST_BLOCKS = 10_000


@dataclass(frozen=True, slots=True)
class Admit:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Go on after this many milliseconds."""

    ms: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not look at a token from there for this many milliseconds."""

    retry_after_ms: int


Verdict: TypeAlias = Admit | Delay | Refuse


@lru_cache(maxsize=64)
def block_of(address: str) -> str:
    """What counts as one sender: an IPv4 address, an IPv6 /64, or a name that is neither."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{IPv6Address(int(ip) >> 64 << 64)}/64"


class Offenders:
    """Bad signatures of the last 30 minutes, by sender.

    The first 10 are free, the next 10 come after a second each, and then none is looked at until
    one of those 20 is 30 minutes old. Remembers the 10,000 latest senders.

    Args:
        scale: multiplies both tens (`RINGLINE_RATE_LIMIT_SCALE`).
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._free = max(1, round(FREE * scale))
        self._most = 2 * self._free
        self._blamed: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._blamed)

    def blame(self, address: str, now: int) -> None:
        """A bad signature came from there, at `now` (epoch ms)."""
        block = block_of(address)
        recent = [*self._recent(block, now), now][-self._most :]
        self._blamed.pop(block, None)
        self._blamed[block] = recent  # the latest blamed stands last
        if len(self._blamed) > MOST_BLOCKS:
            del self._blamed[next(iter(self._blamed))]

    def verdict(self, address: str, now: int) -> Verdict:
        """What to do with whoever comes from there, before looking at a token."""
        recent = self._recent(block_of(address), now)
        if len(recent) < self._free:
            return Admit()
        if len(recent) < self._most:
            return Delay(DELAY_MS)
        return Refuse(recent[0] + WINDOW_MS - now)

    def _recent(self, block: str, now: int) -> list[int]:
        return [at for at in self._blamed.get(block, ()) if now - at < WINDOW_MS]
