"""What an origin must look like in `RINGLINE_CORS_ORIGINS`, and when two are the same."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from service.settings.values.addresses import HOST, PORT, reaches

_WEB = re.compile(rf"(?P<scheme>https?)://{HOST}{PORT}")
_APP = re.compile(rf"(?P<scheme>(?!https?:)[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._~-]+){PORT}")
"""`app://-`, `app://.`, `capacitor://localhost`, `chrome-extension://…`: any scheme and host."""
_BARE = frozenset({"null", "file://"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(text: str) -> str | None:
    """An origin as browsers send it: lower case, no default port (RFC 6454, 6.2).

    None for a text that is no origin. Two texts are the same origin if this is the same for both.
    """
    lowered = text.lower() if text.isascii() else ""
    if lowered in _BARE:
        return lowered
    found = _WEB.fullmatch(lowered) or _APP.fullmatch(lowered)
    if found is None or not reaches(found):
        return None
    scheme, host, port = found["scheme"], found["host"], found["port"]
    if host.startswith("["):
        host = f"[{ipaddress.ip_address(host[1:-1]).compressed}]"
    shown = "" if port is None or int(port) == _DEFAULT_PORTS.get(scheme) else f":{int(port)}"
    return f"{scheme}://{host}{shown}"


def _origin(text: str) -> str:
    origin = text if text == "*" else canonical(text)
    if origin is None:
        raise ValueError(
            "is not an origin; write scheme://host[:port] without a path, null, file:// or *"
        )
    return origin


Origin = Annotated[str, AfterValidator(_origin)]
