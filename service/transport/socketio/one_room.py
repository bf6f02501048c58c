"""Who is connected, to python-socketio: one room, of all."""

import socketio


class OneRoom(socketio.AsyncManager):  # type: ignore[misc]
    """Puts nobody in a room of their own, by which the library would address one connection.

    Ringline writes to its clients itself. The library looks into every room when a connection ends:
    for ten thousand that are lost at once it would do so a hundred million times.
    """

    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        """Enter the room of all; any other is passed over."""
        if room is None:
            super().basic_enter_room(sid, namespace, room, eio_sid)
