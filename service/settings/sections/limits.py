"""How much the service takes on."""

from pydantic import BaseModel, Field

from service.settings.values.kinds import Size


class Limits(BaseModel):
    """Limits."""

    max_message_bytes: int = Field(
        default=65_536, ge=4_096, le=1_048_576, description="Most bytes of one message."
    )
    max_connections: int = Field(
        default=0,
        ge=0,
        description="Most clients at a time, including connections without a first request. There "
        "may be twice as many TCP connections, each of which needs [an open "
        "file](deploy.md#open-files). 0 is as many as the limit of open files allows.",
    )
    memory_budget: Size | None = Field(
        default=None,
        ge=0,
        description="Memory that the process may use, in bytes or with `Ki`, `Mi`, `Gi`: beyond "
        "it new connections get 503, and the connections with most waiting bytes are closed. 0 is "
        "no limit; if unset, three quarters of the container's limit, or of the machine's memory.",
    )
    rate_limit_scale: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Factor that multiplies every rate limit.",
    )
