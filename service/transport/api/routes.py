"""The routes of the HTTP API, each a few lines to a use case."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from service import errors
from service.calls.call import Call, State
from service.calls.reasons import Reason
from service.ports import Identity
from service.transport.api.caller import Admin, Behind, TurnUser, User
from service.transport.api.schemas import CallBody, IceBody, StatusBody, TurnBody
from service.transport.http.hang_up import unless_hung_up
from service.wire import legible


async def _unstored(response: Response) -> None:
    """What is for one user, and true for a moment, no cache may keep.

    It is async, as all dependencies are: FastAPI runs what is not in a thread.
    """
    response.headers["Cache-Control"] = "no-store"


LONGEST_WAIT_S = 25
"""Less than proxies commonly let a response take."""
router = APIRouter(dependencies=[Depends(_unstored)])
_log = structlog.get_logger(__name__)


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


@router.get("/v1/ice", tags=["ice"], response_model_exclude_none=True)
async def ice_servers(user: TurnUser, backend: Behind, region: Region = None) -> IceBody:
    """ICE servers with fresh TURN credentials, for `new RTCPeerConnection(...)`."""
    return IceBody.of(backend.ice.servers(user.user, backend.clock(), region))


@router.get("/turn", tags=["ice"])
@router.post("/turn", tags=["ice"], operation_id="turn_credentials_by_post")
async def turn_credentials(user: TurnUser, backend: Behind, region: Region = None) -> TurnBody:
    """TURN credentials in the shape of draft-uberti-behave-turn-rest-00."""
    ice = backend.ice.servers(user.user, backend.clock(), region)
    for server in ice.servers:
        if server.username is not None and server.credential is not None:
            return TurnBody(
                username=server.username,
                password=server.credential,
                ttl=ice.ttl,
                uris=list(server.urls),
            )
    raise errors.TurnUnavailable


# `path`, since an id may hold what `%2F` becomes before routes are looked at.
@router.get("/v1/users/{user_id:path}/status", tags=["presence"])
async def user_status(_user: User, backend: Behind, user_id: UserId) -> StatusBody:
    """Somebody's presence."""
    return StatusBody.of(await backend.presence.status(user_id))


@router.get("/v1/calls/{call_id}", tags=["calls"])
async def call_record(
    user: User,
    backend: Behind,
    request: Request,
    call_id: str,
    *,
    wait: Wait = 0,
    state: KnownState = None,
) -> CallBody:
    """A call's record, for its participants and the scope `admin`; at once, or once it changes."""
    if wait and state is None:
        raise errors.InvalidPayload("state: a wait needs the state that you know.")
    call = await backend.calls.load(call_id)
    if not user.is_admin:
        _check_participant(user, call)
    if wait and call.state is state and state is not State.ENDED:
        change = backend.changes.after(user.user, call, wait)
        call = await unless_hung_up(request.receive, change) or call
    return CallBody.of(call)


@router.post("/v1/calls/{call_id}/reject", tags=["calls"])
async def reject_call(user: User, backend: Behind, call_id: str) -> CallBody:
    """Decline a ringing call, without a socket."""
    _check_participant(user, await backend.calls.load(call_id))
    return CallBody.of(await backend.calls.decline(user.user, call_id))


@router.delete("/v1/calls/{call_id}", tags=["calls"])
async def terminate_call(
    admin: Admin, backend: Behind, call_id: str, reason: AuditReason = ""
) -> CallBody:
    """End a call as `admin_terminated`."""
    call = await backend.calls.terminate(call_id, Reason.ADMIN_TERMINATED)
    _log.info(
        "audit",
        action="call.terminate",
        actor=backend.names(admin.user),
        target=call_id,
        reason=reason,
    )
    return CallBody.of(call)


def _check_participant(user: Identity, call: Call) -> None:
    """A stranger learns nothing, not even that there is such a call."""
    if user.user not in (call.caller, call.callee):
        raise errors.CallNotFound
