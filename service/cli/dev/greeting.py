"""What `serve --dev` prints once it runs: two links, a command to paste, and addresses."""

import time
from collections.abc import Iterator
from io import StringIO

from service.cli.dev.choices import Choices
from service.cli.dev.coturn import Coturn, installed
from service.cli.dev.endpoint import Endpoint, this_machine
from service.cli.token import mint
from service.settings import Settings

_TWELVE_HOURS = 43_200
_INDENTED = "\n" + " " * 13


def greeting(choices: Choices, endpoint: Endpoint, turn: Coturn | None) -> str:
    """The whole text; links are also QR codes where a phone can follow them."""
    return "\n".join(_lines(choices, endpoint, turn))


def admin_origin(settings: Settings) -> str:
    """Where health and metrics are, as this machine reaches them."""
    return this_machine(",".join(settings.admin_host)).origin(settings.admin_port)


def _lines(choices: Choices, endpoint: Endpoint, turn: Coturn | None) -> Iterator[str]:
    settings = choices.settings
    origin = endpoint.origin(settings.port)
    yield "\n  Ringline is running. Ctrl-C stops it.\n"
    yield from _links(settings, endpoint, origin)
    yield f"  Docs       {origin}/docs"
    yield f"  Metrics    {admin_origin(settings)}/metrics"
    if settings.rate_limit_scale != 1:
        yield f"  Limits     {settings.rate_limit_scale:g} times those of a deployment"
    yield f"  TURN       {_turn(settings, turn)}"
    if endpoint.certificate:
        or_else = "on the other devices, or go on past the browser's warning"
        yield f"  Trust      {endpoint.certificate.authority}{_INDENTED}{or_else}"
    for note in choices.notes:
        yield "  Note       " + note.replace("\n", _INDENTED)
    yield ""


def _links(settings: Settings, endpoint: Endpoint, origin: str) -> Iterator[str]:
    if not settings.jwt_secret:
        yield f"  Open {origin}/#token=… with a token signed by your own key.\n"
        return
    now, ttl = int(time.time()), min(_TWELVE_HOURS, settings.jwt_max_lifetime)
    yield "  Open these two, each in a window of its own, and call one from the other:\n"
    for name in ("Alice", "Bob"):
        token = mint(settings, name.lower(), name=name, now=now, ttl=ttl)
        yield f"  {name:<9}  {origin}/#token={token}\n"
        if endpoint.certificate:
            yield _qr_code(f"{origin}/#token={token}")
    token = mint(settings, "alice", now=now, ttl=ttl)
    trust = f"--cacert '{endpoint.certificate.authority}' " if endpoint.certificate else ""
    yield "  ICE servers, as a client fetches them:\n"
    yield f"  curl -sS {trust}-H 'Authorization: Bearer {token}' {origin}/v1/ice\n"


def _turn(settings: Settings, turn: Coturn | None) -> str:
    if turn:
        return f"coturn at {turn.address}:{turn.port}, as long as this runs"
    if settings.turn_urls:
        return ", ".join(settings.turn_urls)
    none = "none: calls work only where the two peers reach each other directly"
    if installed():
        return none
    return f"{none}.{_INDENTED}To have one beside the service: apt-get install coturn"


def _qr_code(link: str) -> str:
    import segno  # noqa: PLC0415  an extra that only this needs

    drawing = StringIO()
    segno.make(link, error="l", micro=False).terminal(drawing, border=2, compact=True)
    return drawing.getvalue()
