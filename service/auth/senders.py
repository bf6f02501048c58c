"""Who counts as one sender of tokens."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

MOST_SENDERS = 10_000
"""How many senders a limit remembers."""


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
