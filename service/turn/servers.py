"""ICE servers for `new RTCPeerConnection(...)`, with a credential minted for each request."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from service.errors import InvalidPayload
from service.ports import IceServer, IceServers
from service.turn.credentials import passes_coturn, password, pseudonym, username
from service.turn.rotation import Change, Rotation

Usernames = Literal["plain", "hmac"]
TransportPolicy = Literal["all", "relay"]


class TurnServers:
    """STUN servers for everyone, and TURN servers with a credential for each user.

    All TURN servers share the secrets, so that a credential is valid at each of them.

    Args:
        secrets: shared with the TURN servers, newest first. None: STUN only.
        propagation_s: how long a new secret is seen before it mints; see `Rotation`.
        urls: the TURN URLs (RFC 7065) for clients that name no region. Four are plenty: a browser
            gathers candidates from each, so that more make every call slower to connect.
        regions: TURN URLs by the name of a region.
        stun_urls: STUN URLs (RFC 7064), which need no credential.
        ttl: how long a credential is valid for new allocations, in seconds.
        usernames: `plain` shows the user id to the TURN server; `hmac` shows a pseudonym.
        transport_policy: `relay` tells clients to hide their addresses behind TURN.
        issued: is called with the region, "" for none, for each credential that is minted.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[str] = (),
        propagation_s: int = 0,
        urls: Sequence[str] = (),
        regions: Mapping[str, Sequence[str]] | None = None,
        stun_urls: Sequence[str] = (),
        ttl: int = 14_400,
        usernames: Usernames = "plain",
        transport_policy: TransportPolicy = "all",
        issued: Callable[[str], None] | None = None,
    ) -> None:
        self._rotation = Rotation(secrets, propagation_s * 1000)
        self._urls = tuple(urls)
        self._regions = {name: tuple(there) for name, there in (regions or {}).items()}
        self.stun: tuple[IceServer, ...] = (IceServer(tuple(stun_urls)),) if stun_urls else ()
        self._ttl = ttl
        self._issued = issued
        self._pseudonymous = usernames == "hmac"
        self.transport_policy: str = transport_policy

    @property
    def available(self) -> bool:
        """Whether there is a TURN server for clients."""
        return self._rotation.minting is not None and bool(self._urls or self._regions)

    def lasts(self, _now: int) -> int:
        """The TTL, in milliseconds."""
        return self._ttl * 1000

    def rotate(self, secrets: Sequence[str], now: int) -> Change | None:
        """Use these secrets from now (epoch ms) on; tells what that changes."""
        return self._rotation.follow(secrets, now)

    def check(self, region: str | None) -> None:
        """Raise `InvalidPayload` when the region is unknown."""
        if region is not None and region not in self._regions:
            known = ", ".join(self._regions) or "none"
            raise InvalidPayload(f"region: there is no such region; known here: {known}.")

    def servers(self, user: str, now: int, region: str | None = None) -> IceServers:
        """Servers with a new credential for `user`, valid for the TTL from `now` (epoch ms) on.

        Raises:
            InvalidPayload: the region is unknown.
        """
        self.check(region)
        urls = self._urls if region is None else self._regions[region]
        expires = now // 1000 + self._ttl
        servers = self.stun
        if self._rotation.minting is not None and urls:
            secret = self._rotation.minting.encode()
            name = username(self._name(secret, user), expires)
            if self._issued is not None:
                self._issued(region or "")
            servers = (*servers, IceServer(urls, name, password(secret, name)))
        return IceServers(servers, self.transport_policy, self._ttl, expires * 1000)

    def _name(self, secret: bytes, user: str) -> str:
        if self._pseudonymous or not passes_coturn(user):
            return pseudonym(secret, user)
        return user
