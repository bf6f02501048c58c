"""What hosts, ports, networks and URLs must look like."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
HOST = rf"(?P<host>\[[0-9A-Fa-f:.]+\]|{_NAME})"
PORT = r"(?::(?P<port>[0-9]{1,5}))?"
_STUN = re.compile(rf"stuns?:{HOST}{PORT}")
TURN_URL = re.compile(rf"(?P<scheme>turns?):{HOST}{PORT}(?:\?transport=(?P<transport>udp|tcp))?")
_WEB = re.compile(rf"https?://{HOST}{PORT}(?=[/?]|$)")
_TOP_PORT = 65535


def reaches(address: re.Match[str] | None) -> bool:
    """Whether the `HOST` and the `PORT` of an address can exist."""
    if address is None:
        return False
    host, port = address["host"], address["port"]
    if host.startswith("[") and not _is_ip(host.strip("[]")):
        return False
    return port is None or 0 < int(port) <= _TOP_PORT


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_stun_url(text: str) -> bool:
    """Whether it is a STUN URL (RFC 7064) whose host and port can exist."""
    return reaches(_STUN.fullmatch(text))


def is_turn_url(text: str) -> bool:
    """Whether it is a TURN URL (RFC 7065) whose host and port can exist."""
    return reaches(TURN_URL.fullmatch(text))


def _interface(text: str) -> str:
    if text == "*" or _is_ip(text) or (re.fullmatch(_NAME, text) and re.search("[A-Za-z]", text)):
        return text
    raise ValueError("is not an address to listen on; write an IP address, a host name or *")


def _not_a_link(value: object) -> object:
    if isinstance(value, str) and value.startswith("tcp://"):
        raise ValueError(
            "is what Kubernetes sets beside a Service named ringline; "
            "set enableServiceLinks: false on the pod, or the port itself"
        )
    return value


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("is not an address or a network; write 10.0.0.7 or 10.0.0.0/8") from None
    return str(network if "/" in text else network.network_address)


def _stun_url(text: str) -> str:
    if not is_stun_url(text):
        raise ValueError("is not a STUN URL (RFC 7064); write stun:host[:port]")
    return text


def _turn_url(text: str) -> str:
    if not is_turn_url(text):
        raise ValueError(
            "is not a TURN URL (RFC 7065); write turn:host[:port] or turns:host[:port], "
            "with ?transport=udp or ?transport=tcp behind it if need be"
        )
    return text


def _web_url(text: str) -> str:
    found = _WEB.match(text)
    if found is None or not reaches(found):
        raise ValueError("is not a web address; write https://host/path, without user or password")
    return text


Port = Annotated[int, BeforeValidator(_not_a_link), Field(ge=0, le=_TOP_PORT)]
Interface = Annotated[str, AfterValidator(_interface)]
Network = Annotated[str, AfterValidator(_network)]
StunUrl = Annotated[str, AfterValidator(_stun_url)]
TurnUrl = Annotated[str, AfterValidator(_turn_url)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
