"""What stands in paths, queries and bodies of the HTTP API, and its bounds."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from service.calls.call import State
from service.wire import legible

LONGEST_WAIT_S = 25
"""Less than proxies commonly let a response take."""


def _legible(name: str) -> str:
    if wrong := legible.fault(name):
        raise PydanticCustomError("legible", "It {wrong}", {"wrong": wrong})
    return name


def _one_line(text: str) -> str:
    if not legible.in_one_line(text):
        raise PydanticCustomError("one_line", "It holds control characters or line breaks")
    return text


AuditReason = Annotated[
    str, Query(max_length=200, description="One line for the log."), AfterValidator(_one_line)
]
DeviceId = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_legible)]
UserId = Annotated[
    str,
    Path(min_length=1, max_length=128, description="The user's id, percent-encoded."),
    AfterValidator(_legible),
]
Region = Annotated[str | None, Query(max_length=64, description="A name in RINGLINE_TURN_REGIONS.")]
Wait = Annotated[
    int,
    Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait while the call is in `state`."),
]
KnownState = Annotated[State | None, Query(description="The state that you know; for `wait`.")]
