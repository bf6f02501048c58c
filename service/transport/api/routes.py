"""The routes of the HTTP API, each a few lines to a use case."""

import structlog
from fastapi import APIRouter, Depends, Request, Response

from service import errors
from service.calls.call import Call, State
from service.calls.reasons import Reason
from service.ports import Identity
from service.transport.api.caller import Admin, Behind, TurnUser, User
from service.transport.api.fields import AuditReason, KnownState, Region, UserId, Wait
from service.transport.api.schemas import (
    AcceptBody,
    AcceptedBody,
    CallBody,
    IceBody,
    StatusBody,
    TurnBody,
)
from service.transport.http.hang_up import unless_hung_up


async def _unstored(response: Response) -> None:
    """What is for one user, and true for a moment, no cache may keep.

    It is async, as all dependencies are: FastAPI runs what is not in a thread.
    """
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(dependencies=[Depends(_unstored)])
_log = structlog.get_logger(__name__)


@router.get("/v1/ice", tags=["ice"])
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


@router.post("/v1/calls/{call_id}/accept", tags=["calls"])
async def accept_call(
    user: TurnUser, backend: Behind, call_id: str, body: AcceptBody
) -> AcceptedBody:
    """Accept a ringing call without a socket, for a session that is joined next."""
    _check_participant(user, await backend.calls.load(call_id))
    return AcceptedBody.of(await backend.accepting.accept(user, call_id, body.request))


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
