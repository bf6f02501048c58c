"""Where the service listens, and who may connect."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.sections import OnSighup
from service.settings.values.addresses import Interface, Network, Port
from service.settings.values.kinds import AnyCase, Many
from service.settings.values.origins import Origin

_ANYWHERE = ("*",)


class Listening(BaseModel):
    """Listening."""

    host: Many[Interface] = Field(
        default=_ANYWHERE,
        description="Addresses that clients connect to, or names that resolve to them, comma "
        "separated; `*` or `::` is every address of IPv4 and IPv6, `0.0.0.0` of IPv4 only.",
    )
    port: Port = Field(
        default=8001, description="Port that clients connect to; 0 takes a free one."
    )
    admin_host: Many[Interface] = Field(
        default_factory=lambda known: known.get("host", _ANYWHERE),
        description="Addresses of health, readiness and metrics; if unset, `RINGLINE_HOST`.",
    )
    admin_port: Port = Field(
        default=9090, description="Port of health, readiness and metrics; 0 takes a free one."
    )
    cors_origins: OnSighup[Many[Origin]] = Field(
        default=(),
        description="Origins whose pages may connect, comma separated: `https://app.example.org`, "
        "`capacitor://localhost`, `app://-`, `file://`, `null`; `*` is any, for development.",
    )
    trusted_proxies: OnSighup[Many[Network]] = Field(
        default=(),
        description="Proxies whose `X-Forwarded-…` headers count: addresses or networks, "
        "comma separated.",
    )
    transports: Many[AnyCase[Literal["websocket", "polling"]]] = Field(
        default=("websocket", "polling"),
        description="Engine.IO transports, comma separated: `websocket`, `polling`.",
    )
    keep_alive: int = Field(
        default=620,
        ge=1,
        le=86_400,
        description="Seconds that an HTTP connection may be idle between two requests. Must be "
        "longer than in the [proxy](deploy.md#keep-alive) in front, which otherwise reuses a "
        "closing connection and answers 502.",
    )
    ping_interval: int = Field(
        default=15, ge=1, description="Seconds from a client's last pong to the next ping."
    )
    ping_timeout: int = Field(
        default=10,
        ge=1,
        description="Seconds that a client has to answer a ping, before its connection is closed.",
    )
    drain_window: int = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Seconds that live calls may go on after the signal to stop; meanwhile new "
        "calls and connections are refused, and connections without a call are closed.",
    )
