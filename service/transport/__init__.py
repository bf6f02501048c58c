"""Where clients come in: bytes become typed events and requests, and use cases are called.

No rule for calls is here. Highest first, each folder imports only from those below: `server` (TCP,
HTTP/1.1); `connections` (events of Socket.IO) and `api` (routes of HTTP); `socketio`; `websocket`;
`http`; `guard`. A relayed frame goes from `websocket/websocket.py` to `websocket_transport.py` in
`socketio/`, then to `receiving.py` and `dispatch.py` in `connections/`.
"""
