"""What only a walk over all connections can tell."""

from service.pace import paced
from service.transport.socketio.engine import Engine


class Totals:
    """Totals of the open connections, as they were when they were counted last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.websocket = 0
        self.polling = 0
        self.queued_bytes = 0
        """Characters queued for clients, before what the operating system holds."""
        self.received_bytes = 0
        """Bytes of clients whose token is known that have come and are not handled."""

    async def count(self) -> None:
        """Count anew, in the loop that serves them."""
        websocket = queued = received = 0
        clients = self._engine.clients()
        async for client in paced(clients):
            websocket += client.writer is not None
            out = client.queued()
            queued += out
            if client.known:
                received += client.connection.waiting - out
        self.websocket, self.polling = websocket, len(clients) - websocket
        self.queued_bytes, self.received_bytes = queued, received
