"""How long calls ring and last, and who sees who is online."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.values.kinds import AnyCase


class Calls(BaseModel):
    """Calls and presence."""

    ring_timeout: int = Field(
        default=45, ge=15, le=120, description="Seconds from the initiate until `no_answer`."
    )
    connect_timeout: int = Field(
        default=30,
        ge=5,
        le=120,
        description="Seconds from the accept within which the SDP answer must come.",
    )
    max_call_duration: int | None = Field(
        default=None, ge=1, description="Seconds after which a call is ended; no limit if unset."
    )
    resume_window: int = Field(
        default=30,
        ge=1,
        le=300,
        description="Seconds that a resumable session without a connection has to come back.",
    )
    detached_call_limit: int = Field(
        default=600,
        ge=1,
        le=3600,
        description="Seconds at most that a connected call waits for a party without a connection "
        "while media flow; not less than `RINGLINE_RESUME_WINDOW`.",
    )
    call_waiting: bool = Field(
        default=False, description="Whether a call to a busy user rings, instead of `user_busy`."
    )
    presence: AnyCase[Literal["everyone", "nobody"]] = Field(
        default="everyone",
        description="Who may see which users are online: `everyone`, or `nobody`; with `nobody` "
        "a call rings until its timeout even if the callee is not online.",
    )
