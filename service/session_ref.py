"""What addresses a session from any node. Its home is the node that its client is connected to."""

from typing import NamedTuple


class SessionRef(NamedTuple):
    """A joined session as every node may know it: enough to address it, nothing to hold it."""

    id: str
    user: str
    node: str = ""
    """The node that is its home."""
    device: str | None = None
    glare: bool = False
    """Whether it resolves glare in one step: its client named the feature `resume`."""
    resumable: bool = False
    """Whether it outlives its connection: it named the feature and an epoch."""
