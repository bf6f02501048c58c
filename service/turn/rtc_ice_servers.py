"""ICE servers as providers and operators write them, reduced to those that clients can use.

    [{"urls": "stun:stun.example.org"},
     {"urls": ["turn:turn.example.org"], "username": "u", "credential": "c"}]

That is `RTCIceServer` (W3C WebRTC, 4.2.3), whose `urls` may be one text or several.
"""

from collections.abc import Callable, Iterable

import msgspec

from service.ports import IceServer
from service.settings.values.addresses import is_stun_url, is_turn_url


class RtcIceServer(msgspec.Struct, frozen=True):
    """One server, as it is written."""

    urls: str | tuple[str, ...] = ()
    username: str | None = None
    credential: str | None = None


def usable(
    written: Iterable[RtcIceServer], reachable: Callable[[str], bool] = lambda _: True
) -> tuple[IceServer, ...]:
    """One server for each credential, and one for STUN, in the order in which they are written.

    URLs that no client can use are left out: those that are not `reachable`, or neither of RFC 7064
    nor of RFC 7065, and TURN URLs without a credential.

    Raises:
        ValueError: no TURN server is left.
    """
    urls: dict[tuple[str | None, str | None], list[str]] = {}
    for server in written:
        texts = (server.urls,) if isinstance(server.urls, str) else server.urls
        for url in filter(reachable, texts):
            if is_stun_url(url):
                urls.setdefault((None, None), []).append(url)
            elif is_turn_url(url) and server.username and server.credential:
                urls.setdefault((server.username, server.credential), []).append(url)
    if not urls.keys() - {(None, None)}:
        raise ValueError("there is no TURN URL with a user name and a credential")
    return tuple(IceServer(tuple(there), *credential) for credential, there in urls.items())
