"""How long calls ring and last, and who sees who is online."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.values.kinds import AnyCase


class Calls(BaseModel):
    """Calls and presence."""

    ring_timeout: int = Field(
        default=45, ge=15, le=120, description="Seconds from the initiate until nobody answered."
    )
    connect_timeout: int = Field(
        default=30,
        ge=5,
        le=120,
        description="Seconds from the accept until the answer must be there.",
    )
    max_call_duration: int | None = Field(
        default=None, ge=1, description="Seconds after which a call is ended; no limit if unset."
    )
    call_waiting: bool = Field(
        default=False, description="Whether a user in a call is rung, rather than reported busy."
    )
    presence: AnyCase[Literal["everyone", "nobody"]] = Field(
        default="everyone",
        description="Who sees who is online: `everyone`, or `nobody`; then a call rings its "
        "time at whoever is called, also where no device is there.",
    )
