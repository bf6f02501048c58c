"""What is logged, and how."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.sections import OnSighup
from service.settings.values.kinds import AnyCase


class Logs(BaseModel):
    """Logs."""

    log_level: OnSighup[AnyCase[Literal["debug", "info", "warning", "error"]]] = Field(
        default="info",
        description="Lowest level that is written: `debug`, `info`, `warning`, `error`.",
    )
    log_format: AnyCase[Literal["auto", "json", "console"]] = Field(
        default="auto",
        description="`json`, `console`, or `auto`: `console` on a terminal, else `json`.",
    )
    log_user: AnyCase[Literal["plain", "hmac", "none"]] = Field(
        default="hmac",
        description="How users are written in logs: `plain` (the id), `hmac` (a keyed hash of it) "
        "or `none`.",
    )
