"""What a client's word about its media changes in the call's record. Pure."""

from typing import Any

from service.calls.call import Call, MediaStage, MediaState
from service.calls.events import MediaReported


def heard(call: Call, report: MediaReported, now: int) -> dict[str, Any]:
    """The fields of the call that change, if any do.

    Media that come back have not failed, and a path is told by whoever knows it first.
    """
    changes: dict[str, Any] = {}
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


def stage(call: Call, *, turn_refused: bool = False) -> MediaStage:
    """Where media fail that fail now."""
    if turn_refused:
        return MediaStage.TURN
    return MediaStage.CONNECTING if call.media_at is None else MediaStage.CONNECTED
