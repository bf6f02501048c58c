"""ICE servers for `new RTCPeerConnection(...)`, with a credential minted for each request."""

from collections.abc import Callable

from service.errors import InvalidPayload
from service.ports import IceServer, IceServers
from service.settings import Settings
from service.turn.credentials import passes_coturn, password, pseudonym, username
from service.turn.rotation import Rotation


class TurnServers:
    """STUN servers for everyone, and TURN servers with a credential for each user.

    All TURN servers share the secrets, so that a credential is valid at each of them.

    `rotation` has the secrets, and may be given others.

    Args:
        settings: those of STUN and TURN.
        issued: is called with the region, "" for none, for each credential that is minted.
    """

    def __init__(self, settings: Settings, issued: Callable[[str], None] = lambda _: None) -> None:
        secrets = [secret.get_secret_value() for secret in settings.turn_secret]
        self.rotation = Rotation(secrets, settings.turn_secret_propagation * 1000)
        self._urls: tuple[str, ...] = settings.turn_urls
        self._regions: dict[str, tuple[str, ...]] = settings.turn_regions
        self._ttl: int = settings.turn_ttl
        self._pseudonymous: bool = settings.turn_username == "hmac"
        self._issued = issued
        self.stun: tuple[IceServer, ...] = ()
        if settings.stun_urls:
            self.stun = (IceServer(settings.stun_urls),)
        self.transport_policy: str = settings.ice_transport_policy

    @property
    def available(self) -> bool:
        """Whether there is a TURN server for clients."""
        return self.rotation.minting is not None and bool(self._urls or self._regions)

    def lasts(self, _now: int) -> int:
        """The TTL, in milliseconds."""
        return self._ttl * 1000

    def check(self, region: str) -> None:
        """Raise `InvalidPayload` when the region is unknown."""
        if region not in self._regions:
            known = ", ".join(self._regions) or "none"
            raise InvalidPayload(f"region: there is no such region; known here: {known}.")

    def servers(self, user: str, now: int, region: str | None = None) -> IceServers:
        """Servers with a new credential for `user`, valid for the TTL from `now` (epoch ms) on.

        Raises:
            InvalidPayload: the region is unknown.
        """
        urls = self._urls
        if region is not None:
            self.check(region)
            urls = self._regions[region]
        expires = now // 1000 + self._ttl
        servers = self.stun
        if self.rotation.minting is not None and urls:
            secret = self.rotation.minting.encode()
            name = username(self._name(secret, user), expires)
            self._issued(region or "")
            servers = (*servers, IceServer(urls, name, password(secret, name)))
        return IceServers(servers, self.transport_policy, self._ttl, expires * 1000)

    def _name(self, secret: bytes, user: str) -> str:
        if self._pseudonymous or not passes_coturn(user):
            return pseudonym(secret, user)
        return user
