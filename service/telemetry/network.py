"""A client's network, which a log may hold; the address it may not."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

_V4_BITS, _V6_BITS = 24, 48


@lru_cache(maxsize=64)
def network_of(address: str) -> str | None:
    """The network of an address, an IPv4 /24 or an IPv6 /48; None for what is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return str(IPv6Network((int(ip), _V6_BITS), strict=False))
        ip = ip.ipv4_mapped
    return str(IPv4Network((int(ip), _V4_BITS), strict=False))
