"""What every route may depend on: what stands behind the API, and who is asking."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service import errors
from service.auth.authenticator import Authenticator
from service.ports import Clock, IceSource, Identity
from service.signalling.accepting import Accepting
from service.signalling.call_changes import CallChanges
from service.signalling.call_control import CallControl
from service.signalling.presence import Presence
from service.telemetry.user_names import UserNames
from service.transport.api.rates import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What stands behind the routes."""

    authenticator: Authenticator
    ice: IceSource
    presence: Presence
    calls: CallControl
    accepting: Accepting
    changes: CallChanges
    clock: Clock
    names: UserNames
    rates: Rates


async def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


Behind = Annotated[Backend, Depends(_backend)]
_Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, description="The user's JSON Web Token.")),
]


async def _caller(request: Request, backend: Behind, credentials: _Bearer) -> Identity:
    address = request.client.host if request.client else ""
    identity = await backend.authenticator.identify(
        credentials.credentials if credentials else None,
        address,
        missing="Send the token as `Authorization: Bearer …`.",
    )
    backend.rates.request(identity)
    return identity


async def _asks_for_credentials(
    identity: Annotated[Identity, Depends(_caller)], backend: Behind
) -> Identity:
    backend.rates.credentials(identity.user)
    return identity


async def _admin(identity: Annotated[Identity, Depends(_caller)]) -> Identity:
    if not identity.is_admin:
        raise errors.Forbidden("The token needs the scope `admin`.")
    return identity


User = Annotated[Identity, Depends(_caller)]
"""The identity behind the Authorization header, or a 401; a 429 where it asks too often."""
TurnUser = Annotated[Identity, Depends(_asks_for_credentials)]
"""The same, for whom TURN credentials are minted."""
Admin = Annotated[Identity, Depends(_admin)]
"""The same, with the scope `admin`, or a 403."""
