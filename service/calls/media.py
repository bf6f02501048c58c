"""What a client's word about its media changes in the call's record. Pure."""

from typing import Any

from service.calls.call import Call, Link, MediaStage, MediaState
from service.calls.events import MediaReported
from service.calls.sides import links, sides


def heard(call: Call, report: MediaReported, now: int) -> dict[str, Any]:
    """The fields of the call that change, if any do.

    Media that come back have not failed, and a path is told by whoever knows it first. What a side
    says is noted where the other one is resumable, whose absence it may bridge.
    """
    changes: dict[str, Any] = {}
    mine, other = links(call, report.user)
    if other.resumable:
        said = _said(mine, report.state, now, alone=other.away_at is not None)
        if said is not mine:
            changes[sides(call, report.user)[0].link] = said
    if report.state is MediaState.CONNECTED:
        if call.media_at is None:
            changes["media_at"] = now
        if call.media_failed is not None:
            changes["media_failed"] = None
    elif report.state is MediaState.FAILED:
        changes["media_failed"] = stage(call, turn_refused=report.turn_refused)
    if report.path is not None and call.media_path is None:
        changes["media_path"] = report.path
    return changes


def _said(link: Link, state: MediaState, now: int, *, alone: bool) -> Link:
    """The side that reports `state`, perhaps `alone`; a report that tells nothing new changes none.

    `connected` is kept fresh while it keeps the call; the rest counts from the first time on.
    """
    works = state is MediaState.CONNECTED
    if state is link.media and link.back_at is None and not (works and alone):
        return link
    owes = state is MediaState.DISCONNECTED
    return link._replace(media=state, media_at=now, back_at=link.back_at if owes else None)


def stage(call: Call, *, turn_refused: bool = False) -> MediaStage:
    """Where media fail that fail now."""
    if turn_refused:
        return MediaStage.TURN
    return MediaStage.CONNECTING if call.media_at is None else MediaStage.CONNECTED
