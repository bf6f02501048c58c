"""Who counts as one sender, and a limit for each of them."""

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from service.limits import Limit, Meter

MOST = 10_000
"""How many senders are remembered."""


@lru_cache(maxsize=64)
def block_of(address: str) -> str:
    """What counts as one sender: an IPv4 address, an IPv6 /64, or a name that is neither.

    A client that has one IPv6 address has its whole /64.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{IPv6Address(int(ip) >> 64 << 64)}/64"


class Senders:
    """The same limit for each sender.

    Remembers the last 10,000 senders, and forgets those that have their whole limit again.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._meters: OrderedDict[str, Meter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def take(self, address: str, now: int) -> int:
        """As `Meter.take`, for the sender at this address; `now` in ms."""
        block = block_of(address)
        meter = self._meters.pop(block, None) or Meter()
        self._meters[block] = meter  # the one seen last stands last
        wait = meter.take(self._limit, now)
        self._forget(now)
        return wait

    def _forget(self, now: int) -> None:
        while True:
            block, meter = next(iter(self._meters.items()))
            if len(self._meters) <= MOST and meter.used(self._limit, now):
                return
            del self._meters[block]
