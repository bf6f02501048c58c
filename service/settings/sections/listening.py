"""Where the service listens, and who may connect."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.values.addresses import Interface, Network, Port
from service.settings.values.kinds import AnyCase, Many
from service.settings.values.live import ON_SIGHUP
from service.settings.values.origins import Origin

_ANYWHERE = ("*",)


class Listening(BaseModel):
    """Where it listens, and to whom."""

    host: Many[Interface] = Field(
        default=_ANYWHERE,
        description="Where clients connect: addresses, or names for all addresses that they have, "
        "comma separated; `*` or `::` is every address of IPv4 and IPv6, `0.0.0.0` of IPv4 alone.",
    )
    port: Port = Field(
        default=8001, description="Port that clients connect to; 0 takes a free one."
    )
    admin_host: Many[Interface] = Field(
        default_factory=lambda known: known.get("host", _ANYWHERE),
        description="Where health, readiness and metrics are, as `RINGLINE_HOST`; if unset, there.",
    )
    admin_port: Port = Field(
        default=9090, description="Port of health, readiness and metrics; 0 takes a free one."
    )
    cors_origins: Many[Origin] = Field(
        json_schema_extra=ON_SIGHUP,
        default=(),
        description="Origins whose pages may connect, comma separated: `https://app.example.org`, "
        "`capacitor://localhost`, `app://-`, `file://`, `null`; `*` is any, for development.",
    )
    trusted_proxies: Many[Network] = Field(
        json_schema_extra=ON_SIGHUP,
        default=(),
        description="Proxies whose `X-Forwarded-…` headers count: addresses or networks, "
        "comma separated.",
    )
    transports: Many[AnyCase[Literal["websocket", "polling"]]] = Field(
        default=("websocket", "polling"),
        description="Ways to connect, comma separated: `websocket`, `polling`.",
    )
    keep_alive: int = Field(
        default=620,
        ge=1,
        le=86_400,
        description="Seconds that an HTTP connection may be idle between two requests. More than "
        "the [proxy](deploy.md#keep-alive) in front keeps it, which else reuses one that is "
        "closing, and answers 502.",
    )
    ping_interval: int = Field(
        default=15, ge=1, description="Seconds from a client's last pong to the next ping."
    )
    ping_timeout: int = Field(
        default=10,
        ge=1,
        description="Seconds that a client has to answer a ping; after that it is gone.",
    )
    drain_window: int = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Seconds that live calls may go on once the service is told to stop; new "
        "calls and connections are turned away meanwhile, and who is in no call is sent away.",
    )
