"""How much the service takes on."""

from pydantic import BaseModel, Field

from service.settings.values.kinds import Size


class Limits(BaseModel):
    """Limits."""

    max_message_bytes: int = Field(
        default=65_536, ge=4_096, le=1_048_576, description="Bytes that one message may have."
    )
    max_connections: int = Field(
        default=0,
        ge=0,
        description="Clients that may be connected at a time, with connections over which no "
        "request has come. Of TCP connections there may be twice as many, for each of which the "
        "process must be allowed [an open file](deploy.md#open-files). 0 is as many as it is "
        "allowed.",
    )
    memory_budget: Size | None = Field(
        default=None,
        ge=0,
        description="Memory that the process may take, in bytes or with `Ki`, `Mi`, `Gi`: beyond "
        "it new connections get 503, and those of which most waits are closed. 0 is no limit; if "
        "unset, three quarters of the container's limit, or else of the machine's memory.",
    )
    rate_limit_scale: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Factor that multiplies every rate limit.",
    )
