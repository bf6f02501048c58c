"""Where clients come in: bytes become typed events and requests, and use cases are called.

Highest first, each imports only from those below: `server`; `connections` and `api`; `socketio`;
`websocket`; `http`; `guard`.
"""
