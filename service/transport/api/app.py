"""The application behind every path but Socket.IO's."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service import __version__, errors
from service.transport.api.caller import Backend
from service.transport.api.docs import serve_docs
from service.transport.api.routes import router
from service.transport.api.schemas import ProblemBody
from service.transport.api.web import serve_page
from service.transport.http.problems import MEDIA_TYPE, NotAllowed, Unserved, problem

_log = structlog.get_logger(__name__)
_NO_JSON = errors.InvalidPayload("The body is not valid JSON.")


def api(backend: Backend) -> FastAPI:
    """Routes, page and OpenAPI document; every error leaves as a problem document."""
    app = FastAPI(
        title="Ringline",
        version=__version__,
        description="WebRTC signalling for 1:1 calls: what is asked over HTTP. "
        "Calls themselves go over Socket.IO.",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.backend = backend
    app.include_router(router, responses=_REFUSALS)
    serve_docs(app)
    serve_page(app)
    for error in (errors.RinglineError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(error, _refused)
    return app


# Named one by one: what is not, FastAPI describes as errors that it makes, and we do not.
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": ProblemBody.model_json_schema()}},
    }
    for status, description in {
        "429": "Too many requests of this user; `Retry-After` says for how many seconds to wait.",
        "4XX": "A refusal (RFC 9457).",
        "5XX": "Not now, or a fault of ours (RFC 9457).",
    }.items()
}


async def _refused(request: Request, error: Exception) -> Response:
    match error:
        case errors.RinglineError():
            if isinstance(error, errors.RateLimited):
                request.app.state.backend.rates.limited(error)
            return problem(error)
        case RequestValidationError():
            return problem(_invalid(error))
        case HTTPException(status_code=HTTPStatus.BAD_REQUEST):  # its JSON is nested too deep
            return problem(_NO_JSON)
        case HTTPException(status_code=HTTPStatus.METHOD_NOT_ALLOWED):
            return problem(NotAllowed(), more=error.headers)
        case HTTPException():
            return problem(Unserved(), status=error.status_code)
    _log.error("http.failed", exc_info=error)
    return problem(errors.Internal())


def _invalid(error: RequestValidationError) -> errors.InvalidPayload:
    """What is wrong with a request; the field that is, at first."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _NO_JSON
    return errors.InvalidPayload(f"{first['loc'][-1]}: {first['msg']}.")
