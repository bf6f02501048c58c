"""What addresses a session, on whichever node it lives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A joined session as every node may know it: enough to address it, nothing to hold it."""

    id: str
    user: str
    node: str = ""
    """The node that is its home."""
    device: str | None = None
    resumable: bool = False
