"""Where clients come in: bytes become typed events and requests, and use cases are called.

No rule for calls is here. Highest first, each folder imports only from those below: `server` (TCP,
HTTP/1.1); `connections` (events of Socket.IO) and `api` (routes of HTTP); `socketio`; `websocket`;
`http`; `guard`.

In comes a relayed frame by `WebSocket.came`, `WebSocketTransport.received`, `Receiver.relayed` (its
attribute `_relayed`), `Dispatch.relay` and `Relay.relay` (its attribute `_relay`). Out to the peer
it goes by `Session.emit`, `Client.write` (the session's attribute `write`) and `WebSocket.send`.
"""
